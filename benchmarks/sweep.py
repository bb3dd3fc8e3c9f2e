"""Measures the latency of other calls while a large deleted collection is swept from SQLite, and without that.

    python benchmarks/sweep.py [--faces 1e6] [--folder DIR] [--json FILE]

A collection of N faces is deleted; from then until it is swept, one thread adds faces to another collection of 10,000
and one lists it, each with a pause between calls, as clients would. Before that, the same runs for five seconds
without a sweep.
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
from filled import ACCOUNT, embeddings, fill

from mien.store.base import NewFace, Origin, Region
from mien.store.open import Store
from mien.store.upkeep.sweep import sweeper

PAUSE = 0.002  # seconds between a client's calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=float, default=1e6)
    parser.add_argument("--folder", help="where to write (default: the folder for temporary files)")
    parser.add_argument("--json", metavar="FILE", help="also write the rows to FILE as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        store = fill(Path(folder), {"going": int(given.faces), "staying": 10_000})
        with closing(store.database):
            rows = [row("without", *clients(store, lambda: time.sleep(5)))]
            began = time.monotonic()
            store.collections.delete(ACCOUNT, "going")
            print(f"deleting answers after {1e3 * (time.monotonic() - began):.1f} ms")
            with sweeper(store.database):
                rows.append(row("sweeping", *clients(store, lambda: wait(store))))
            print(f"swept {given.faces:,.0f} faces in {time.monotonic() - began:.0f} s")
    if given.json:
        Path(given.json).write_text(json.dumps(rows, indent=2))


def wait(store: Store) -> None:
    while store.database.read(lambda cursor: cursor.row("SELECT 1 FROM sweeps")):
        time.sleep(0.2)


def clients(store: Store, until: Callable[[], None]) -> tuple[list[float], list[float]]:
    """Adds and lists until `until` returns; returns the seconds of each call."""
    found = store.collections.find(ACCOUNT, "staying")
    assert found is not None
    vectors, done = embeddings(256), threading.Event()

    def add() -> None:
        face = NewFace(Region(0.1, 0.1, 0.1, 0.1), 99.0, vectors[os.urandom(1)[0]])
        store.faces.add(found.key, Origin(UUID(bytes=os.urandom(16)), None), [face])

    def page() -> None:
        store.faces.page(found.key, UUID(bytes=os.urandom(16)), 100)

    def loop(call: Callable[[], None], times: list[float]) -> None:
        while not done.wait(PAUSE):
            started = time.perf_counter()
            call()
            times.append(time.perf_counter() - started)

    adds: list[float] = []
    pages: list[float] = []
    threads = [threading.Thread(target=loop, args=each) for each in ((add, adds), (page, pages))]
    for thread in threads:
        thread.start()
    until()
    done.set()
    for thread in threads:
        thread.join()
    return adds, pages


def row(name: str, adds: list[float], pages: list[float]) -> dict[str, object]:
    made: dict[str, object] = {"sweep": name}
    for call, times in (("add", adds), ("page", pages)):
        made[f"{call}s"] = len(times)
        for share in (50, 99, 99.9, 100):
            made[f"{call}_p{share}_ms"] = round(1e3 * float(np.percentile(times, share)), 2)
    print("  ".join(f"{key} {value}" for key, value in made.items()), flush=True)
    return made


if __name__ == "__main__":
    main()
