"""Workers on one port beside as many servers of their own, each pinned to its cores: what sharing a port costs.

    python -m benchmarks.pinned [--workers 1,2,4,8] [--clients 64] [--seconds 5] [--images FOLDER]

The pinned servers share nothing: each has its own store, and two cores of the machine that no other has. They are as
good as a machine with so many cores can be served by whole processes. All servers run at the same time and are called
in turns, the pinned ones all at once, by one calling process for each two cores. The bound is that of `mien bench
--workers`, measured in the same run. Linux only.
"""

import argparse
import dataclasses
import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import fmean, median

from mien import app, config
from mien.config import Settings
from mien.measure.speed import floor
from mien.measure.speed.floor import Image
from mien.measure.speed.http_client import Body, bodies
from mien.measure.speed.load_generator import LoadGenerator, LoadResult
from mien.measure.speed.request_bench import FILLED, SEARCHED, cores, fill
from mien.measure.speed.sample_photos import photos
from mien.measure.speed.server_process import ServerProcess

SIZES = ("240p", "1080p")
OPERATIONS = ("DetectFaces", "IndexFaces", "SearchFacesByImage")
EACH = 2  # cores of a pinned server
FLOORS = 5  # measurements of the floor in each round


@dataclass(frozen=True, slots=True)
class Served:
    """Servers that answer together, and who calls them."""

    name: str
    servers: list[ServerProcess]
    callers: list[LoadGenerator]

    def rate(self, operation: str, body: Body, seconds: float) -> float:
        """Returns the images a second of all callers together, which begin at the same time."""
        results: list[LoadResult | None] = [None] * len(self.callers)

        def call(index: int) -> None:
            results[index] = self.callers[index].call(operation, body, seconds)

        threads = [threading.Thread(target=call, args=(index,)) for index in range(len(self.callers))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return sum(each.answered / each.wall for each in results if each)


def pinned(settings: Settings, clients: int, taken: list[Image], until: ExitStack) -> Served:
    """Starts one server for each two cores, which its processes and threads never leave."""
    every = sorted(os.sched_getaffinity(0))
    one = dataclasses.replace(settings, workers=1, threads=EACH)
    servers, callers = [], []
    for first in range(0, len(every) - EACH + 1, EACH):
        os.sched_setaffinity(0, every[first : first + EACH])  # a process inherits it
        try:
            servers.append(until.enter_context(ServerProcess(one)))
        finally:
            os.sched_setaffinity(0, every)
    for server in servers:
        callers.append(LoadGenerator(server.host, server.port, max(1, clients // len(servers))))
        until.callback(callers[-1].close)
        fill(callers[-1], taken)
    return Served(f"{len(servers)} pinned", servers, callers)


def shared(settings: Settings, workers: int, clients: int, taken: list[Image], until: ExitStack) -> Served:
    """Starts a server of so many workers, called by as many processes as the pinned servers are."""
    server = until.enter_context(ServerProcess(dataclasses.replace(settings, workers=workers)))
    many = max(1, cores() // EACH)
    callers = [LoadGenerator(server.host, server.port, max(1, clients // many)) for _ in range(many)]
    for each in callers:
        until.callback(each.close)
    fill(callers[0], taken)
    return Served(f"{workers} workers", [server], callers)


def measure(settings: Settings, images: str | None, counts: list[int], clients: int, seconds: float) -> None:
    """Calls the pinned servers and those of so many workers in turns, and prints a table."""
    pack = app.open_pack(settings)
    meshes = floor.Meshes(settings, pack.pipeline.cores)
    taken = [image for photo in photos(images, SIZES) if (image := floor.record(pack, photo, meshes)).faces][:2]
    with ExitStack() as until:
        every = [pinned(settings, clients, taken, until)]
        every += [shared(settings, count, clients, taken, until) for count in counts]
        print(
            f"{cores()} cores, {clients} clients, pack {pack.manifest.name}; images a second, × the pinned servers', "
        )
        print("% of the bound\n\n| operation | image | bound | " + " | ".join(each.name for each in every) + " |")
        print("|---" * (3 + len(every)) + "|")
        for image in taken:
            for operation in OPERATIONS:
                body = bodies(operation, image.photo.data, FILLED if operation == "IndexFaces" else SEARCHED)
                bare = image.floor(operation, single=True)
                rates: list[list[float]] = [[] for _ in every]
                used: list[float] = []
                for each in every:
                    each.rate(operation, body, 0)
                for _ in range(max(3, round(seconds))):
                    for each, seen in zip(every, rates, strict=True):
                        seen.append(each.rate(operation, body, 1.0))
                    used += [floor.processor_seconds(bare) for _ in range(FLOORS)]
                bound = cores() / fmean(used)
                of_first = [median(a / b for a, b in zip(seen, rates[0], strict=True)) for seen in rates]
                cells = (
                    f"{median(seen):,.0f} × {share:.2f}, {median(seen) / bound:.0%}"
                    for seen, share in zip(rates, of_first, strict=True)
                )
                print(f"| {operation} | {image.photo.name} | {bound:,.0f} | " + " | ".join(cells) + " |", flush=True)
        memory = (f"{each.name} {sum(server.shared_once() for server in each.servers):,.0f}" for each in every)
        print("\nmemory in MB, where a shared page counts once: " + ", ".join(memory))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2,4,8")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--images", default=None)
    given = parser.parse_args()
    settings = config.load({"packs": os.environ.get("MIEN_PACKS", "")}, {})
    counts = [int(part) for part in given.workers.split(",")]
    measure(settings, given.images, counts, given.clients, given.seconds)


if __name__ == "__main__":
    main()
