"""Runs a peer in its own virtual environment for `faces.py`: a request a line on stdin, an answer a line on stdout.

face_worker.py KIND [ARGUMENT ...]

{"do": "embed", "photos": [FILE, ...], "out": FILE}          → {"seen": 3}
{"do": "time", "photo": FILE, "seconds": 1, "threads": 1}    → {"ms": [20.1, 20.3], "per_second": 49.5}
{"do": "memory"}                                             → {"resident_mb": 200}
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from face_peers import KINDS, Peer
from PIL import Image


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries print
    peer = KINDS[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(peer, json.loads(line))), file=answers, flush=True)
    if hasattr(peer, "close"):
        peer.close()


def answer(peer: Peer, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["do"] == "embed":
        vectors = [central(peer, Path(photo)) for photo in asked["photos"]]
        length = max((len(vector) for vector in vectors if vector is not None), default=0)
        rows = [np.full(length, np.nan) if vector is None else vector for vector in vectors]
        np.save(asked["out"], np.array(rows, np.float64))
        return {"seen": sum(vector is not None for vector in vectors)}
    if asked["do"] == "time":
        return timed(peer, Path(asked["photo"]), asked["seconds"], asked["threads"])
    return {"resident_mb": peer.resident() / 1e6}


def central(peer: Peer, photo: Path) -> np.ndarray | None:
    """Returns the embedding of the face nearest to the centre, as in `mien eval`; None if none is found."""
    seen = peer.look(photo)
    width, height = Image.open(photo).size
    apart = [abs(x1 + x2 - width) + abs(y1 + y2 - height) for (x1, y1, x2, y2), _ in seen]
    return seen[int(np.argmin(apart))][1] if seen else None


def timed(peer: Peer, photo: Path, seconds: float, threads: int) -> dict[str, Any]:
    """Returns the milliseconds of processing a photograph repeatedly on several threads."""

    def repeat(_: int) -> list[float]:
        took: list[float] = []
        while not took or time.perf_counter() - started < seconds:
            begun = time.perf_counter()
            peer.look(photo)
            took.append(1000 * (time.perf_counter() - begun))
        return took

    with ThreadPoolExecutor(threads) as pool:  # new threads, so that a server's connections are new as well
        pool.submit(peer.look, photo).result()
        started = time.perf_counter()
        took = list(chain.from_iterable(pool.map(repeat, range(threads))))
    return {"ms": took, "per_second": len(took) / (time.perf_counter() - started)}


if __name__ == "__main__":
    main()
