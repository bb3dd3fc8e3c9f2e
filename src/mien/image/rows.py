"""PNG bytes → RGB rows for `image/png.py`, a band at a time or all at once (ISO/IEC 15948).

Only as much is inflated as the header promises, and libpng gets only the chunks that define the meaning of samples.
Given a whole file, it would inflate everything behind the last row, and all texts and colour profiles.

A stored row depends on no row but the one above it. So the file is inflated a band at a time, and each band goes to
libpng as an uncompressed picture with the row above it in front: the pixels are those that libpng makes of the whole
picture, bit for bit.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.errors import InvalidImageFormatError
from mien.face.types import Pixels

MAGIC = b"\x89PNG\r\n\x1a\n"
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
MOST_CHUNKS = 40_000  # a picture of 15 MB in chunks of 8 KiB has 2,000
_FIRST = 33  # offset of the chunk behind the header
_PIECE = 1 << 16  # bytes of the file inflated at a time
_MOST_COLOURS = 12 + 768  # bytes of a chunk with a palette, or with its transparency
_ANCILLARY = 0x20  # bit in the first letter of a chunk's name: a decoder may leave the chunk out
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGBA = 0, 2, 3, 4, 6  # colour types
_CHANNELS = {_GRAY: 1, _RGB: 3, _PALETTE: 1, _GRAY_ALPHA: 2, _RGBA: 4}
_DEPTHS = {_GRAY: (1, 2, 4, 8, 16), _RGB: (8, 16), _PALETTE: (1, 2, 4, 8), _GRAY_ALPHA: (8, 16), _RGBA: (8, 16)}
# Bytes of a pixel → a depth and a colour type of as many, under which libpng returns the bytes of a row unchanged.
_BYTES = {1: (8, _GRAY), 2: (16, _GRAY), 3: (8, _RGB), 4: (8, _RGBA), 6: (16, _RGB), 8: (16, _RGBA)}


class Rows:
    """A PNG taken apart, whose rows are read once, from the first on.

    Args:
        data: the file; its signature, header and lengths of chunks have been checked.

    Raises:
        InvalidImageFormatError: the header or a chunk before the pixels is damaged.

    Attributes:
        width: columns.
        height: rows.
        interlaced: whether it comes in seven passes over the whole picture.
    """

    def __init__(self, data: bytes) -> None:
        length, _, self.width, self.height, self._depth, self._kind, *methods = struct.unpack(">I4sIIBBBBB", data[8:29])
        known = self._depth in _DEPTHS.get(self._kind, ()) and methods[:2] == [0, 0] and methods[2] <= 1
        if length != 13 or not known or not _sound(data, len(MAGIC), _FIRST):
            raise InvalidImageFormatError
        self.interlaced = bool(methods[2])
        self._colours: dict[bytes, bytes] = {}
        self._pieces = self._compressed(data, self._up_to_pixels(data))
        self._inflating = zlib.decompressobj()
        self._waiting: bytes | memoryview = b""

    def whole(self) -> Pixels:
        """Returns all of the picture as uint8 RGB (H, W, 3), interlaced or not.

        Raises:
            InvalidImageFormatError: rows are missing or damaged.
        """
        lines = self._inflate(self.promised)
        form = (self._depth, self._kind)
        return as_rgb(decode(_picture(self.width, self.height, form, lines, self._color_chunks(), self.interlaced)))

    @property
    def promised(self) -> int:
        """Bytes that all rows inflate to, each with the byte before it that names its filter."""
        bits = _CHANNELS[self._kind] * self._depth
        sizes = passes(self.width, self.height) if self.interlaced else [(self.width, self.height)]
        return sum(((width * bits + 7) // 8 + 1) * height for width, height in sizes if width and height)

    def bands(self, width: int, height: int, size: int) -> Iterator[Pixels]:
        """Yields the next rows as uint8 RGB (H, W, 3), each time a multiple of eight until the last.

        Args:
            width: pixels of a row: the picture's, or a pass's.
            height: how many rows; the first of them depends on none above it.
            size: bytes of RGB at a time, about.

        Raises:
            InvalidImageFormatError: rows are missing or damaged.
        """
        bits = _CHANNELS[self._kind] * self._depth
        row, step = (width * bits + 7) // 8, max(1, bits // 8)
        as_bytes, colours = _BYTES[step], self._color_chunks()
        plain = as_bytes == (self._depth, self._kind) and not colours
        tall = max(8, size // max(row, 3 * width) // 8 * 8)
        above = bytes(row)
        for top in range(0, height, tall):
            count = min(tall, height - top)
            lines = b"\0" + above + self._inflate(count * (row + 1))
            image = decode(_picture(row // step, count + 1, as_bytes, lines))[1:]
            above = _stored(image[-1:]).tobytes()
            if not plain:
                lines = np.pad(_stored(image), ((0, 0), (1, 0))).tobytes()
                image = decode(_picture(width, count, (self._depth, self._kind), lines, colours))
            yield as_rgb(image)

    def _up_to_pixels(self, data: bytes) -> int:
        """Returns the offset of the first chunk with pixels, and keeps the colour chunks before it.

        Raises:
            InvalidImageFormatError: a chunk that must not be left out is damaged or unknown.
        """
        for name, place, end in _chunks(data, _FIRST):
            if name == b"IDAT":
                return place
            sound = _sound(data, place, end)
            if name == b"PLTE" and sound and name not in self._colours and end - place <= _MOST_COLOURS:
                self._colours[name] = data[place:end]
            elif not name[0] & _ANCILLARY:
                raise InvalidImageFormatError
            elif (
                name == b"tRNS"
                and sound
                and end - place <= _MOST_COLOURS
                and (self._kind != _PALETTE or b"PLTE" in self._colours)
            ):
                self._colours.setdefault(name, data[place:end])
        raise InvalidImageFormatError

    def _compressed(self, data: bytes, first: int) -> Iterator[memoryview]:
        """Yields the content of the chunks with pixels, which follow one another, in small pieces.

        Raises:
            InvalidImageFormatError: a chunk is damaged.
        """
        for name, place, end in _chunks(data, first):
            if name != b"IDAT":
                return
            if not _sound(data, place, end):
                raise InvalidImageFormatError
            for start in range(place + 8, end - 4, _PIECE):
                yield memoryview(data)[start : min(start + _PIECE, end - 4)]

    def _color_chunks(self) -> bytes:
        """Returns the chunks that define the meaning of samples; beside true colours, a palette is only a hint."""
        names = (b"PLTE", b"tRNS") if self._kind == _PALETTE else (b"tRNS",)
        return b"".join(self._colours.get(name, b"") for name in names)

    def _inflate(self, count: int) -> bytes:
        """Inflates the next `count` bytes.

        Raises:
            InvalidImageFormatError: there are fewer, or they are damaged.
        """
        parts = []
        while count:
            self._waiting = self._waiting or next(self._pieces, b"")
            if not self._waiting or self._inflating.eof:
                raise InvalidImageFormatError
            try:
                parts.append(self._inflating.decompress(self._waiting, count))
            except zlib.error:
                raise InvalidImageFormatError from None
            self._waiting = self._inflating.unconsumed_tail
            count -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)


def passes(width: int, height: int) -> list[tuple[int, int]]:
    """Returns columns and rows of each pass of an interlaced picture; passes of a small picture may be empty."""
    return [(-((x - width) // across), -((y - height) // down)) for x, y, across, down in ADAM7]


def work(data: bytes) -> int:
    """Returns how many pixels of 8-bit RGB take as long to decode, by the header's depth and colour type."""
    width, height = (int.from_bytes(data[place : place + 4], "big") for place in (16, 20))
    depth, kind = data[24], data[25]
    return width * height * (_CHANNELS.get(kind, 4) * depth + 24 * (kind in (_GRAY_ALPHA, _RGBA))) // 24


