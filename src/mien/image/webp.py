"""WebP for `decode.py`: reads size and EXIF from its chunks (RFC 9649)."""

from collections.abc import Iterator

from mien.errors import InvalidImageFormatError
from mien.image.isolated import Isolated
from mien.image.orientation import of_exif

MOST_CHUNKS = 20_000


def read(data: bytes) -> Isolated:
    """Reads the header.

    Raises:
        InvalidImageFormatError: it is damaged.
    """
    (kind, body), *_ = [*_chunks(data, 1), (b"", b"")]
    if kind == b"VP8X" and len(body) >= 10:
        width, height = (int.from_bytes(body[each : each + 3], "little") + 1 for each in (4, 7))
    elif kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\1*":
        width, height = (int.from_bytes(body[each : each + 2], "little") & 0x3FFF for each in (6, 8))
    else:
        raise InvalidImageFormatError
    exif = next((body for kind, body in _chunks(data, MOST_CHUNKS) if kind == b"EXIF"), b"")
    return Isolated(data, "webp", width, height, of_exif(exif.removeprefix(b"Exif\0\0")))


def _chunks(data: bytes, most: int) -> Iterator[tuple[bytes, bytes]]:
    """Yields name and the first bytes of each chunk; of metadata all."""
    place = 12
    for _ in range(most):
        if place + 8 > len(data):
            return
        kind, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        yield kind, data[place + 8 : place + 8 + (size if kind == b"EXIF" else min(size, 10))]
        place += 8 + size + (size & 1)
