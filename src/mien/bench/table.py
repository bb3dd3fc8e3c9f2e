"""What was measured, as rows: for eyes a table, for programs JSON."""

from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np

from mien.errors import SetupError


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
        resident_before_mb: memory of the server when it had started and answered nothing yet.
        resident_mb: memory of the server after the row.
        request_mb: the most memory of the server while the row was measured, less `resident_before_mb`; None where
            that is not known.
    """

    operation: str
    image: str
    clients: int
    calls: int
    p50_ms: float
    p99_ms: float
    images_per_second: float
    floor_ms: float
    resident_before_mb: float
    resident_mb: float
    request_mb: float | None


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes a process held before its first request and after a row, and the most it added to the former."""

    before: float
    after: float
    request: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that calls took, seconds of wall time for them all, and seconds that the floor took in between."""

    took: list[float]
    wall: float
    floor: list[float]

    def row(self, operation: str, image: str, memory: Memory, clients: int = 0, images: int = 1) -> Row:
        """The row of these times, for calls with so many images each."""
        p50, p99 = np.percentile(self.took, [50, 99]) * 1000
        return Row(
            operation=operation,
            image=image,
            clients=clients,
            calls=len(self.took),
            p50_ms=round(float(p50), 3),
            p99_ms=round(float(p99), 3),
            images_per_second=round(images * len(self.took) / self.wall, 2),
            floor_ms=round(1000 * float(np.median(self.floor)), 3),
            resident_before_mb=round(memory.before, 1),
            resident_mb=round(memory.after, 1),
            request_mb=None if memory.request is None else round(memory.request, 1),
        )


def heading(width: int) -> str:
    """The line above the rows; `width` is that of the longest image's name."""
    return (
        f"{'operation':<18}  {'image':<{width}}  clients   p50 ms   p99 ms  images/s  floor ms  × floor  "
        "resident MB  request MB"
    )


def line(row: Row, width: int) -> str:
    """A row under the heading."""
    over = f"{row.p50_ms / row.floor_ms:8.2f}" if row.floor_ms else f"{'':8}"
    most = "" if row.request_mb is None else f"{row.request_mb:.0f}"
    return (
        f"{row.operation:<18}  {row.image:<{width}}  {row.clients or '':>7}  {row.p50_ms:7.2f}  {row.p99_ms:7.2f}  "
        f"{row.images_per_second:8.1f}  {row.floor_ms:8.2f} {over}  {row.resident_mb:11.0f}  {most:>10}"
    )


def write(rows: list[Row], file: str) -> None:
    """Write the rows as a list of JSON objects.

    Raises:
        SetupError: the file cannot be written.
    """
    try:
        Path(file).write_bytes(msgspec.json.format(msgspec.json.encode([asdict(row) for row in rows])) + b"\n")
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.") from None
