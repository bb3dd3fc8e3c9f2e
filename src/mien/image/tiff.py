"""TIFF for `decode.py`: reads size and orientation from the first directory (TIFF 6.0, and BigTIFF)."""

import struct

from mien.errors import InvalidImageFormatError
from mien.image.isolated import Isolated

_WIDTH, _HEIGHT, _ORIENTATION = 0x0100, 0x0101, 0x0112
_KINDS = {3: "H", 4: "I", 16: "Q"}  # of a value: short, long, and BigTIFF's own
# How it begins → order of bytes, place and kind of the first directory, kind of its count, bytes of an entry.
_FORMS = {
    b"II*\0": ("<", 4, "I", "H", 12),
    b"MM\0*": (">", 4, "I", "H", 12),
    b"II+\0": ("<", 8, "Q", "Q", 20),
    b"MM\0+": (">", 8, "Q", "Q", 20),
}
MOST_ENTRIES = 10_000


def read(data: bytes) -> Isolated:
    """Reads the header; the decoder answers the first page upright.

    Raises:
        InvalidImageFormatError: it is damaged.
    """
    try:
        values = _values(data)
        width, height, orientation = values[_WIDTH], values[_HEIGHT], values.get(_ORIENTATION, 1)
    except (struct.error, KeyError):
        raise InvalidImageFormatError from None
    if not (width and height):
        raise InvalidImageFormatError
    return Isolated(data, "tiff", *((height, width) if 5 <= orientation <= 8 else (width, height)))


def _values(data: bytes) -> dict[int, int]:
    """Returns the first value of each entry that is read here."""
    order, place, offset, count, length = _FORMS[data[:4]]
    (first,) = struct.unpack_from(order + offset, data, place)
    (entries,) = struct.unpack_from(order + count, data, first)
    start, found = first + struct.calcsize(count), {}
    for entry in range(start, start + min(entries, MOST_ENTRIES) * length, length):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        if tag in (_WIDTH, _HEIGHT, _ORIENTATION) and kind in _KINDS:
            (found[tag],) = struct.unpack_from(order + _KINDS[kind], data, entry + (12 if length == 20 else 8))
        if tag > _ORIENTATION:  # entries are sorted
            break
    return found
