"""Measures how fast SQLite answers the calls of clients on a large collection, and rebuilds a gallery from it.

    python benchmarks/store.py [--faces 2e7] [--folder DIR] [--json FILE]

Calls are made in turns, so that noise affects all: a page of 100 faces after a random id, 100 faces by their ids, 100
by their keys, one embedding, one added face. The file exceeds what is read again, so the disk and the file cache count.
"rebuild" reads every embedding through `Faces.changes`, as a gallery does; its floor is reading the file's bytes in the
same run, and its CPU time shows the noise. Adding needs a commit, whose floor is in `benchmarks/commits.py`.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
from filled import ACCOUNT, embeddings, fill

from mien.store import open as stores
from mien.store.base import NewFace, Origin, Region
from mien.store.open import Store

CALLS = 2000  # of each kind
CATCH_UP = 20_000  # embeddings read at a time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=float, default=2e7)
    parser.add_argument("--folder", help="where to write (default: the folder for temporary files)")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to FILE as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        file = Path(folder) / stores.FILE
        size = int(0.99 * given.faces)  # a full collection takes no more
        store = fill(Path(folder), {"people": size, "others": int(given.faces) - size})
        figures: dict[str, float] = {"faces": given.faces, "bytes_a_face": round(file.stat().st_size / given.faces)}
        with closing(store.database):
            figures |= calls(store, size) | rebuild(store, file)
    for name, value in figures.items():
        print(f"{name:24} {value:,g}")
    if given.json:
        Path(given.json).write_text(json.dumps(figures, indent=2))


def calls(store: Store, size: int) -> dict[str, float]:
    found = store.collections.find(ACCOUNT, "people")
    assert found is not None
    key, random, vectors = found.key, np.random.default_rng(2), embeddings(256)
    ids = [store.faces.page(key, UUID(bytes=os.urandom(16)), 1)[0].face_id for _ in range(CALLS)]

    def keys(count: int) -> list[int]:
        return [int(each) for each in random.integers(1, size, count)]

    def add() -> None:
        face = NewFace(Region(0.1, 0.1, 0.1, 0.1), 99.0, vectors[os.urandom(1)[0]])
        store.faces.add(key, Origin(UUID(bytes=os.urandom(16)), None), [face])

    ways: dict[str, Callable[[], object]] = {
        "page": lambda: store.faces.page(key, UUID(bytes=os.urandom(16)), 100),
        "find": lambda: store.faces.find(key, [ids[each % CALLS] for each in keys(100)]),
        "by_keys": lambda: store.faces.by_keys(key, keys(100)),
        "embedding": lambda: store.faces.embedding(keys(1)[0]),
        "add": add,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(CALLS):
        for name, call in ways.items():
            started = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - started)
    return {
        f"{name}_p{share}_ms": round(1e3 * float(np.percentile(times[name], share)), 3)
        for name in ways
        for share in (50, 99)
    }


def rebuild(store: Store, file: Path) -> dict[str, float]:
    found = store.collections.find(ACCOUNT, "people")
    assert found is not None
    started, worked, known, read = time.perf_counter(), time.process_time(), 0, 0
    while known < found.revision:
        changes = store.faces.changes(found.key, known, CATCH_UP, found.revision)
        known, read = changes.revision, read + len(changes.added)
    took, worked = time.perf_counter() - started, time.process_time() - worked
    started = time.perf_counter()
    with file.open("rb", buffering=0) as bare:
        while bare.read(2**20):
            pass
    floor = time.perf_counter() - started
    return {
        "rebuild_s": round(took, 1),
        "rebuild_cpu_s": round(worked, 1),
        "rebuilt_a_second": round(read / took),
        "file_read_s": round(floor, 1),
    }


if __name__ == "__main__":
    main()
