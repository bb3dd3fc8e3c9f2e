"""Photographs as AWS's API takes them: a JPEG or PNG within its limits stays as it is, any other becomes a JPEG.

For an import beside a server, and for the console, whose browser may not read what a phone writes.
"""

import cv2
import numpy as np
import simplejpeg

from mien.face.types import Picture, Pixels
from mien.image.decode import read_header
from mien.image.limits import AWS, EVERY, LEAST_SIDE, MOST_SIDE

QUALITY = 92
_SHRINK = 0.95  # of the sides that should just fit


def fitted(data: bytes, most: int) -> bytes:
    """Returns a photograph as the API takes it, upright where it is encoded again.

    Args:
        data: the file, in any format that mien reads.
        most: bytes of the answer.

    Raises:
        InvalidImageFormatError: it is none, or damaged; the message says which.
        InvalidParameterError: a side is below 80 pixels.
        ImageTooLargeError: it is too large to be decoded.
    """
    picture = read_header(data, EVERY)
    if len(data) <= most and picture.format in AWS.formats and max(picture.width, picture.height) <= MOST_SIDE:
        stays = picture.format == "jpeg" or picture.orientation == 1  # AWS ignores the EXIF of a PNG
        return data if stays else as_jpeg(picture, most)
    return as_jpeg(picture, most)


def as_jpeg(picture: Picture, most: int) -> bytes:
    """Encodes a picture as JPEG of at most so many bytes, as large as they allow.

    Raises:
        InvalidImageFormatError: it is damaged.
    """
    side = min(MOST_SIDE, max(picture.width, picture.height))
    pixels = _reduced(picture.rgb(side), side)
    while True:
        data: bytes = simplejpeg.encode_jpeg(pixels, QUALITY, "RGB", "420")
        if len(data) <= most or max(pixels.shape[:2]) <= LEAST_SIDE:
            return data
        pixels = _reduced(pixels, int(max(pixels.shape[:2]) * _SHRINK * (most / len(data)) ** 0.5))


def _reduced(pixels: Pixels, side: int) -> Pixels:
    """Reduces a picture whose longer side is longer than this."""
    factor = side / max(pixels.shape[:2])
    if factor >= 1:
        return pixels
    height, width = (max(1, round(each * factor)) for each in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
