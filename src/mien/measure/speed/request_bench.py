"""Serving speed: a server of its own is called over HTTP on loopback, in turns with the floor for the same image.

The turns are short and never overlap, so that the floor does not slow the server, and whatever else the machine does
meanwhile slows both.
"""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import psutil

from mien import __version__, app
from mien.config import Settings
from mien.errors import SetupError
from mien.measure.speed import floor, open_loop, results
from mien.measure.speed.http_client import Body, bodies
from mien.measure.speed.load_generator import LoadGenerator, LoadResult
from mien.measure.speed.results import Load, Memory, Row, Times
from mien.measure.speed.sample_photos import Photo, photos
from mien.measure.speed.server_process import MB, ServerProcess

OPERATIONS = {"DetectFaces": 1, "IndexFaces": 1, "CompareFaces": 2, "SearchFacesByImage": 1}  # images of a call
TURN = 0.25  # seconds that one client calls the server before the floor has its turn
LEAST_TURNS = 3  # and so many turns have several clients, who are no crowd until all have called
BARE_THREADS = 2  # for each core, when the floor's calls are made on all cores: while some decode, others infer
FILLED, SEARCHED = "indexed", "searched"  # one collection grows; the other is searched, and holds a face of each photo


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure.

    Attributes:
        seconds: how long the server is called for each row.
        clients: how many call at the same time.
        load: a share of what they get done, at which the calls then come at planned times; 0 for no such calls.
        cached: whether the server remembers images, so that it looks at each once.
    """

    seconds: float
    clients: int = 1
    load: float = 0.0
    cached: bool = False


def run(settings: Settings, images: str | None, plan: Plan, file: str | None) -> list[Row]:
    """Measure, print each row as it is known, and write them all to `file` if one is named.

    Args:
        settings: of the server measured, but for its data directory, store, host and port.
        images: a folder of photographs; None for those that development packages bring.
        plan: how to measure.
        file: where to write the rows as JSON.

    Raises:
        SetupError: there is nothing to measure with, or the server did not start or refused a call.
    """
    if plan.clients < 1 or plan.seconds < 0 or plan.load < 0:
        raise SetupError("A bench needs at least one client, and no negative time or load.")
    if plan.load and plan.clients == 1:
        raise SetupError("A load is a share of what several clients get done: say how many with --clients.")
    taken = photos(images)
    width = max(len(photo.name) for photo in taken)
    rows: list[Row] = []
    for row in measure(settings, taken, plan):
        if not rows:
            _say(f"resident memory before the first request: {row.resident_before_mb:.0f} MB\n")
            _say(results.heading(width, plan.clients))
        _say(results.line(row, width))
        rows.append(row)
    if file:
        results.write(rows, file)
    return rows


def measure(settings: Settings, taken: list[Photo], plan: Plan) -> Iterator[Row]:
    """Measure every operation and every stage on each photo that shows a face.

    Raises:
        SetupError: see `run`.
    """
    pack = app.open_pack(settings)
    runtime = pack.runtime
    _say(f"mien {__version__}, pack {pack.manifest.name}, {runtime.engine} {runtime.version} {runtime.precision}")
    _say(f"{runtime.device}, {_cores()} cores, {settings.cores} threads, {plan.clients} client(s)")
    if plan.cached:
        _say(f"images are remembered within {settings.image_cache} MiB, and the floor is of looking at them")
    shown = [image for photo in taken if (image := floor.look(pack, photo)).faces]
    if not shown:
        raise SetupError("None of the photographs shows a face that mien finds; name others with --images.")
    with ServerProcess(settings, cached=plan.cached) as server:
        crowd = LoadGenerator(server.host, server.port, plan.clients)
        try:
            _fill(crowd, shown)
            for image in shown:
                for operation in OPERATIONS:
                    yield _operation(server, crowd, image, operation, plan)
                yield from _stages(image, plan.seconds)
        finally:
            crowd.close()


def _operation(server: ServerProcess, crowd: LoadGenerator, image: floor.Image, operation: str, plan: Plan) -> Row:
    body = bodies(operation, image.photo.data, FILLED if operation == "IndexFaces" else SEARCHED)
    bare, images = floor.Runs(image.floor(operation), image.floor(operation, single=True)), OPERATIONS[operation]
    server.forget_peak()
    turns = _in_turns(server, crowd, operation, body, bare, plan.seconds)
    times, load = turns.times(), None
    if plan.clients > 1:
        at_planned_times = plan.load and open_loop.measure(
            crowd, operation, body, times.rate, plan.load, max(plan.seconds, TURN), _cores()
        )
        load = turns.load(images, tuple(at_planned_times or ()))
    peak = server.peak()
    memory = Memory(server.before, server.resident(), None if peak is None else max(0.0, peak - server.before))
    return times.row(operation, image.photo.name, memory, plan.clients, images, load)


@dataclass(frozen=True, slots=True)
class _Turns:
    """What each turn gave.

    Attributes:
        calls: of the clients.
        server: processor seconds of the server meanwhile.
        bases: seconds that the floor took, one after the other.
        used: processor seconds that its calls took with one core for each.
        bare: how often a second these were made on all cores at the same time.
    """

    calls: list[LoadResult]
    server: list[float]
    bases: list[float]
    used: list[float]
    bare: list[float]

    def times(self) -> Times:
        """All of them."""
        took = [each for calls in self.calls for each in calls.took]
        answered, wall = sum(calls.answered for calls in self.calls), sum(calls.wall for calls in self.calls)
        return Times(took, answered, wall, self.bases, fmean(self.used))

    def load(self, images: int, seen: tuple[open_loop.OpenLoopResult, ...]) -> Load:
        """What several clients show, for calls with so many images each."""
        times, whole = self.times(), sum(calls.whole for calls in self.calls)
        rate, bound, bare = images * times.rate, images * _cores() / times.processor, images * fmean(self.bare)
        return Load(
            bound=round(bound, 2),
            bare=round(bare, 2),
            share=round(rate / bound, 4),
            share_of_bare=round(rate / bare, 4),
            client_cores=round(sum(calls.processor for calls in self.calls) / whole, 3),
            server_cores=round(sum(self.server) / whole, 3),
            arrivals=seen,
        )


def _in_turns(  # noqa: PLR0917
    server: ServerProcess, crowd: LoadGenerator, operation: str, body: Body, bare: floor.Runs, seconds: float
) -> _Turns:
    """Call the server and the floor by turns; the first of each is not counted."""
    crowd.call(operation, body, 0)
    floor.seconds(bare.idle)
    count = LEAST_TURNS if len(crowd) > 1 else max(LEAST_TURNS, math.ceil(seconds / TURN))
    turns = _Turns([], [], [], [], [])
    for _ in range(count):
        before = server.processor()
        turns.calls.append(crowd.call(operation, body, seconds / count))
        turns.server.append(server.processor() - before)
        for _ in range(max(1, len(turns.calls[-1].took) // len(crowd))):
            turns.bases.append(floor.seconds(bare.idle))
            turns.used.append(floor.processor_seconds(bare.single))
        if len(crowd) > 1:
            turns.bare.append(floor.together(bare.single, BARE_THREADS * _cores(), seconds / count))
    return turns


def _stages(image: floor.Image, seconds: float) -> Iterator[Row]:
    """Each stage in this process, in turns with the bare calls in it."""
    bare = {stage: floor.Runs(image.bare(stage), image.bare(stage, single=True)) for stage in floor.STAGES}
    took, bases, used = ({stage: list[float]() for stage in floor.STAGES} for _ in range(3))
    image.stages()
    spent = 0.0
    while not spent or spent < seconds:
        for stage, passed in image.stages().items():
            took[stage].append(passed)
            bases[stage].append(floor.seconds(bare[stage].idle) if bare[stage].idle else 0.0)
            used[stage].append(floor.processor_seconds(bare[stage].single) if bare[stage].single else 0.0)
            spent += passed
    resident = psutil.Process().memory_info().rss / MB
    for stage in floor.STAGES:
        times = Times(took[stage], len(took[stage]), sum(took[stage]), bases[stage], fmean(used[stage]))
        yield times.row(stage, image.photo.name, Memory(resident, resident))


def _fill(crowd: LoadGenerator, shown: list[floor.Image]) -> None:
    for collection in (FILLED, SEARCHED):
        crowd.once("CreateCollection", json.dumps({"CollectionId": collection}).encode())
    for image in shown:
        crowd.once("IndexFaces", bodies("IndexFaces", image.photo.data, SEARCHED).whole())


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what is printed is what the command is for
