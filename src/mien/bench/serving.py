"""Serving speed: a server of its own is called over HTTP on loopback, in turns with the floor for the same image.

The turns are short and never overlap, so that the floor does not slow the server, and whatever else the machine does
meanwhile slows both.
"""

import json
import math
import os
from collections.abc import Iterator

import psutil

from mien import __version__, app
from mien.bench import floor, table
from mien.bench.client import Body, Crowd, bodies
from mien.bench.photos import Photo, photos
from mien.bench.process import MB, ServerProcess
from mien.bench.table import Memory, Row, Times
from mien.config import Settings
from mien.errors import SetupError

OPERATIONS = {"DetectFaces": 1, "IndexFaces": 1, "CompareFaces": 2, "SearchFacesByImage": 1}  # images of a call
TURN = 0.25  # seconds that the server is called before the floor has its turn
LEAST_TURNS = 3
FILLED, SEARCHED = "indexed", "searched"  # one collection grows; the other is searched, and holds a face of each photo


def run(
    settings: Settings,
    images: str | None,
    seconds: float,
    file: str | None,
    clients: int = 1,
    *,
    cached: bool = False,
) -> list[Row]:
    """Measure, print each row as it is known, and write them all to `file` if one is named.

    Args:
        settings: of the server measured, but for its data directory, store, host and port.
        images: a folder of photographs; None for those that development packages bring.
        seconds: how long the server is called for each row.
        file: where to write the rows as JSON.
        clients: how many call at the same time.
        cached: whether the server remembers images, so that it looks at each once.

    Raises:
        SetupError: there is nothing to measure with, or the server did not start or refused a call.
    """
    if clients < 1 or seconds < 0:
        raise SetupError("A bench needs at least one client and no negative time.")
    taken = photos(images)
    width = max(len(photo.name) for photo in taken)
    rows: list[Row] = []
    for row in measure(settings, taken, seconds, clients, cached=cached):
        if not rows:
            _say(f"resident memory before the first request: {row.resident_before_mb:.0f} MB\n")
            _say(table.heading(width))
        _say(table.line(row, width))
        rows.append(row)
    if file:
        table.write(rows, file)
    return rows


def measure(
    settings: Settings, taken: list[Photo], seconds: float, clients: int, *, cached: bool = False
) -> Iterator[Row]:
    """Measure every operation and every stage on each photo that shows a face.

    Raises:
        SetupError: see `run`.
    """
    pack = app.open_pack(settings)
    runtime = pack.runtime
    _say(f"mien {__version__}, pack {pack.manifest.name}, {runtime.engine} {runtime.version} {runtime.precision}")
    _say(f"{runtime.device}, {len(os.sched_getaffinity(0))} cores, {settings.cores} threads, {clients} client(s)")
    if cached:
        _say(f"images are remembered within {settings.image_cache} MiB, and the floor is of looking at them")
    shown = [image for photo in taken if (image := floor.look(pack, photo)).faces]
    if not shown:
        raise SetupError("None of the photographs shows a face that mien finds; name others with --images.")
    with ServerProcess(settings, cached=cached) as server:
        crowd = Crowd(server.host, server.port, clients)
        try:
            _fill(crowd, shown)
            for image in shown:
                for operation in OPERATIONS:
                    yield _operation(server, crowd, image, operation, seconds)
                yield from _stages(image, seconds)
        finally:
            crowd.close()


def _operation(server: ServerProcess, crowd: Crowd, image: floor.Image, operation: str, seconds: float) -> Row:
    body = bodies(operation, image.photo.data, FILLED if operation == "IndexFaces" else SEARCHED)
    server.forget_peak()
    times = _in_turns(crowd, operation, body, image.floor(operation), seconds)
    peak = server.peak()
    memory = Memory(server.before, server.resident(), None if peak is None else max(0.0, peak - server.before))
    return times.row(operation, image.photo.name, memory, len(crowd), OPERATIONS[operation])


def _in_turns(crowd: Crowd, operation: str, body: Body, bare: list[floor.Call], seconds: float) -> Times:
    """Call the server and the floor by turns; the first of each is not counted."""
    crowd.call(operation, body, 0)
    floor.seconds(bare)
    turns = max(LEAST_TURNS, math.ceil(seconds / TURN))
    took: list[float] = []
    bases: list[float] = []
    wall = 0.0
    for _ in range(turns):
        times, passed = crowd.call(operation, body, seconds / turns)
        took += times
        wall += passed
        bases += [floor.seconds(bare) for _ in range(max(1, len(times) // len(crowd)))]
    return Times(took, wall, bases)


def _stages(image: floor.Image, seconds: float) -> Iterator[Row]:
    """Each stage in this process, in turns with the bare calls in it."""
    bare = {stage: image.bare(stage) for stage in floor.STAGES}
    took: dict[str, list[float]] = {stage: [] for stage in floor.STAGES}
    bases: dict[str, list[float]] = {stage: [] for stage in floor.STAGES}
    image.stages()
    spent = 0.0
    while not spent or spent < seconds:
        for stage, passed in image.stages().items():
            took[stage].append(passed)
            bases[stage].append(floor.seconds(bare[stage]) if bare[stage] else 0.0)
            spent += passed
    resident = psutil.Process().memory_info().rss / MB
    for stage in floor.STAGES:
        times = Times(took[stage], sum(took[stage]), bases[stage])
        yield times.row(stage, image.photo.name, Memory(resident, resident))


def _fill(crowd: Crowd, shown: list[floor.Image]) -> None:
    for collection in (FILLED, SEARCHED):
        crowd.once("CreateCollection", json.dumps({"CollectionId": collection}).encode())
    for image in shown:
        crowd.once("IndexFaces", bodies("IndexFaces", image.photo.data, SEARCHED)())


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what is printed is what the command is for
