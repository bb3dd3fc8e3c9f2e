"""BMP for `decode.py`: reads the size from its second header."""

from mien.errors import InvalidImageFormatError
from mien.image.isolated import Isolated

_OLDEST = 12  # bytes of the header that OS/2 had, with sides of two bytes


def read(data: bytes) -> Isolated:
    """Reads the header.

    Raises:
        InvalidImageFormatError: it is damaged.
    """
    size = 2 if int.from_bytes(data[14:18], "little") == _OLDEST else 4
    width, height = (int.from_bytes(data[each : each + size], "little", signed=size == 4) for each in (18, 18 + size))
    if width <= 0 or not height:
        raise InvalidImageFormatError
    return Isolated(data, "bmp", width, abs(height))  # rows from the top have a negative number
