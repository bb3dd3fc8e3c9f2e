"""JPEG XL for `decode.py`: reads size and orientation from the beginning of the codestream (ISO/IEC 18181-1)."""

from mien.errors import InvalidImageFormatError
from mien.image.isolated import Isolated

_CODESTREAM = b"\xff\x0a"
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}  # width to height
_LENGTHS = (9, 13, 18, 30)  # bits of a side
_HEADER = 64  # bytes that hold all that is read here
MOST_BOXES = 1000


class _Bits:
    """Bits from the lowest of the first byte on."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        """Returns the next bits as a number."""
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value


def read(data: bytes) -> Isolated:
    """Reads the header; the decoder answers upright pixels.

    Raises:
        InvalidImageFormatError: it is damaged.
    """
    head = _codestream(data)
    if not head.startswith(_CODESTREAM):
        raise InvalidImageFormatError
    bits = _Bits(head[2:])
    small = bits.take(1)
    height = _side(bits, small)
    ratio = bits.take(3)
    width = height * _RATIOS[ratio][0] // _RATIOS[ratio][1] if ratio else _side(bits, small)
    orientation = 1
    if not bits.take(1) and bits.take(1):  # not all metadata are the usual ones, and some are beyond the usual
        orientation = bits.take(3) + 1
    return Isolated(data, "jxl", *((height, width) if orientation >= 5 else (width, height)))


def _side(bits: _Bits, small: int) -> int:
    return 8 * (bits.take(5) + 1) if small else bits.take(_LENGTHS[bits.take(2)]) + 1


def _codestream(data: bytes) -> bytes:
    """Returns the beginning of the codestream, bare or in a box."""
    if data.startswith(_CODESTREAM):
        return data[:_HEADER]
    place = 0
    for _ in range(MOST_BOXES):
        size, kind, head = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        start = place + head + (4 if kind == b"jxlp" else 0)
        if kind in (b"jxlc", b"jxlp"):
            return data[start : start + _HEADER]
        if size < head:
            break
        place += size
    return b""
