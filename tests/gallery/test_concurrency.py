"""Searching, adding and removing at the same time: no error, nothing that was gone before, all that stayed."""

import os
import threading
import time
from collections.abc import Callable

import numpy as np

from mien.gallery import Scanners
from tests.gallery.galleries import Make

LENGTH = 16
SECONDS = 1.5


def units(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    vectors = np.random.default_rng(seed).normal(size=(count, LENGTH))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_searches_stay_right_while_faces_come_and_go(make: Make) -> None:
    gallery = make(LENGTH)
    lasting = np.arange(500, dtype=np.int64)
    gallery.add(lasting, units(500, 1))
    going: set[int] = set()  # told to go, and perhaps gone
    gone: set[int] = set()
    added: set[int] = set()
    failures: list[BaseException] = []
    until = time.monotonic() + SECONDS

    def come_and_go(first: int) -> None:
        random = np.random.default_rng(first)
        key = first
        while time.monotonic() < until:
            keys = np.arange(key, key + int(random.integers(1, 120)), dtype=np.int64)
            key = int(keys[-1]) + 1
            gallery.add(keys, units(len(keys), key))
            added.update(keys.tolist())
            leaving = keys[random.random(len(keys)) < 0.9]
            going.update(leaving.tolist())
            gallery.remove(leaving)
            gone.update(leaving.tolist())

    def search(seed: int) -> None:
        for probe in np.tile(units(50, seed), (1000, 1)):
            if time.monotonic() > until:
                return
            gone_before, added_before = gone.copy(), added.copy()
            hits = gallery.search(probe, 1_000_000, -1.0)
            found = set(hits.keys.tolist())
            assert len(found) == len(hits.keys)
            assert not found & gone_before
            assert set(lasting.tolist()) <= found
            assert added_before - going.copy() <= found
            nearest = int(hits.keys[0])
            assert np.isclose(hits.cosines[0], hits.cosines.max()), nearest

    def guarded(work: Callable[[int], None], argument: int) -> None:
        try:
            work(argument)
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(come_and_go, 10_000_000 * (n + 1))) for n in range(2)]
    threads += [threading.Thread(target=guarded, args=(search, n)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert len(gone) > 500
    assert len(gallery) == 500 + len(added) - len(gone)


def test_threads_that_scan_may_use_other_cores_than_who_starts_them() -> None:
    every = frozenset(os.sched_getaffinity(0))
    started: list[frozenset[int]] = []

    def start() -> None:
        os.sched_setaffinity(0, {min(every)})  # of this thread alone
        for cores in (frozenset[int](), every):
            scanners = Scanners(2, cores)
            started.append(scanners.pool.submit(lambda: frozenset(os.sched_getaffinity(0))).result())
            scanners.pool.shutdown()

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert started == [{min(every)}, every]
