"""Measures the writes a second of the SQLite store with several threads, beside a bare fsync.

    python benchmarks/commits.py [--folder DIR] [--seconds S] [--json FILE]

Each write adds one face (`Faces.add`). "Alone" is the same store with a lock around every write, so that each is
committed separately; "fsync" appends the bytes of such a commit (PAGES pages) to a file and waits for the disk. The
three run in short turns, so that noise affects all of them.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np

from mien.store import open as stores
from mien.store.base import NewFace, Origin, Region

THREADS = (1, 4, 16)
ROUNDS = 5
PAGES = 6  # pages of 4 KB written by the commit of one face


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="where to write (default: the folder for temporary files)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each turn takes (default 1)")
    parser.add_argument("--json", metavar="FILE", help="also write the rows to FILE as JSON")
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for threads in THREADS:
            rows.append(measure(Path(folder), threads, given.seconds))
            print("  ".join(f"{name} {value:g}" for name, value in rows[-1].items()), flush=True)
    if given.json:
        Path(given.json).write_text(json.dumps(rows, indent=2))


def measure(folder: Path, threads: int, seconds: float) -> dict[str, float]:
    store = stores.open_store("", str(folder / f"{threads}"))
    with closing(store.database), (folder / "floor").open("ab", buffering=0) as file:
        made = store.collections.create("000000000000", "people", "contract", "7.1")
        assert made is not None
        vectors = np.random.default_rng(1).normal(size=(256, 256)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        alone = threading.Lock()

        def add() -> None:
            face = NewFace(Region(0.1, 0.1, 0.1, 0.1), 99.0, vectors[os.urandom(1)[0]])
            store.faces.add(made.key, Origin(UUID(bytes=os.urandom(16)), None), [face])

        def add_alone() -> None:
            with alone:
                add()

        def floor() -> None:
            file.write(bytes(4096 * PAGES))
            os.fsync(file.fileno())

        turns: dict[str, list[float]] = {"floor": [], "alone": [], "grouped": []}
        for _ in range(ROUNDS):
            turns["floor"] += run(floor, 1, seconds)
            turns["alone"] += run(add_alone, threads, seconds)
            turns["grouped"] += run(add, threads, seconds)
    took = {"floor": ROUNDS * seconds, "alone": ROUNDS * seconds, "grouped": ROUNDS * seconds}
    row: dict[str, float] = {"threads": threads}
    for name, times in turns.items():
        row[f"{name}_a_second"] = round(len(times) / took[name])
        row[f"{name}_p50_ms"] = round(1e3 * float(np.percentile(times, 50)), 2)
        row[f"{name}_p99_ms"] = round(1e3 * float(np.percentile(times, 99)), 2)
    return row


def run(work: Callable[[], None], threads: int, seconds: float) -> list[float]:
    """Calls `work` on threads for some seconds; returns the seconds of each call."""
    times: list[float] = []
    until = time.perf_counter() + seconds

    def loop() -> None:
        while (start := time.perf_counter()) < until:
            work()
            times.append(time.perf_counter() - start)

    pool = [threading.Thread(target=loop) for _ in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    return times


if __name__ == "__main__":
    main()
