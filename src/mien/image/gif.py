"""GIF for `decode.py`: reads the size of its screen (GIF89a)."""

from mien.errors import InvalidImageFormatError
from mien.image.isolated import Isolated


def read(data: bytes) -> Isolated:
    """Reads the header; the first frame is decoded.

    Raises:
        InvalidImageFormatError: it is damaged.
    """
    width, height = (int.from_bytes(data[each : each + 2], "little") for each in (6, 8))
    if not (width and height):
        raise InvalidImageFormatError
    return Isolated(data, "gif", width, height)
