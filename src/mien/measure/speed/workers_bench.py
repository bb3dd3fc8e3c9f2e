"""Runs `mien bench --workers 1,2,4`: servers of so many workers side by side, called in turns with each other.

All of them run at the same time, and one is called at a time, so that other work on the machine slows all alike. The
bound is what the cores could do if they only made the bare decoding and network calls, measured in the same run.
"""

import dataclasses
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import fmean, median

from mien import __version__, app
from mien.config import Settings
from mien.errors import SetupError
from mien.measure.speed import floor, results
from mien.measure.speed.floor import Image
from mien.measure.speed.http_client import bodies
from mien.measure.speed.load_generator import LoadGenerator
from mien.measure.speed.request_bench import FILLED, LEAST_TURNS, SEARCHED, Plan, cores, fill, say
from mien.measure.speed.sample_photos import photos
from mien.measure.speed.server_process import ServerProcess

SIZES = ("240p", "1080p", "12 MP")
OPERATIONS = ("DetectFaces", "IndexFaces", "SearchFacesByImage")
TURN = 1.0  # seconds for which one server is called before the next
FLOORS = 5  # measurements of the floor in each round


@dataclass(frozen=True, slots=True)
class Row:
    """The rate of an operation on one image with so many workers.

    Attributes:
        operation: of the API.
        image: the photograph and its size.
        clients: the number of concurrent clients.
        workers: how many the server has.
        images_per_second: the median of all rounds.
        of_first: the median, over the rounds, of its rate as a share of the first server's in the same round.
        processor_ms: processor time that the server took for an image.
        bound: images a second if all cores only made the bare calls.
        memory_mb: of all processes of the server, where pages that they share count once.
    """

    operation: str
    image: str
    clients: int
    workers: int
    images_per_second: float
    of_first: float
    processor_ms: float
    bound: float
    memory_mb: float


@dataclass(slots=True)
class _Server:
    """A server with so many workers, and the clients that call it."""

    workers: int
    process: ServerProcess
    clients: LoadGenerator


def run(settings: Settings, images: str | None, counts: list[int], plan: Plan, file: str | None) -> None:
    """Measures, prints the rows, and writes them to `file` if one is given.

    Args:
        settings: the servers' settings, except for the number of workers, data directory, store, host and port.
        images: a folder of photographs; None for one of a development package.
        counts: the numbers of workers.
        plan: the number of clients, and the duration of each row.
        file: the JSON file for the rows.

    Raises:
        SetupError: there are no usable photographs, or a server did not start or refused a call.
    """
    if plan.clients < 2:
        raise SetupError("Workers serve many clients; set their number with --clients.")
    pack = app.open_pack(settings)
    meshes = floor.Meshes(settings, pack.pipeline.cores)
    recorded = [floor.record(pack, photo, meshes) for photo in photos(images, SIZES)]
    taken = [image for image in recorded if image.faces][: len(SIZES)]
    if not taken:
        raise SetupError("mien finds no face in the photographs; name others with --images.")
    say(f"mien {__version__}, pack {pack.manifest.name}, {pack.runtime.device}")
    say(f"{cores()} cores, {plan.clients} clients")
    rows: list[Row] = []
    with ExitStack() as until:
        servers = [_started(settings, count, plan.clients, taken, until) for count in counts]
        say(_heading(max(len(image.photo.name) for image in taken), counts))
        for image in taken:
            for operation in OPERATIONS:
                found = _measured(servers, image, operation, plan.seconds)
                say(_line(found, max(len(each.photo.name) for each in taken)))
                rows += found
        say("memory in MB: " + ", ".join(f"{each.workers}: {each.process.shared_once():.0f}" for each in servers))
    if file:
        results.write(rows, file)


def _started(settings: Settings, count: int, clients: int, taken: list[Image], until: ExitStack) -> _Server:
    process = until.enter_context(ServerProcess(dataclasses.replace(settings, workers=count)))
    generator = LoadGenerator(process.host, process.port, clients)
    until.callback(generator.close)
    fill(generator, taken)
    return _Server(count, process, generator)


def _measured(servers: list[_Server], image: Image, operation: str, seconds: float) -> list[Row]:
    """Calls the servers in turns, and the floor between them; the first call of each client is a warm-up."""
    body = bodies(operation, image.photo.data, FILLED if operation == "IndexFaces" else SEARCHED)
    bare = image.floor(operation, single=True)
    for server in servers:
        server.clients.call(operation, body, 0)
    rates: list[list[float]] = [[] for _ in servers]
    spent: list[list[float]] = [[] for _ in servers]
    used: list[float] = []
    for _ in range(max(LEAST_TURNS, round(seconds / TURN))):
        for server, seen, took in zip(servers, rates, spent, strict=True):
            before = server.process.processor()
            called = server.clients.call(operation, body, TURN)
            seen.append(called.answered / called.wall)
            took.append((server.process.processor() - before) / len(called.took))
        used += [floor.processor_seconds(bare) for _ in range(FLOORS)]
    bound = cores() / fmean(used)
    return [
        Row(
            operation, image.photo.name, len(server.clients), server.workers, round(median(seen), 2),
            round(median(mine / first for mine, first in zip(seen, rates[0], strict=True)), 4),
            round(1000 * fmean(took), 2), round(bound, 1),
            round(server.process.shared_once(), 1),
        )
        for server, seen, took in zip(servers, rates, spent, strict=True)
    ]  # fmt: skip


def _heading(width: int, counts: list[int]) -> str:
    many = "".join(f"  {f'{count} workers':>30}" for count in counts)
    each = "".join(f"  {'images/s':>8} {'×':>5} {'core ms':>7} {'bound':>7}" for _ in counts)
    return f"{'':<18}  {'':<{width}}  {'':>7}{many}\n{'operation':<18}  {'image':<{width}}  bound/s{each}"


def _line(rows: list[Row], width: int) -> str:
    first = rows[0]
    each = "".join(
        f"  {row.images_per_second:8.1f} {row.of_first:5.2f} {row.processor_ms:7.2f} "
        f"{row.images_per_second / row.bound:7.0%}"
        for row in rows
    )
    return f"{first.operation:<18}  {first.image:<{width}}  {first.bound:7.1f}{each}"


def counts(text: str) -> list[int]:
    """Returns the numbers of workers in a list such as "1,2,4".

    Raises:
        SetupError: it is no such list.
    """
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise SetupError(f"--workers of a benchmark takes numbers separated by commas, such as 1,2,4, not {text!r}.")
    return found
