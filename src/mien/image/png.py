"""PNG bytes → RGB pixels at a scale; of a large picture no more is held than the answer and a band of rows.

What reads PNG (libpng, in OpenCV) gives whole pictures: on their way to RGB, 100 megapixels of the deepest kind take
2 GB. `image/rows.py` has it read bands, which are reduced here before the next is read.
"""

import struct

import cv2
import numpy as np

from mien.face.types import Pixels
from mien.image import rows
from mien.image.rows import Rows

WHOLE = 1_000_000  # pixels up to which a picture is read in one go, which takes 20 MB at most
BAND = 1 << 20  # bytes of RGB to a band, about


def interlaced(data: bytes) -> bool:
    """Whether a PNG comes in seven passes over the whole picture, told by its header."""
    return bool(data[28])


def decode(data: bytes, eighths: int) -> Pixels:
    """Decode the first frame to uint8 RGB (H, W, 3): 1–16 bits and palettes to 8, gray to RGB, alpha laid over white.

    Args:
        data: the file, its header and the lengths of its chunks found to be right.
        eighths: of the full size that are wanted: 1, 2, 4 or 8, or 5 to 7 of what is not interlaced. A pixel of the
            answer is the mean of those it stands for.

    Raises:
        InvalidImageFormatError: it is damaged or cut short.
    """
    width, height = struct.unpack(">II", data[16:24])
    if eighths == 8 and width * height <= WHOLE:
        return Rows(data).whole()
    return in_bands(data, eighths)


def in_bands(data: bytes, eighths: int, band: int = BAND) -> Pixels:
    """The same for a picture of any size, about `band` bytes of RGB at a time."""
    file = Rows(data)
    if interlaced(data):
        return _of_passes(file, eighths, band)
    image = np.empty((file.height * eighths // 8, file.width * eighths // 8, 3), np.uint8)
    filled = 0
    for part in file.bands(file.width, file.height, band):
        height = len(part) * eighths // 8
        image[filled : filled + height] = _reduced(part, eighths)[:height]
        filled += height
    return image


def _reduced(band: Pixels, eighths: int) -> Pixels:
    """A band at a scale, halved as often as that goes, which is what processors have instructions for.

    The rows of a band are a multiple of eight, so that no pixel of the answer stands for pixels of two bands; of the
    last band, what is too little for a row may be answered with one too many.
    """
    while eighths <= 4:
        band, eighths = _resized(band[: max(len(band) & ~1, 1), : band.shape[1] & ~1], 4), eighths * 2
    return band if eighths == 8 else _resized(band, eighths)


def _resized(band: Pixels, eighths: int) -> Pixels:
    height, width = (max(1, side * eighths // 8) for side in band.shape[:2])
    return np.asarray(cv2.resize(band, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _of_passes(file: Rows, eighths: int, band: int) -> Pixels:
    """An interlaced picture: each pass brings pixels from all over it, which are added to what they become part of."""
    block = 8 // eighths
    sums = np.zeros((file.height // block, file.width // block, 3), np.uint8 if block == 1 else np.uint16)
    for x, y, across, down in rows.ADAM7:
        width, height = -((x - file.width) // across), -((y - file.height) // down)
        if width <= 0 or height <= 0:
            continue
        top = y
        for part in file.bands(width, height, band):
            place = sums[top // block :: max(1, down // block), x // block :: max(1, across // block)]
            added = _added(part, max(1, block // across), max(1, block // down))[: len(place), : place.shape[1]]
            place[: len(added)] += added
            top += down * len(part)
    if block > 1:
        sums += block * block // 2
        sums //= block * block
    return sums.astype(np.uint8, copy=False)


def _added(band: Pixels, across: int, down: int) -> Pixels | np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Sums of so many pixels each way; what is left over at the right and at the bottom is left out."""
    if across == down == 1:
        return band
    height, width = len(band) // down, band.shape[1] // across
    sums = np.zeros((height, width, 3), np.uint16)
    for row in range(down):
        for column in range(across):
            sums += band[row : height * down : down, column : width * across : across]
    return sums
