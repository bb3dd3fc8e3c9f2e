"""PNG for `decode.py`: reads the header and decodes at a scale, a band of rows at a time.

libpng (in OpenCV) decodes whole pictures only, and on their way to RGB a large one of many bits takes many times its
answer. `image/rows.py` makes libpng read bands, and each is reduced here before the next is read.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from mien.errors import InvalidImageFormatError
from mien.face.types import Pixels
from mien.image import rows
from mien.image.limits import BYTES_PER_PIXEL, MOST_SIDE
from mien.image.orientation import of_exif
from mien.image.rows import Rows

MAGIC = rows.MAGIC
WHOLE = 1_000_000  # pixels up to which a picture is decoded in one go, which takes 20 MB at most
BAND = 1 << 20  # bytes of RGB to a band, about
_BYTES_TURNED = 6  # held for a pixel that is turned upright
_BYTES_SUMMED = 9  # held for a pixel of the answer where the passes of an interlaced picture are added up


@dataclass(frozen=True, slots=True)
class Png:
    """A PNG whose header has been read (see `decode.EncodedFile`).

    Attributes:
        data: the whole file.
        width: columns.
        height: rows.
        interlaced: whether it comes in seven passes over the whole picture.
        orientation: EXIF orientation, 1–8, of its chunk eXIf, which AWS ignores.
    """

    data: bytes
    width: int
    height: int
    interlaced: bool
    orientation: int
    beside: ClassVar[int] = 0
    faster_when_smaller: ClassVar[bool] = False

    @property
    def scales(self) -> tuple[int, ...]:
        """Scales that may be used instead of full size; a pass fits only those that divide the size evenly.

        Beyond the API's largest picture they go below half size.
        """
        if self.interlaced:
            return (4, 2, 1)
        return (7, 6, 5, 4) if self.width * self.height <= MOST_SIDE**2 else (4, 3, 2, 1)

    def held(self, eighths: int) -> int:
        """Returns the bytes held at most (see `decode.EncodedFile`)."""
        pixels = self.width * self.height * eighths**2 // 64
        upright = BYTES_PER_PIXEL if self.orientation == 1 else _BYTES_TURNED
        return pixels * (_BYTES_SUMMED if eighths < 8 and self.interlaced else upright)

    def work(self) -> int:
        """Returns the pixels of 8-bit RGB that take as long to decode."""
        return rows.work(self.data)

    def decode(self, eighths: int) -> Pixels:
        """Decodes the first frame: up to 16 bits and palettes to 8 bits, gray to RGB, alpha composited over white.

        Args:
            eighths: 1, 2, 4 or 8, or one of `scales`. A pixel of the answer is the mean of those it stands for.

        Returns:
            uint8 RGB (H, W, 3).

        Raises:
            InvalidImageFormatError: it is damaged or cut short.
        """
        if eighths == 8 and self.width * self.height <= WHOLE:
            return Rows(self.data).whole()
        return decode_bands(self.data, eighths)


def read(data: bytes) -> Png:
    """Reads the header.

    Raises:
        InvalidImageFormatError: it is damaged, or a chunk is longer than the file.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise InvalidImageFormatError
    width, height = struct.unpack(">II", data[16:24])
    return Png(data, width, height, bool(data[28]), of_exif(_checked_chunks(data)))


def _checked_chunks(data: bytes) -> bytes:
    """Returns the EXIF, if there is one, and refuses a PNG whose chunks are not sound.

    It may not end before its pixels, have a chunk longer than the file, or very many. OpenCV allocates as much as a
    chunk claims to have, up to 4 GB, and reads past an end that comes too early.
    """
    place, pixels, exif = len(MAGIC), False, b""
    for _ in range(rows.MOST_CHUNKS):
        if place + 8 > len(data):
            return exif
        kind, length = data[place + 4 : place + 8], int.from_bytes(data[place : place + 4], "big")
        if kind == b"eXIf" and not exif:
            exif = data[place + 8 : place + 8 + length]
        place += 12 + length
        pixels = pixels or kind == b"IDAT"
        if place > len(data) or (kind == b"IEND" and not pixels):
            raise InvalidImageFormatError
        if kind == b"IEND":
            return exif
    raise InvalidImageFormatError


def decode_bands(data: bytes, eighths: int, band: int = BAND) -> Pixels:
    """Decodes a picture of any size at a scale, about `band` bytes of RGB at a time (see `Png.decode`)."""
    file = Rows(data)
    if file.interlaced:
        return _passes_summed(file, eighths, band)
    image = np.empty((file.height * eighths // 8, file.width * eighths // 8, 3), np.uint8)
    filled = 0
    for part in file.bands(file.width, file.height, band):
        height = len(part) * eighths // 8
        image[filled : filled + height] = _reduced(part, eighths)[:height]
        filled += height
    return image


def _reduced(band: Pixels, eighths: int) -> Pixels:
    """Reduces a band, by exact halves as far as possible, for which processors have instructions.

    A band has a multiple of eight rows, so that no pixel of the answer stands for pixels of two bands. Of the last
    band, a rest too small for a row may be answered with one row too many.
    """
    while eighths <= 4:
        band, eighths = _resized(band[: max(len(band) & ~1, 1), : band.shape[1] & ~1], 4), eighths * 2
    return band if eighths == 8 else _resized(band, eighths)


def _resized(band: Pixels, eighths: int) -> Pixels:
    height, width = (max(1, side * eighths // 8) for side in band.shape[:2])
    return np.asarray(cv2.resize(band, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _passes_summed(file: Rows, eighths: int, band: int) -> Pixels:
    """Decodes an interlaced picture: adds the pixels of each pass to the pixels of the answer that they belong to."""
    block = 8 // eighths
    sums = np.zeros((file.height // block, file.width // block, 3), np.uint8 if block == 1 else np.uint16)
    for x, y, across, down in rows.ADAM7:
        width, height = -((x - file.width) // across), -((y - file.height) // down)
        if width <= 0 or height <= 0:
            continue
        top = y
        for part in file.bands(width, height, band):
            place = sums[top // block :: max(1, down // block), x // block :: max(1, across // block)]
            added = _block_sums(part, max(1, block // across), max(1, block // down))[: len(place), : place.shape[1]]
            place[: len(added)] += added
            top += down * len(part)
    if block > 1:
        sums += block * block // 2
        sums //= block * block
    return sums.astype(np.uint8, copy=False)


def _block_sums(band: Pixels, across: int, down: int) -> Pixels | np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Sums blocks of `across` × `down` pixels; incomplete blocks at the right and at the bottom are left out."""
    if across == down == 1:
        return band
    height, width = len(band) // down, band.shape[1] // across
    sums = np.zeros((height, width, 3), np.uint16)
    for row in range(down):
        for column in range(across):
            sums += band[row : height * down : down, column : width * across : across]
    return sums
