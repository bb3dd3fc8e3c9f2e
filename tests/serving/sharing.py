"""A process that searches the galleries of a data directory, told by lines on its input what to do.

`find KEY` searches for a face by its own embedding, which is remembered beyond its removal, `turn` does what the
background does, `memory` says what the process takes, `mapped` how many
files of segments it maps. Each answers with a line of JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.gallery import GrowingGallery, Scanners
from mien.gallery.segment_file import Placement
from mien.serving.current_gallery import GallerySettings
from mien.serving.galleries import Galleries
from mien.store.open import open_store
from mien.system import heap

ACCOUNT, NAME, DIMENSION = "000000000000", "crowd", 256


class Process:
    def __init__(self, store: str, data: Path) -> None:
        self.store = open_store(store, str(data))
        settings = GallerySettings(DIMENSION, 1, 0, data / "snapshots", Placement(shared=True), local=bool(store))
        self.galleries = Galleries(self.store, settings)
        self.probes: dict[str, NDArray[np.float32]] = {}
        warm = GrowingGallery(DIMENSION, self.store.faces.embeddings, Scanners(1), crossover=0)
        warm.add(np.arange(9), np.eye(9, DIMENSION, dtype=np.float32))  # compiles, which takes memory of its own
        warm.search(np.eye(1, DIMENSION, dtype=np.float32)[0], 1, -1)

    def find(self, key: str) -> list[int]:
        collection = self.store.collections.find(ACCOUNT, NAME)
        assert collection
        gallery = self.galleries.faces(collection)
        if key not in self.probes:
            _, (self.probes[key],) = self.store.faces.embeddings(np.array([int(key)]), collection.key, None)
        hits = gallery.search(self.probes[key], 1, 0.99)
        return [int(found) for found in hits.keys]

    def turn(self) -> None:
        self.galleries.write_snapshots()

    def memory(self) -> dict[str, int]:
        heap.give_back()
        rows = [line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]]
        taken = {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}
        return {"pss": taken["Pss"], "gallery": self.galleries.memory()}

    def mapped(self) -> int:
        """How many files of segments it maps."""
        return sum(line.rstrip().endswith(".segment") for line in Path("/proc/self/maps").read_text().splitlines())


def main() -> None:
    process = Process(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps(process.memory()), flush=True)
    for line in sys.stdin:
        name, *arguments = line.split()
        print(json.dumps(getattr(process, name)(*arguments)), flush=True)


if __name__ == "__main__":
    main()
