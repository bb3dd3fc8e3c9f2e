"""What it costs to tell a living face: both networks alone, and a search with the bar beside one without, in turns.

    MIEN_PACKS=FOLDER python -m benchmarks.living.cost PHOTO

Times are of a core, which other work on the machine moves less than those of a clock: the least and the median of RUNS.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np
import psutil

from mien import app, config, local
from mien.operations.table import EVERY
from mien.system import heap

RUNS = 60


def timed(works: dict[str, Callable[[], Any]]) -> None:
    """Prints milliseconds of a core, and on the clock, of works that are run in turns."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(RUNS):
        for name, work in works.items():
            clock, core = time.perf_counter(), time.process_time()
            work()
            took[name].append((1e3 * (time.process_time() - core), 1e3 * (time.perf_counter() - clock)))
    for name, each in took.items():
        core, clock = zip(*each, strict=True)
        print(f"{name:32} of a core {min(core):6.2f}, median {median(core):6.2f}; on the clock {min(clock):6.2f} ms")


def main(photo: str) -> None:
    settings = config.load({"threads": 1}, dict(os.environ))
    image = {"CollectionId": "cost", "Image": {"Bytes": Path(photo).read_bytes()}}
    with closing(local.scratch(settings, app.open_pack(settings))) as api:
        api.call("CreateCollection", {"CollectionId": "cost"})
        api.call("IndexFaces", image)
        row = EVERY["SearchFacesByImage"]
        request = msgspec.convert(image, row.request)

        def searched(bar: float) -> Callable[[], Any]:
            return lambda: row.answer(replace(api.context, require_live=bar), api.caller, request)

        searched(0)()
        heap.give_back()
        before = psutil.Process().memory_info().rss
        living = api.context.living.open()
        heap.give_back()
        print(f"both networks hold {(psutil.Process().memory_info().rss - before) / 2**20:.1f} MiB")
        crop = np.random.default_rng(1).integers(0, 256, (1, 80, 80, 3)).astype(np.uint8)
        timed(
            {
                "near network": lambda: living.near.run(crop),
                "wide network": lambda: living.wide.run(crop),
                "SearchFacesByImage": searched(0),
                "SearchFacesByImage, with a bar": searched(0.001),
            }
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
