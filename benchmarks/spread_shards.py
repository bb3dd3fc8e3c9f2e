"""A share of a gallery in an actor of Ray, for `benchmarks.spread`."""

import os
import time
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from mien.gallery import GrowingGallery, Scanners, snapshot
from mien.gallery.segment_file import Placement
from mien.gallery.sketch import Sketcher
from mien.store.open import open_store

BLOCK = 50_000  # rows read at a time

Answer = tuple[NDArray[np.int64], NDArray[np.float32]]


class Shard:
    """Every face whose key has one remainder, in a gallery as one process has it.

    Args:
        folder: of the store and of snapshots.
        number: the remainder.
        shards: the divisor.
        faces: how many there are in all shards.
        threads: that scan.
        own: whether its sketches are made for its own first faces, rather than for the first of all.
    """

    def __init__(self, folder: str, number: int, shards: int, *, faces: int, threads: int, own: bool) -> None:
        started = time.perf_counter()
        self.store = open_store("", folder)
        self.keys = np.arange(1, faces + 1, dtype=np.int64)
        self.keys = self.keys[self.keys % shards == number]
        self.folder = Path(folder) / f"snapshots-{number}"
        self.threads = threads
        dimension = self.store.faces.embeddings(self.keys[:1])[1].shape[1]
        self.gallery = GrowingGallery(dimension, self.store.faces.embeddings, Scanners(threads))
        self.source = self._resume() or self._read(own)
        self.gallery.search(np.zeros(dimension, np.float32), 1, 1.0)  # compiles the kernels
        self.took = time.perf_counter() - started

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Answer:
        """Returns the keys and the cosines of the nearest."""
        hits = self.gallery.search(probe, limit, least)
        return hits.keys, hits.cosines

    def empty(self, probe: NDArray[np.float32], limit: int, _: float) -> Answer:
        """Returns as much as a search, and does nothing else."""
        return self.keys[:limit], probe[:limit]

    def about(self) -> dict[str, str | int | float]:
        """Returns its process, how it was filled and in how many seconds, and the bytes of its gallery."""
        resident = psutil.Process().memory_full_info().uss
        return {
            "pid": os.getpid(),
            "source": self.source,
            "seconds": self.took,
            "gallery": self.gallery.memory(),
            "process": resident,
        }

    def save(self) -> float:
        """Writes a snapshot, and returns the seconds that it takes."""
        moment = self.gallery.moment(1)
        if moment is None:
            return 0
        started = time.perf_counter()
        name, _ = snapshot.save(self.folder, moment)
        (self.folder / "current").write_text(name)
        return time.perf_counter() - started

    def _resume(self) -> str:
        if not (current := self.folder / "current").exists():
            return ""
        self.gallery.resume(snapshot.load(self.folder, current.read_text(), Placement(), self.threads))
        return "snapshot"

    def _read(self, own: bool) -> str:
        if not own:
            first = self.store.faces.embeddings(np.arange(1, BLOCK + 1, dtype=np.int64))[1]
            self.gallery.resume(snapshot.Moment(1, Sketcher.of(first), (), ()))
        for start in range(0, len(self.keys), BLOCK):
            self.gallery.add(*self.store.faces.embeddings(self.keys[start : start + BLOCK]))
        return "store"
