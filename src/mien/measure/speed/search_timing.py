"""Times searches in a gallery: one at a time beside the floor, concurrently, and while faces are added."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from mien.gallery import GrowingGallery
from mien.gallery.exact import ExactGallery

TURN = 8  # searches between two measurements of the floor
TOGETHER = 16  # concurrent searching threads
ADDS = 1_000  # faces added a second while searching

Embeddings = NDArray[np.float32]


def nearest(gallery: GrowingGallery, probes: Embeddings) -> NDArray[np.int64]:
    """Returns the key of each probe's nearest face; 0 if none is found."""
    hits = [gallery.search(probe, 1, -1).keys for probe in probes]
    return np.array([keys[0] if len(keys) else 0 for keys in hits], np.int64)


def alone(gallery: GrowingGallery, probes: Embeddings, seconds: float, threads: int) -> tuple[list[float], list[float]]:
    """Returns the milliseconds of single searches, and of the floor, measured in turns.

    The floor reads every byte that a scan must read, with as many threads, and does almost nothing with them.
    """
    arrays = [array.view(np.uint64) for array in _scanned(gallery)]
    shares = [[np.array_split(array, threads)[number] for array in arrays] for number in range(threads)]
    took: list[float] = []
    floor: list[float] = []
    until = time.perf_counter() + seconds
    with ThreadPoolExecutor(threads) as pool:
        while time.perf_counter() < until or len(floor) < TURN:
            floor.append(_timed(lambda: list(pool.map(_read, shares))))
            for _ in range(TURN):
                probe = probes[len(took) % len(probes)]
                took.append(_search(gallery, probe))
    return took, floor


def together(gallery: GrowingGallery, probes: Embeddings, seconds: float) -> float:
    """Returns the searches a second of concurrent threads."""
    until = time.perf_counter() + seconds

    def search(first: int) -> int:
        done = 0
        while time.perf_counter() < until:
            _search(gallery, probes[(first + done) % len(probes)])
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(TOGETHER) as pool:
        done = sum(pool.map(search, range(0, 31 * TOGETHER, 31)))
    return done / (time.perf_counter() - started)


def while_adding(
    gallery: GrowingGallery, probes: Embeddings, seconds: float, more: Iterator[tuple[NDArray[np.int64], Embeddings]]
) -> tuple[list[float], float]:
    """Returns the milliseconds of searches while faces are added, and the faces added a second: at most `ADDS`."""
    stop = threading.Event()
    added = 0

    def add() -> None:
        nonlocal added
        started = time.perf_counter()
        while not stop.wait(max(0.0, added / ADDS - (time.perf_counter() - started))):
            keys, embeddings = next(more)
            gallery.add(keys, embeddings)
            added += len(keys)

    adder = threading.Thread(target=add)
    started = time.perf_counter()
    adder.start()
    took: list[float] = []
    while time.perf_counter() - started < seconds:
        took.append(_search(gallery, probes[len(took) % len(probes)]))
    per_second = added / (time.perf_counter() - started)
    stop.set()
    adder.join()
    return took, per_second


def _read(arrays: list[NDArray[np.uint64]]) -> None:
    for array in arrays:
        np.bitwise_or.reduce(array)


def _scanned(gallery: GrowingGallery) -> list[NDArray[np.generic]]:
    if isinstance(gallery.now, ExactGallery):
        return [gallery.now.contents()[1].reshape(-1)]
    return [plane[: segment.count] for segment in gallery.now.segments() for plane in segment.planes]


def _search(gallery: GrowingGallery, probe: Embeddings) -> float:
    return _timed(lambda: gallery.search(probe, 1, -1))


def _timed(work: Callable[[], object]) -> float:
    """Returns the milliseconds that a call takes."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)
