"""Decodes the JPEGs that libjpeg-turbo's own interface refuses: CMYK, unusual chroma sampling, small faults.

Pillow reads them through the same library at a lower level. It forgives what costs no pixels; half a picture is
refused here.
"""

import io
import struct

import numpy as np
from PIL import Image, ImageFile

from mien.errors import ImageTooLargeError, InvalidImageFormatError
from mien.face.types import Pixels
from mien.image.limits import MOST_HELD

BYTES_A_PIXEL = 7  # held while Pillow decodes
END = b"\xff\xd9"
_FILLERS = (b"", b"\x55\xaa" * 512)  # two ways to go on behind the last byte: a missing pixel differs between them


def decoded(data: bytes, sides: tuple[int, int], eighths: int, ended: bool) -> Pixels:
    """Decodes at a scale, full size or half and less.

    Args:
        data: the file, without metadata, in whose parts Pillow's time is quadratic.
        sides: width and height by its header.
        eighths: the scale.
        ended: whether the file has its end marker. Pillow refuses one without it, whole or not, so it is given one,
            and decoded twice to see whether the pixels depend on what follows.

    Raises:
        InvalidImageFormatError: it is damaged or cut short.
        ImageTooLargeError: it has more than 179 megapixels.
    """
    if ended:
        return _opened(data, sides, eighths)
    data = data.rstrip(b"\xff")  # half an end, which would change the meaning of what follows
    first, again = (_opened(data + filler + END, sides, eighths) for filler in _FILLERS)
    if not np.array_equal(first, again):
        raise InvalidImageFormatError
    return first


def _opened(data: bytes, sides: tuple[int, int], eighths: int) -> Pixels:
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if image.size != sides or ImageFile.LOAD_TRUNCATED_IMAGES:  # which a user of the library may have set
                raise InvalidImageFormatError
            if image.width * image.height * BYTES_A_PIXEL > MOST_HELD:
                eighths = min(eighths, 4)  # Pillow has no scale between half and full size
            image.draft(None, (image.width * eighths // 8, image.height * eighths // 8))
            return _in_rgb(image)
    except (OSError, SyntaxError, ValueError, struct.error):
        raise InvalidImageFormatError from None
    except Image.DecompressionBombError:  # Pillow's own limit, twice that of the API
        raise ImageTooLargeError from None


def _in_rgb(image: Image.Image) -> Pixels:
    """Converts Pillow's pixels to RGB, a few rows at a time, so that no second full-size copy is held."""
    image.load()
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, 64):
        band = image.crop((0, top, image.width, min(image.height, top + 64)))
        rgb[top : top + 64] = np.asarray(band.convert("RGB"), np.uint8)
    return rgb
