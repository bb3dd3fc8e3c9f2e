"""`mien bench --start`: how soon after its start a server answers, and what memory it holds, from an empty store on.

The floor is a process that only imports NumPy, OpenCV and OpenVINO, and one that also compiles the pack's networks and
runs each once on as many streams. Floor and server start in turns; medians are printed.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from mien.config import Settings
from mien.errors import SetupError
from mien.measure.speed import results
from mien.measure.speed.http_client import Client, bodies
from mien.measure.speed.sample_photos import Photo, photos
from mien.measure.speed.server_process import MB, ServerProcess
from mien.packs import install, own
from mien.packs.manifest import DetectorSpec
from mien.system.heap import PAUSE

TURNS = 5
COMPILED = "imports, networks compiled and run"
ANSWERED = "first DetectFaces answered"
MIXED, CLIENTS = 200, 4  # image requests behind the first, and how many clients share them
OPERATIONS = ("DetectFaces", "IndexFaces", "SearchFacesByImage", "CompareFaces")
FIRST = "1080p"  # the size of the first photograph
PEOPLE = "people"
DONE = b"done"
END = "import sys; print('done', flush=True); sys.stdin.read()"  # and is looked at meanwhile
# OpenVINO without its converter, as mien imports it (`engine/quiet.py`); then the floor itself.
IMPORT = "import sys; sys.modules['openvino.tools.ovc'] = None; import numpy, cv2, openvino"
COMPILE = """
core, kept, count = openvino.Core(), [], int(sys.argv[1])
options = {"NUM_STREAMS": count, "INFERENCE_NUM_THREADS": count, "PERFORMANCE_HINT_NUM_REQUESTS": count}
for file, side in zip(sys.argv[2::2], map(int, sys.argv[3::2])):
    model = core.read_model(file)
    model.reshape([1, 3, side, side])
    network = core.compile_model(model, "CPU", options)
    requests = [network.create_infer_request() for _ in range(count)]
    for request in requests:
        request.start_async({0: numpy.zeros((1, 3, side, side), numpy.float32)})
    for request in requests:
        request.wait()
    kept.append(requests)
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in a process's life.

    Attributes:
        name: what has happened.
        seconds: since its start; None where that says nothing.
        resident_mb: its memory then.
        floor: whether it is of a floor.
    """

    name: str
    seconds: float | None
    resident_mb: float
    floor: bool = False


def run(
    settings: Settings, images: str | None, file: str | None, dropped: bool = False, turns: int = TURNS
) -> list[Moment]:
    """Measure some turns, print the medians, and write them to `file` if one is named.

    Args:
        settings: of the server measured, but for its data directory, store, host and port.
        images: a folder of photographs; None for those that development packages bring.
        file: where to write the medians as JSON.
        dropped: whether the system is to drop what it caches of files before each start (Linux, root).
        turns: how often each is started.

    Raises:
        SetupError: there is nothing to measure with, the server did not start, or the cache cannot be dropped.
    """
    taken = photos(images)
    lives = [list(turn(settings, taken, dropped)) for _ in range(turns)]
    found = [_median(moments) for moments in zip(*lives, strict=True)]
    _say(f"{'':<44}  seconds  resident MB")
    for moment in found:
        seconds = "" if moment.seconds is None else f"{moment.seconds:.2f}"
        _say(f"{'floor: ' * moment.floor + moment.name:<44}  {seconds:>7}  {moment.resident_mb:11.0f}")
    if file:
        results.write(found, file)
    return found


def turn(settings: Settings, taken: list[Photo], dropped: bool = False) -> Generator[Moment, None, None]:
    """Start and end each floor and a server, and tell of their moments."""
    for name, arguments in floors(settings).items():
        if dropped:
            drop()
        yield _floor(name, arguments)
    if dropped:
        drop()
    yield from life(settings, taken)


def _floor(name: str, arguments: list[str]) -> Moment:
    began = time.perf_counter()
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, *arguments], stdin=pipe, stdout=pipe) as process:  # noqa: S603
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        if process.stdout.readline().strip() != DONE:
            raise SetupError(f"The floor did not run: {name}.")
        return Moment(name, time.perf_counter() - began, psutil.Process(process.pid).memory_info().rss / MB, floor=True)


def floors(settings: Settings) -> dict[str, list[str]]:
    """Name → the interpreter's arguments. Networks that only mien can read are compiled in no floor."""
    entry = own.named(settings.pack, settings.packs)
    files = install.install(entry, settings.packs)
    spec, embedder = entry.detector, entry.embedder
    found = {"an empty program": ["-c", END], "imports": ["-c", f"{IMPORT}\n{END}"]}
    if isinstance(spec, DetectorSpec) and not any(file.reader for file in entry.files):
        sides = [(spec.file, spec.wide), (spec.file, spec.narrow), (embedder.file, embedder.size)]
        networks = [text for file, side in sides for text in (str(files[file]), str(side))]
        found[COMPILED] = ["-c", f"{IMPORT}\n{COMPILE}\n{END}", str(settings.cores), *networks]
    return found


def drop() -> None:
    """Have the system drop what it caches of files.

    Raises:
        SetupError: it does not let this process do so.
    """
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError as error:
        raise SetupError(f"The system's cache cannot be dropped: {error.strerror}.") from None


def life(settings: Settings, taken: list[Photo]) -> Iterator[Moment]:
    """Start a server, let it answer, leave it alone for a while, and end it."""
    first = next(photo for photo in taken if FIRST in photo.name)
    firsts = {name: bodies(name, first.data, PEOPLE).whole() for name in ("DetectFaces", "IndexFaces")}
    began = time.perf_counter()
    with ServerProcess(settings) as server:
        yield Moment("the server listens", time.perf_counter() - began, server.resident())
        client = Client(server.host, server.port)
        client.call("DetectFaces", firsts["DetectFaces"])
        yield Moment(ANSWERED, time.perf_counter() - began, server.resident())
        client.call("CreateCollection", json.dumps({"CollectionId": PEOPLE}).encode())
        client.call("IndexFaces", firsts["IndexFaces"])
        yield Moment("first IndexFaces answered", time.perf_counter() - began, server.resident())
        client.close()
        mixed(server, taken)
        yield Moment(f"{MIXED} image requests later", None, server.resident())
        time.sleep(PAUSE + 1)
        yield Moment("and left alone for some seconds", None, server.resident())
        yield Moment("the most at any time", None, server.peak() or server.resident())


def mixed(server: ServerProcess, taken: list[Photo], count: int = MIXED) -> None:
    """Image requests of every kind and size, from several clients at the same time.

    Raises:
        SetupError: the server refused one.
    """
    kinds = [(name, bodies(name, photo.data, PEOPLE)) for photo in taken for name in OPERATIONS]
    failed: list[SetupError] = []

    def work(begin: int) -> None:
        client = Client(server.host, server.port)
        try:
            for number in range(begin, count, CLIENTS):
                name, body = kinds[(number + number // len(kinds)) % len(kinds)]  # a client gets all in time
                client.call(name, body.whole(number))
        except SetupError as error:
            failed.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(begin,)) for begin in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _median(moments: tuple[Moment, ...]) -> Moment:
    seconds = [moment.seconds for moment in moments if moment.seconds is not None]
    return Moment(
        moments[0].name,
        round(statistics.median(seconds), 3) if seconds else None,
        round(statistics.median(moment.resident_mb for moment in moments), 1),
        moments[0].floor,
    )


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