def decode(data: bytes) -> Any:
    """Decodes a whole PNG with OpenCV.

    Returns:
        uint8 or uint16: gray (H, W), or BGR or BGRA (H, W, C).

    Raises:
        InvalidImageFormatError: it is damaged or cut short.
    """
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None:
        raise InvalidImageFormatError
    return image


def as_rgb(image: Any) -> Pixels:
    """Converts an answer of `decode` to uint8 RGB: 16 bits to their high bytes, gray to RGB, alpha over white."""
    if image.dtype == np.uint16:
        image = np.right_shift(np.asarray(image, np.uint16), 8).astype(np.uint8)
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)
    if image.shape[2] == 4:
        return _over_white(np.asarray(image, np.uint8))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _over_white(bgra: Pixels) -> Pixels:
    """Composites over white, a few rows at a time, so that no second full-size copy in wider numbers is made."""
    rgb = np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB), np.uint8)
    for top in range(0, len(rgb), 64):
        alpha = bgra[top : top + 64, :, 3:].astype(np.uint16)
        if (alpha == 255).all():
            continue
        band = rgb[top : top + 64].astype(np.uint16)
        rgb[top : top + 64] = ((band * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return rgb


def _stored(image: Any) -> NDArray[np.uint8]:
    """Returns the bytes of the rows of a picture decoded as one of `_BYTES`: uint8 (H, bytes of a row)."""
    if image.ndim == 3:
        image = image[..., [2, 1, 0, 3][: image.shape[2]]]
    ordered = np.ascontiguousarray(image, ">u2" if image.dtype == np.uint16 else np.uint8)
    return ordered.view(np.uint8).reshape(len(image), -1)


def _picture(  # noqa: PLR0917
    width: int, height: int, form: tuple[int, int], lines: bytes, colours: bytes = b"", interlaced: bool = False
) -> bytes:
    """Returns an uncompressed PNG with these rows, each behind the byte that names its filter.

    Args:
        width: columns.
        height: rows.
        form: depth and colour type.
        lines: the rows.
        colours: chunks that define the meaning of samples.
        interlaced: whether the rows are those of seven passes.
    """
    header = struct.pack(">IIBBBBB", width, height, *form, 0, 0, interlaced)
    chunks = (_chunk(b"IHDR", header), colours, _chunk(b"IDAT", zlib.compress(lines, 0)), _chunk(b"IEND", b""))
    return MAGIC + b"".join(chunks)


def _chunks(data: bytes, place: int) -> Iterator[tuple[bytes, int, int]]:
    """Yields name, beginning and end of every chunk from an offset on."""
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        yield data[place + 4 : place + 8], place, end
        place = end


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(name)))


def _sound(data: bytes, place: int, end: int) -> bool:
    """Returns whether a chunk's checksum is right."""
    view = memoryview(data)[place:end]
    return zlib.crc32(view[4:-4]) == int.from_bytes(view[-4:], "big")
