"""Builds one peer's gallery and measures it: run by `galleries.py` in the peer's own virtual environment.

    gallery_worker.py PEER FOLDER SECONDS LIMIT

FOLDER contains `embeddings.f32`, float32 (N, D), and `truth.npz` with the probes and the results of exact search.
Each row of the table is printed as a line of JSON. The loops are those of `mien.measure.speed.search_timing`.
"""

import gc
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from environments import cores
from gallery_peers import PEERS, Blocks, Clock, Peer, UnfinishedError

BLOCK = 50_000  # embeddings read at a time
TURN = 8  # searches between two measurements of the floor
TOGETHER = 16  # threads that search at the same time
SKETCH = 32  # bytes a face that the floor reads: what mien scans


def main() -> None:
    name, folder, seconds, limit = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    truth = np.load(folder / "truth.npz")
    probes = truth["probes"]
    faces = (folder / "embeddings.f32").stat().st_size // probes.shape[1] // 4
    with tempfile.TemporaryDirectory(prefix="peer-", dir=folder, ignore_cleanup_errors=True) as own:
        Path(own).chmod(0o755)
        peer = PEERS[name](Path(own), faces, probes.shape[1], cores())
        row = {"peer": name, "faces": faces, "load": os.getloadavg()[0]}
        before, started = peer.resident(), time.perf_counter()
        try:
            peer.build(blocks(folder / "embeddings.f32", probes.shape[1]), Clock(limit))
        except UnfinishedError as why:
            say(row | {"unfinished": str(why), "build_s": time.perf_counter() - started})
            return
        row["build_s"] = time.perf_counter() - started
        gc.collect()
        row["resident_mb"] = (peer.resident() - before) / 1e6
        memory = np.random.default_rng(1).integers(1 << 62, size=faces * SKETCH // 8, dtype=np.uint64)
        for effort in peer.efforts:
            peer.tune(effort)
            say(row | {"effort": effort} | measure(peer, probes, truth["keys"], memory, seconds))


def measure(peer: Peer, probes: np.ndarray, exact: np.ndarray, memory: np.ndarray, seconds: float) -> dict[str, float]:
    """Returns the figures of one row, except those of building."""
    peer.nearest(probes[0])
    took, floor = alone(peer, probes, memory, seconds)
    found, per_second = together(peer, probes, seconds)
    mates = np.arange(1, len(probes) + 1)
    return {
        "p50_ms": float(np.median(took)),
        "p99_ms": float(np.quantile(took, 0.99)),
        "floor_ms": float(np.median(floor)),
        "found": float(np.mean(found == exact)),
        "mates": float(np.mean(found == mates)),
        "mates_exact": float(np.mean(exact == mates)),
        "searches_per_second": per_second,
    }


def alone(peer: Peer, probes: np.ndarray, memory: np.ndarray, seconds: float) -> tuple[list[float], list[float]]:
    """Returns the milliseconds of single searches, and of the floor, measured in turns.

    The floor is the same for all peers: reading 32 bytes a face with all cores.
    """
    parts = np.array_split(memory, cores())
    took: list[float] = []
    floor: list[float] = []
    until = time.perf_counter() + seconds
    with ThreadPoolExecutor(cores()) as pool:
        while time.perf_counter() < until:
            floor.append(timed(lambda: list(pool.map(np.bitwise_or.reduce, parts))))
            for _ in range(TURN):
                probe = probes[len(took) % len(probes)]
                took.append(timed(lambda probe=probe: peer.nearest(probe)))
    return took, floor


def together(peer: Peer, probes: np.ndarray, seconds: float) -> tuple[np.ndarray, float]:
    """Searches each probe at least once on many threads; returns the results and the searches a second."""
    found = np.zeros(len(probes), np.int64)
    numbers = itertools.count()
    started = time.perf_counter()

    def search(_: int) -> int:
        done = 0
        for number in numbers:
            if number >= len(probes) and time.perf_counter() - started > seconds:
                break
            found[number % len(probes)] = peer.nearest(probes[number % len(probes)])
            done += 1
        return done

    with ThreadPoolExecutor(TOGETHER) as pool:
        done = sum(pool.map(search, range(TOGETHER)))
    return found, done / (time.perf_counter() - started)


def blocks(file: Path, dimension: int) -> Blocks:
    """The embeddings and their keys, read and not mapped, so that they do not count as the peer's memory."""
    with file.open("rb") as opened:
        for first in itertools.count(1, BLOCK):
            embeddings = np.fromfile(opened, np.float32, BLOCK * dimension).reshape(-1, dimension)
            if not len(embeddings):
                return
            yield np.arange(first, first + len(embeddings)), embeddings


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that some work takes."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def say(row: dict[str, object]) -> None:
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
