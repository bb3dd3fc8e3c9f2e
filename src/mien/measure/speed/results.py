"""The rows of `mien bench`, and their formats: a table for people, JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mien.errors import SetupError
from mien.measure.speed.open_loop import OpenLoopResult


@dataclass(frozen=True, slots=True)
class Load:
    """The figures of a row with several clients.

    Attributes:
        bound: images a second if all cores only made the floor's calls: cores ÷ `floor_processor_ms`.
        bare: images a second measured when all cores only made these calls, without a server.
        share, share_of_bare: the server's rate as a share of the two.
        client_cores, server_cores: the numbers of cores that the clients and the server kept busy.
        arrivals: the same operation under open-loop load.
    """

    bound: float
    bare: float
    share: float
    share_of_bare: float
    client_cores: float
    server_cores: float
    arrivals: tuple[OpenLoopResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """An operation, or a stage of one, on one image.

    Attributes:
        operation: the operation of the API, or a stage: decode, detect, align, quality, embed.
        image: the photograph and its size.
        clients: the number of concurrent clients; 0 for a stage, which is measured in this process.
        calls: the number of measured calls.
        p50_ms: the median latency.
        p99_ms: the 99th percentile of the latency.
        images_per_second: over wall time; a CompareFaces has two images.
        floor_ms: the median time of the bare decoding and network calls for the image; 0 for a stage without any.
        floor_processor_ms: the mean CPU time of these calls with one core for each. It exceeds `floor_ms` for calls
            that use several cores, such as the detector on an idle machine.
        resident_before_mb: the server's memory after its start, before the first request.
        resident_mb: the server's memory after the row.
        request_mb: the server's peak memory during the row, less `resident_before_mb`; None if unknown.
        load: the figures of several clients; None for one client, and for a stage.
    """

    operation: str
    image: str
    clients: int
    calls: int
    p50_ms: float
    p99_ms: float
    images_per_second: float
    floor_ms: float
    floor_processor_ms: float
    resident_before_mb: float
    resident_mb: float
    request_mb: float | None
    load: Load | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """A process's memory in MB: before its first request, after a row, and the peak above the former."""

    before: float
    after: float
    request: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """The measured times of a row.

    Attributes:
        took: the latency of each call in seconds.
        answered: the number of calls answered within `wall`, while all clients were calling.
        wall: seconds.
        floor: the times of the floor in seconds, measured in between.
        processor: the mean CPU time of the floor in seconds.
    """

    took: list[float]
    answered: int
    wall: float
    floor: list[float]
    processor: float

    @property
    def rate(self) -> float:
        """Returns calls a second."""
        return self.answered / self.wall

    def row(  # noqa: PLR0917
        self, operation: str, image: str, memory: Memory, clients: int = 0, images: int = 1, load: Load | None = None
    ) -> Row:
        """Returns the row of these times, for calls with this many images each."""
        p50, p99 = np.percentile(self.took, [50, 99]) * 1000
        return Row(
            operation=operation,
            image=image,
            clients=clients,
            calls=len(self.took),
            p50_ms=round(float(p50), 3),
            p99_ms=round(float(p99), 3),
            images_per_second=round(images * self.rate, 2),
            floor_ms=round(1000 * float(np.median(self.floor)), 3),
            floor_processor_ms=round(1000 * self.processor, 3),
            resident_before_mb=round(memory.before, 1),
            resident_mb=round(memory.after, 1),
            request_mb=None if memory.request is None else round(memory.request, 1),
            load=load,
        )


def heading(width: int, clients: int = 1) -> str:
    """Returns the heading of the table; `width` is that of the longest image name."""
    many = "  bound/s  share   bare/s  share  cores: server clients" if clients > 1 else ""
    return (
        f"{'operation':<18}  {'image':<{width}}  clients   p50 ms   p99 ms  images/s  floor ms  × floor  "
        f"of a core     ×  resident MB  request MB{many}"
    )


def line(row: Row, width: int) -> str:
    """Formats a row, and a line below it for each kind of open-loop load."""
    over, core = (f"{row.p50_ms / base:.2f}" if row.floor_ms else "" for base in (row.floor_ms, row.floor_processor_ms))
    most = "" if row.request_mb is None else f"{row.request_mb:.0f}"
    text = (
        f"{row.operation:<18}  {row.image:<{width}}  {row.clients or '':>7}  {row.p50_ms:7.2f}  {row.p99_ms:7.2f}  "
        f"{row.images_per_second:8.1f}  {row.floor_ms:8.2f} {over:>8}  "
        f"{row.floor_processor_ms:9.2f}  {core:>4}  {row.resident_mb:11.0f}  {most:>10}"
    )
    return text if row.load is None else "\n".join([text + _load(row.load), *map(_arrivals, row.load.arrivals)])


def _load(load: Load) -> str:
    return (
        f"  {load.bound:7.1f}  {load.share:5.0%}  {load.bare:7.1f}  {load.share_of_bare:5.0%}  "
        f"{load.server_cores:13.2f} {load.client_cores:7.2f}"
    )


def _arrivals(seen: OpenLoopResult) -> str:
    return (
        f"  at {seen.load:.0%}, {seen.kind}: {seen.calls_per_second:.1f} calls/s, p50 {seen.p50_ms:.2f} ms, "
        f"p99 {seen.p99_ms:.2f} ms, p99 ÷ p50 {seen.spread:.2f} (ideally {seen.ideal:.2f}), "
        f"{seen.calls} calls, sent late by {seen.late_p99_ms:.2f} ms at p99"
    )


def write(rows: Sequence[Any], file: str) -> None:
    """Writes rows, which are dataclasses, as a list of JSON objects.

    Raises:
        SetupError: the file cannot be written.
    """
    try:
        Path(file).write_bytes(msgspec.json.format(msgspec.json.encode([asdict(row) for row in rows])) + b"\n")
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.") from None
