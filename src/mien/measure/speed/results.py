"""What was measured, as rows: for eyes a table, for programs JSON."""

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
    """What a row says where several clients called at the same time.

    Attributes:
        bound: images a second if nothing but the floor's calls were made, on all cores: cores ÷ `floor_processor_ms`.
        bare: images a second that this machine did when nothing but these calls were made, without a server.
        share, share_of_bare: what the server did, of each of the two.
        client_cores, server_cores: how many cores the clients and the server kept busy.
        arrivals: the same operation at planned times.
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
        operation: of the API, or a stage: decode, detect, align, quality, embed.
        image: the photograph and its size.
        clients: how many called at the same time; 0 for a stage, which is measured in the bench's own process.
        calls: how many were measured.
        p50_ms: half of the calls took no longer than this.
        p99_ms: of a hundred calls one took longer.
        images_per_second: over wall time; a CompareFaces has two images.
        floor_ms: half of the times, the bare decoding and network calls for the image took no longer than this; 0
            for a stage that has none.
        floor_processor_ms: what these calls take of a processor with one core for each, the mean; more than `floor_ms`
            where they have several, as the detector on an idle machine and the two crops of a face do.
        resident_before_mb: memory of the server when it had started and answered nothing yet.
        resident_mb: memory of the server after the row.
        request_mb: the most memory of the server while the row was measured, less `resident_before_mb`; None where
            that is not known.
        load: what several clients show; None for one, and for a stage.
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
    """Megabytes a process held before its first request and after a row, and the most it added to the former."""

    before: float
    after: float
    request: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """What a row is made of.

    Attributes:
        took: seconds of each call.
        answered: how many of them were answered within `wall`; the others while not all clients were calling.
        wall: seconds.
        floor: seconds that the floor took, in between.
        processor: seconds of a processor that each took, the mean.
    """

    took: list[float]
    answered: int
    wall: float
    floor: list[float]
    processor: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.answered / self.wall

    def row(  # noqa: PLR0917
        self, operation: str, image: str, memory: Memory, clients: int = 0, images: int = 1, load: Load | None = None
    ) -> Row:
        """The row of these times, for calls with so many images each."""
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
    """The line above the rows; `width` is that of the longest image's name."""
    many = "  bound/s  share   bare/s  share  cores: server clients" if clients > 1 else ""
    return (
        f"{'operation':<18}  {'image':<{width}}  clients   p50 ms   p99 ms  images/s  floor ms  × floor  "
        f"of a core     ×  resident MB  request MB{many}"
    )


def line(row: Row, width: int) -> str:
    """A row under the heading, and a line below it for each kind of arrivals."""
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
    """Write rows, which are dataclasses, as a list of JSON objects.

    Raises:
        SetupError: the file cannot be written.
    """
    try:
        Path(file).write_bytes(msgspec.json.format(msgspec.json.encode([asdict(row) for row in rows])) + b"\n")
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.") from None
