"""What attributes cost: each network alone, DetectFaces with ALL beside DEFAULT, IndexFaces with the mesh, and memory.

    MIEN_PACKS=FOLDER python -m benchmarks.attribute_cost PHOTO [THREADS]

The photograph should show one face. Times are of one process without HTTP; the networks alone
are the floor of what ALL takes beyond DEFAULT.
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

import numpy as np
import psutil

from mien import app, config, local
from mien.packs import deferred, network_set
from mien.packs.analyst import SET, Analyst
from mien.system import heap

RUNS = 60


def resident() -> float:
    heap.give_back()
    return float(psutil.Process().memory_info().rss) / 2**20


def timed(work: Callable[[], Any]) -> str:
    """The least time on the clock, and the median of what it took of a core, which other work moves less; in ms."""
    work()
    clock, core = [], []
    for _ in range(RUNS):
        begun, used = time.perf_counter(), time.process_time()
        work()
        clock.append(1e3 * (time.perf_counter() - begun))
        core.append(1e3 * (time.process_time() - used))
    return f"{min(clock):6.2f} ms, of a core {median(core):6.2f}"


def main(photo: str, threads: int = 1) -> None:
    settings = config.load({"threads": threads}, dict(os.environ))
    heap.narrow(settings.cores)
    image = {"Image": {"Bytes": Path(photo).read_bytes()}}
    with closing(local.scratch(settings, app.open_pack(settings))) as api:
        api.call("CreateCollection", {"CollectionId": "cost"})
        for _ in range(3):
            api.call("DetectFaces", image)
        before = resident()
        print(f"DetectFaces, DEFAULT        {timed(lambda: api.call('DetectFaces', image))}")
        for name in ("EYES_OPEN", "ALL"):
            begun = time.perf_counter()
            api.call("DetectFaces", image | {"Attributes": [name]})
            took = 1e3 * (time.perf_counter() - begun)
            print(f"the first with {name:12} {took:6.0f} ms, {resident() - before:.0f} MB more than before any")
        for names in (["EYES_OPEN"], ["GENDER"], ["ALL"]):
            request = image | {"Attributes": names}
            print(f"DetectFaces, {names[0]:14} {timed(lambda request=request: api.call('DetectFaces', request))}")
        print(f"DetectFaces, DEFAULT again  {timed(lambda: api.call('DetectFaces', image))}")
        index = image | {"CollectionId": "cost"}
        print(f"IndexFaces                  {timed(lambda: api.call('IndexFaces', index))}")
        context = api._context  # the same with attributes = "none"
        silent = Analyst(replace(settings, attributes="none"), context.pack.pipeline.cores)
        api._context = replace(context, analyst=silent)
        print(f"IndexFaces without a mesh   {timed(lambda: api.call('IndexFaces', index))}")
    print("networks alone")
    for role, session in deferred.deferred(network_set.catalogue()[SET], settings).items():
        crop = np.random.default_rng(0).integers(0, 256, (1, *session.shape)).astype(np.uint8)
        print(f"  {role:12} {timed(lambda session=session, crop=crop: session.run(crop))}")


if __name__ == "__main__":
    main(sys.argv[1], *(int(each) for each in sys.argv[2:]))
