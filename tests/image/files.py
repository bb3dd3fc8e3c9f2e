"""Image files made by hand, so that no decoder reads its own library's output."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6  # colour types of PNG
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width: int, height: int, depth: int = 8, color: int = RGB, interlaced: bool = False) -> bytes:
    content = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", content)


def scanlines(samples: NDArray[np.integer], depth: int) -> bytes:
    """Rows of samples (H, W) or (H, W, C), each behind a filter byte of 0."""
    rows = samples.reshape(len(samples), -1)
    if depth == 16:
        packed = [row.astype(">u2").tobytes() for row in rows]
    elif depth == 8:
        packed = [row.astype(np.uint8).tobytes() for row in rows]
    else:
        packed = [
            np.packbits((row[:, None] >> np.arange(depth)[::-1]) & 1, axis=None).astype(np.uint8).tobytes()
            for row in rows
        ]
    return b"".join(b"\0" + row for row in packed)


def png(
    samples: NDArray[np.integer],
    color: int,
    depth: int = 8,
    *,
    before: bytes = b"",
    after: bytes = b"",
    interlaced: bool = False,
) -> bytes:
    """A PNG of these samples, with whole chunks put before and after its pixels."""
    height, width = samples.shape[:2]
    if interlaced:
        parts = [samples[y::rows, x::columns] for x, y, columns, rows in _ADAM7]
        raw = b"".join(scanlines(part, depth) for part in parts if part.size)
    else:
        raw = scanlines(samples, depth)
    return (
        png_header(width, height, depth, color, interlaced)
        + before
        + chunk(b"IDAT", zlib.compress(raw))
        + after
        + chunk(b"IEND", b"")
    )


def with_jpeg_size(data: bytes, width: int, height: int) -> bytes:
    """The same JPEG claiming another size in its frame header."""
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        place = data.find(marker)
        if place >= 0:
            return data[: place + 5] + struct.pack(">HH", height, width) + data[place + 9 :]
    raise AssertionError("no frame header")


def quarters() -> NDArray[np.uint8]:
    """An upright picture of four coloured quarters, 160 × 96, that every turn or mirror changes."""
    image = np.zeros((96, 160, 3), np.uint8)
    image[:48, :80], image[:48, 80:] = (200, 40, 40), (40, 200, 40)
    image[48:, :80], image[48:, 80:] = (40, 40, 200), (220, 220, 60)
    return image
