"""Runs `mien bench --start`: measures how soon a server answers after its start, and its memory over its life.

The floors are a process that only imports NumPy, OpenCV and OpenVINO, and one that also compiles the pack's networks
and runs each once on as many streams. Floors and server start in turns; medians are printed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
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
from mien.packs.readers import blockwise
from mien.packs.specs import DetectorSpec
from mien.system.heap import PAUSE

TURNS = 5
COMPILED = "imports, networks compiled and run"
ANSWERED = "first DetectFaces answered"
MIXED, CLIENTS = 200, 4  # image requests after the first, and the number of clients that share them
OPERATIONS = ("DetectFaces", "IndexFaces", "SearchFacesByImage", "CompareFaces")
FIRST = "1080p"  # the size of the first photograph
PEOPLE = "people"
DONE = b"done"
END = "import sys; print('done', flush=True); sys.stdin.read()"  # waits while its memory is read
# OpenVINO without its converter, as mien imports it (`engine/quiet.py`).
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
class Milestone:
    """A milestone in the life of a process.

    Attributes:
        name: the event.
        seconds: the time since the start; None if it is not meaningful.
        resident_mb: the memory at that time.
        floor: whether the process is a floor.
    """

    name: str
    seconds: float | None
    resident_mb: float
    floor: bool = False


def run(
    settings: Settings, images: str | None, file: str | None, dropped: bool = False, turns: int = TURNS
) -> list[Milestone]:
    """Measures some turns, prints the medians, and writes them to `file` if one is given.

    Args:
        settings: the server's settings, except for its data directory, store, host and port.
        images: a folder of photographs; None for those of development packages.
        file: the JSON file for the medians.
        dropped: whether to drop the system's file cache before each start (Linux, root).
        turns: the number of starts of each process.

    Raises:
        SetupError: there are no photographs, the server did not start, or the cache cannot be dropped.
    """
    taken = photos(images)
    lives = [list(turn(settings, taken, dropped)) for _ in range(turns)]
    found = [_median(milestones) for milestones in zip(*lives, strict=True)]
    _say(f"{'':<44}  seconds  resident MB")
    for milestone in found:
        seconds = "" if milestone.seconds is None else f"{milestone.seconds:.2f}"
        _say(f"{'floor: ' * milestone.floor + milestone.name:<44}  {seconds:>7}  {milestone.resident_mb:11.0f}")
    if file:
        results.write(found, file)
    return found


def turn(settings: Settings, taken: list[Photo], dropped: bool = False) -> Generator[Milestone, None, None]:
    """Starts and ends each floor and a server, and yields their milestones."""
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in floors(settings, Path(folder)).items():
            if dropped:
                drop()
            yield _floor(name, arguments)
    if dropped:
        drop()
    yield from life(settings, taken)


def _floor(name: str, arguments: list[str]) -> Milestone:
    began = time.perf_counter()
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, *arguments], stdin=pipe, stdout=pipe) as process:  # noqa: S603
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        if process.stdout.readline().strip() != DONE:
            raise SetupError(f"The floor did not run: {name}.")
        return Milestone(
            name, time.perf_counter() - began, psutil.Process(process.pid).memory_info().rss / MB, floor=True
        )


def floors(settings: Settings, folder: Path) -> dict[str, list[str]]:
    """Returns the interpreter's arguments of each floor by name, without the networks if only mien can read them.

    Args:
        settings: the server's settings.
        folder: where networks whose weights mien writes out are written to, as any program can read them.
    """
    entry = own.named(settings.pack, settings.packs)
    files, spec = dict(install.install(entry, settings.packs)), entry.detector
    readers = {file.name: file.reader for file in entry.files if file.reader}
    for name in (name for name, reader in readers.items() if reader == "blockwise"):
        written = folder / name
        written.write_bytes(blockwise.read(files[name]))
        files[name] = written
    found = {"an empty program": ["-c", END], "imports": ["-c", f"{IMPORT}\n{END}"]}
    if isinstance(spec, DetectorSpec) and set(readers.values()) <= {"blockwise"}:
        sides = [
            (spec.file, spec.wide),
            (spec.file, spec.narrow),
            *((each.file, each.size) for each in entry.embedders),
        ]
        networks = [text for file, side in sides for text in (str(files[file]), str(side))]
        found[COMPILED] = ["-c", f"{IMPORT}\n{COMPILE}\n{END}", str(settings.cores), *networks]
    return found


def drop() -> None:
    """Drops the system's file cache.

    Raises:
        SetupError: this process may not do so.
    """
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError as error:
        raise SetupError(f"The system's cache cannot be dropped: {error.strerror}.") from None


def life(settings: Settings, taken: list[Photo]) -> Iterator[Milestone]:
    """Starts a server, sends it requests, lets it idle, and ends it."""
    first = next(photo for photo in taken if FIRST in photo.name)
    firsts = {name: bodies(name, first.data, PEOPLE).whole() for name in ("DetectFaces", "IndexFaces")}
    began = time.perf_counter()
    with ServerProcess(settings) as server:
        yield Milestone("the server listens", time.perf_counter() - began, server.resident())
        client = Client(server.host, server.port)
        client.call("DetectFaces", firsts["DetectFaces"])
        yield Milestone(ANSWERED, time.perf_counter() - began, server.resident())
        client.call("CreateCollection", json.dumps({"CollectionId": PEOPLE}).encode())
        client.call("IndexFaces", firsts["IndexFaces"])
        yield Milestone("first IndexFaces answered", time.perf_counter() - began, server.resident())
        client.close()
        mixed(server, taken)
        yield Milestone(f"{MIXED} image requests later", None, server.resident())
        time.sleep(PAUSE + 1)
        yield Milestone("and left alone for some seconds", None, server.resident())
        yield Milestone("the most at any time", None, server.peak() or server.resident())


def mixed(server: ServerProcess, taken: list[Photo], count: int = MIXED) -> None:
    """Sends image requests of every kind and size from several concurrent clients.

    Raises:
        SetupError: the server refused a request.
    """
    kinds = [(name, bodies(name, photo.data, PEOPLE)) for photo in taken for name in OPERATIONS]
    failed: list[SetupError] = []

    def work(begin: int) -> None:
        client = Client(server.host, server.port)
        try:
            for number in range(begin, count, CLIENTS):
                name, body = kinds[(number + number // len(kinds)) % len(kinds)]  # each client sends every kind in time
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


def _median(milestones: tuple[Milestone, ...]) -> Milestone:
    seconds = [milestone.seconds for milestone in milestones if milestone.seconds is not None]
    return Milestone(
        milestones[0].name,
        round(statistics.median(seconds), 3) if seconds else None,
        round(statistics.median(milestone.resident_mb for milestone in milestones), 1),
        milestones[0].floor,
    )


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
