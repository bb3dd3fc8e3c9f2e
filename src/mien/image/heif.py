"""HEIC and AVIF for `decode.py`: reads size and turns from the boxes of the file (ISO/IEC 23008-12, MIAF).

The container says how its picture is turned (`irot`, `imir`) and cut (`clap`). By the standard its EXIF then says no
more about that: whoever turned by both would turn twice.
"""

import struct
from collections.abc import Iterator

from mien.errors import InvalidImageFormatError
from mien.image.isolated import Isolated

MOST_BOXES = 20_000  # of one level; a photograph of a phone has some hundred properties, one for each tile
# Quarter turns counter-clockwise and the axis of a mirror behind them → orientation as EXIF names it.
_ORIENTATIONS = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip


def read_heic(data: bytes) -> Isolated:
    """Reads the header of a HEIC, whose decoder cuts and turns by itself.

    Raises:
        InvalidImageFormatError: it is damaged.
    """
    width = height = 0
    for kind, body in _properties(data):
        if kind == b"ispe":
            width, height = struct.unpack(">II", body[4:12])
        elif kind == b"clap":
            numbers = struct.unpack(">8I", body[:32])
            width, height = (round(numbers[each] / max(1, numbers[each + 1])) for each in (0, 2))
        elif kind == b"irot" and body[0] & 1:
            width, height = height, width
    return _sized(data, "heic", width, height)


def read_avif(data: bytes) -> Isolated:
    """Reads the header of an AVIF, whose decoder neither cuts nor turns.

    Raises:
        InvalidImageFormatError: it is damaged.
    """
    width = height = turns = 0
    axis = None
    for kind, body in _properties(data):
        if kind == b"ispe":
            width, height = struct.unpack(">II", body[4:12])
        elif kind == b"irot":
            turns = body[0] & 3
        elif kind == b"imir":
            axis = body[0] & 1
    return _sized(data, "avif", width, height, _ORIENTATIONS[turns, axis])


def _sized(data: bytes, name: str, width: int, height: int, orientation: int = 1) -> Isolated:
    if not (width and height):
        raise InvalidImageFormatError
    return Isolated(data, name, width, height, orientation)


def _properties(data: bytes) -> list[tuple[bytes, bytes]]:
    """Returns the properties of the primary picture in their order: name and content.

    Raises:
        InvalidImageFormatError: a box is missing or damaged.
    """
    try:
        meta, end = _found(data, b"meta", 0, len(data))
        start, stop = _found(data, b"pitm", meta + 4, end)
        (primary,) = struct.unpack_from(">I" if data[start] else ">H", data[:stop], start + 4)
        start, stop = _found(data, b"iprp", meta + 4, end)
        every = [(kind, data[at:to]) for kind, at, to in _boxes(data, *_found(data, b"ipco", start, stop))]
        found = []
        for kind, at, to in _boxes(data, start, stop):
            if kind == b"ipma":
                found += [every[index - 1] for index in _associated(data[at:to], primary) if 0 < index <= len(every)]
    except (struct.error, IndexError):
        raise InvalidImageFormatError from None
    wanted = {b"ispe": 12, b"clap": 32, b"irot": 1, b"imir": 1}
    return [(kind, body) for kind, body in found if len(body) >= wanted.get(kind, len(body) + 1)]


def _associated(body: bytes, primary: int) -> list[int]:
    """Returns the numbers, from 1, of the properties that a box `ipma` gives an item."""
    item, index = (">I" if body[0] else ">H"), (">H" if body[3] & 1 else ">B")
    (count,), place = struct.unpack_from(">I", body, 4), 8
    for _ in range(min(count, MOST_BOXES)):
        (number,) = struct.unpack_from(item, body, place)
        place += struct.calcsize(item)
        length = body[place]
        width = struct.calcsize(index)
        if number == primary:
            mask = 0x7FFF if width == 2 else 0x7F
            return [struct.unpack_from(index, body, place + 1 + each * width)[0] & mask for each in range(length)]
        place += 1 + length * width
    return []


def _found(data: bytes, wanted: bytes, start: int, end: int) -> tuple[int, int]:
    """Returns where the content of the first box of a kind begins and ends.

    Raises:
        InvalidImageFormatError: there is none.
    """
    for kind, at, to in _boxes(data, start, end):
        if kind == wanted:
            return at, to
    raise InvalidImageFormatError


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yields kind, beginning and end of the content of each box between two offsets."""
    for _ in range(MOST_BOXES):
        if start + 8 > end:
            return
        size, head = int.from_bytes(data[start : start + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            return
        yield data[start + 4 : start + 8], start + head, start + size
        start += size
