"""Runs `mien bench`: calls a server over HTTP on loopback, in turns with the floor for the same image.

Turns are short and never overlap: the floor does not slow the server, and other work on the machine slows both.
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
TURN = 0.25  # seconds of one client's turn before that of the floor
LEAST_TURNS = 3  # the number of turns of several clients, since only calls while all are calling count
BARE_THREADS = 2  # threads a core for the floor on all cores: while some decode, others infer
FILLED, SEARCHED = "indexed", "searched"  # one collection grows; the other is searched and has a face of each photo


@dataclass(frozen=True, slots=True)
class Plan:
    """The options of the benchmark.

    Attributes:
        seconds: the duration of each row.
        clients: the number of concurrent clients.
        load: the open-loop load as a share of the closed-loop rate; 0 for none.
        cached: whether the server uses its image cache, so that it processes each image once.
    """

    seconds: float
    clients: int = 1
    load: float = 0.0
    cached: bool = False


def run(settings: Settings, images: str | None, plan: Plan, file: str | None) -> list[Row]:
    """Measures, prints each row, and writes all rows to `file` if one is given.

    Args:
        settings: the server's settings, except for its data directory, store, host and port.
        images: a folder of photographs; None for those of development packages.
        plan: the options.
        file: the JSON file for the rows.

    Raises:
        SetupError: there are no usable photographs, or the server did not start or refused a call.
    """
    if plan.clients < 1 or plan.seconds < 0 or plan.load < 0:
        raise SetupError("A benchmark needs at least one client, and a time and load that are not negative.")
    if plan.load and plan.clients == 1:
        raise SetupError("--load is a share of the rate of several clients; set their number with --clients.")
    taken = photos(images)
    width = max(len(photo.name) for photo in taken)
    rows: list[Row] = []
    for row in measure(settings, taken, plan):
        if not rows:
            say(f"resident memory before the first request: {row.resident_before_mb:.0f} MB\n")
            say(results.heading(width, plan.clients))
        say(results.line(row, width))
        rows.append(row)
    if file:
        results.write(rows, file)
    return rows


def measure(settings: Settings, taken: list[Photo], plan: Plan) -> Iterator[Row]:
    """Measures every operation and stage on each photo that shows a face.

    Raises:
        SetupError: see `run`.
    """
    pack = app.open_pack(settings)
    runtime = pack.runtime
    say(f"mien {__version__}, pack {pack.manifest.name}, {runtime.engine} {runtime.version} {runtime.precision}")
    say(f"{runtime.device}, {cores()} cores, {settings.cores} threads, {plan.clients} client(s)")
    if plan.cached:
        say(f"the image cache has {settings.image_cache} MiB; the floor is that of processing an image")
    meshes = floor.Meshes(settings, pack.pipeline.cores)
    shown = [image for photo in taken if (image := floor.record(pack, photo, meshes)).faces]
    if not shown:
        raise SetupError("mien finds no face in the photographs; name others with --images.")
    with ServerProcess(settings, cached=plan.cached) as server:
        generator = LoadGenerator(server.host, server.port, plan.clients)
        try:
            fill(generator, shown)
            for image in shown:
                for operation in OPERATIONS:
                    yield _operation(server, generator, image, operation, plan)
                yield from _stages(image, plan.seconds)
        finally:
            generator.close()


def _operation(server: ServerProcess, generator: LoadGenerator, image: floor.Image, operation: str, plan: Plan) -> Row:
    body = bodies(operation, image.photo.data, FILLED if operation == "IndexFaces" else SEARCHED)
    bare, images = floor.Runs(image.floor(operation), image.floor(operation, single=True)), OPERATIONS[operation]
    server.forget_peak()
    turns = _in_turns(server, generator, operation, body, bare, plan.seconds)
    times, load = turns.times(), None
    if plan.clients > 1:
        at_planned_times = plan.load and open_loop.measure(
            generator, operation, body, times.rate, plan.load, max(plan.seconds, TURN), cores()
        )
        load = turns.load(images, tuple(at_planned_times or ()))
    peak = server.peak()
    memory = Memory(server.before, server.resident(), None if peak is None else max(0.0, peak - server.before))
    return times.row(operation, image.photo.name, memory, plan.clients, images, load)


@dataclass(frozen=True, slots=True)
class _Turns:
    """The measurements of all turns.

    Attributes:
        calls: the clients' calls of each turn.
        server: the CPU seconds of the server in each turn.
        bases: the times of the floor in seconds.
        used: the CPU seconds of the floor with one core for each call.
        bare: how many times a second the floor ran on all cores.
    """

    calls: list[LoadResult]
    server: list[float]
    bases: list[float]
    used: list[float]
    bare: list[float]

    def times(self) -> Times:
        """Returns the times of all turns together."""
        took = [each for calls in self.calls for each in calls.took]
        answered, wall = sum(calls.answered for calls in self.calls), sum(calls.wall for calls in self.calls)
        return Times(took, answered, wall, self.bases, fmean(self.used))

    def load(self, images: int, seen: tuple[open_loop.OpenLoopResult, ...]) -> Load:
        """Returns the figures of several clients, for calls with this many images each."""
        times, whole = self.times(), sum(calls.whole for calls in self.calls)
        rate, bound, bare = images * times.rate, images * cores() / times.processor, images * fmean(self.bare)
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
    server: ServerProcess, generator: LoadGenerator, operation: str, body: Body, bare: floor.Runs, seconds: float
) -> _Turns:
    """Calls the server and the floor in turns. The first call of each is a warm-up."""
    generator.call(operation, body, 0)
    floor.seconds(bare.idle)
    count = LEAST_TURNS if len(generator) > 1 else max(LEAST_TURNS, math.ceil(seconds / TURN))
    turns = _Turns([], [], [], [], [])
    for _ in range(count):
        before = server.processor()
        turns.calls.append(generator.call(operation, body, seconds / count))
        turns.server.append(server.processor() - before)
        for _ in range(max(1, len(turns.calls[-1].took) // len(generator))):
            turns.bases.append(floor.seconds(bare.idle))
            turns.used.append(floor.processor_seconds(bare.single))
        if len(generator) > 1:
            turns.bare.append(floor.together(bare.single, BARE_THREADS * cores(), seconds / count))
    return turns


def _stages(image: floor.Image, seconds: float) -> Iterator[Row]:
    """Measures each stage in this process, in turns with its bare calls."""
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


def fill(generator: LoadGenerator, shown: list[floor.Image]) -> None:
    """Creates the two collections, and indexes each photograph into the one that is searched."""
    for collection in (FILLED, SEARCHED):
        generator.once("CreateCollection", json.dumps({"CollectionId": collection}).encode())
    for image in shown:
        generator.once("IndexFaces", bodies("IndexFaces", image.photo.data, SEARCHED).whole())


def cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def say(text: str) -> None:
    """Prints at once."""
    print(text, flush=True)  # noqa: T201  what is printed is what the command is for
