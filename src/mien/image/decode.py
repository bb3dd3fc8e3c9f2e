"""JPEG or PNG bytes → upright RGB pixels, at a reduced scale where less will do.

The header is read first and the limits are held against it, so that a decompression bomb is refused before a pixel is
allocated. JPEG goes through libjpeg-turbo (simplejpeg), which can decode at a fraction of the size; what that cannot
read strictly (CMYK, harmless oddities) goes through Pillow. PNG: `image/png.py`. No picture is decoded at a scale at
which it would hold more than MOST_HELD, but at half its size all are.
"""

import io
import struct
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import Image, ImageFile

from mien.errors import ImageTooLargeError, InvalidImageFormatError, InvalidParameterError
from mien.face.types import Pixels
from mien.image import jpeg, png, rows
from mien.image.rows import MAGIC

LEAST_SIDE = 80  # reference 2.4
MOST_SIDE = 10_000  # reference 2.4
_PASSES = 16  # scans that cost as much as the rest of decoding a JPEG
MOST_WALKED = 16 * MOST_SIDE**2  # pixels × scans of a JPEG; ten scans are usual, and one of no bytes costs as much
# Bytes that a picture may hold while it is decoded and looked at. What would hold more is decoded at a smaller scale,
# at half its size if need be: a face of so large a picture seldom has fewer pixels than its crop then.
MOST_HELD = 100_000_000
LITTLE = 50_000_000  # bytes that a PNG holds at full size to be decoded so at once: a second time would cost as much
_PIXEL, _TURNED, _ADDED_UP, _FORGIVEN = 4, 6, 9, 7  # bytes held for a pixel of the answer, its share of halves included
_QUICK = (1, 2, 4)  # eighths of the size: what libjpeg-turbo has vector instructions for (`benchmarks/README.md`)

# How many quarter turns counter-clockwise, and whether to mirror left and right before turning, for each EXIF value.
_UPRIGHT = {2: (0, True), 3: (2, False), 4: (2, True), 5: (1, True), 6: (3, False), 7: (3, True), 8: (1, False)}


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """A picture whose header has been read and whose pixels have not.

    Attributes:
        data: the whole file.
        format: "JPEG" or "PNG".
        width: columns of the upright image.
        height: rows of the upright image.
        orientation: EXIF orientation, 1–8; 1 is upright.
        scans: how often a JPEG's decoder passes over the picture, or a few times more.
    """

    data: bytes
    format: str
    width: int
    height: int
    orientation: int
    scans: int = 1

    def rgb(self, long_side: int) -> Pixels:
        """Decode to uint8 RGB (H, W, 3), upright, the longer side at least `long_side` or the most that it may have.

        Raises:
            InvalidImageFormatError: the bytes behind the header are damaged or cut short.
        """
        eighths = self._eighths(long_side)
        pixels = _decoded(self.data, eighths) if self.format == "JPEG" else png.decode(self.data, eighths)
        turns, mirrored = _UPRIGHT.get(self.orientation, (0, False))
        if mirrored:
            pixels = pixels[:, ::-1]
        return np.ascontiguousarray(np.rot90(pixels, turns))

    @property
    def room(self) -> int:
        """How many pixels it counts for among those in flight, of which each may take four bytes.

        What costs more time than an ordinary picture of its size counts for a larger one, by what was measured
        (`benchmarks/README.md`, "What a picture costs").
        """
        pixels = self.width * self.height
        work = pixels * (1 + (self.scans - 1) / _PASSES) if self.format == "JPEG" else rows.work(self.data)
        return max(pixels, self.held(max(self.width, self.height)) // _PIXEL, int(work))

    def held(self, long_side: int) -> int:
        """Bytes that `rgb` of this side, and what is made of its answer, hold at the most."""
        return self._held(self._eighths(long_side))

    def _eighths(self, long_side: int) -> int:
        """The scale to decode at, in eighths of the size."""
        passes = self.format == "PNG" and png.interlaced(self.data)
        if self.format == "PNG" and self._held(8) <= LITTLE:
            return 8
        least = 8 * long_side / max(self.width, self.height)
        quick = next((eighths for eighths in _QUICK if eighths >= least), 8)
        if quick < 8 or self._held(8) <= MOST_HELD:
            return quick
        between, last = ((4,), 2) if passes else ((7, 6, 5), 4)
        return next((eighths for eighths in between if self._held(eighths) <= MOST_HELD), last)

    def _held(self, eighths: int) -> int:
        pixels = self.width * self.height * eighths**2 // 64
        if self.format == "PNG":
            return pixels * (_ADDED_UP if eighths < 8 and png.interlaced(self.data) else _PIXEL)
        colours, coefficients = jpeg.frame(self.data)
        pixel = _FORGIVEN if colours > 3 else _PIXEL if self.orientation == 1 else _TURNED
        return pixels * pixel + int(self.width * self.height * coefficients)


def read_header(data: bytes) -> EncodedPicture:
    """Read what kind of image this is and how large, and refuse what is outside the limits.

    Raises:
        InvalidImageFormatError: neither JPEG nor PNG, or a damaged header.
        InvalidParameterError: a side below 80 pixels.
        ImageTooLargeError: a side above 10,000 pixels.
    """
    if data.startswith(jpeg.MAGIC):
        kind, (width, height, orientation, scans) = "JPEG", _jpeg_header(data)
    elif data.startswith(MAGIC):
        kind, (width, height, orientation, scans) = "PNG", (*_png_header(data), 1)
    else:
        raise InvalidImageFormatError
    if orientation >= 5:
        width, height = height, width
    return EncodedPicture(data, kind, width, height, orientation, scans)


def _within_limits(width: int, height: int) -> None:
    if max(width, height) > MOST_SIDE:
        raise ImageTooLargeError(
            f"Input image dimensions {width} x {height} exceed maximum dimension size of {MOST_SIDE} pixels"
        )
    if min(width, height) < LEAST_SIDE:
        raise InvalidParameterError


def _jpeg_header(data: bytes) -> tuple[int, int, int, int]:
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):  # a KeyError where the colour space is never told
        raise InvalidImageFormatError from None
    _within_limits(width, height)  # before Pillow, which guards against bombs in words of its own
    scans = jpeg.scans(data)
    if scans > max(jpeg.FEW, MOST_WALKED // (width * height)):
        raise InvalidImageFormatError
    return width, height, jpeg.orientation(data), scans


def _png_header(data: bytes) -> tuple[int, int, int]:
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise InvalidImageFormatError
    width, height = struct.unpack(">II", data[16:24])
    _within_limits(width, height)
    _whole_chunks(data)
    return width, height, 1  # a PNG's eXIf chunk is not honoured: reference 2.4


def _whole_chunks(data: bytes) -> None:
    """Refuse a PNG that ends before its pixels, with a chunk longer than the file, or with very many.

    OpenCV makes room for all that a chunk claims, up to 4 GB, and reads on behind an end that comes too early.
    """
    place, pixels = len(MAGIC), False
    for _ in range(rows.MOST_CHUNKS):
        if place + 8 > len(data):
            return
        kind, length = data[place + 4 : place + 8], int.from_bytes(data[place : place + 4], "big")
        place += 12 + length
        pixels = pixels or kind == b"IDAT"
        if place > len(data) or (kind == b"IEND" and not pixels):
            raise InvalidImageFormatError
        if kind == b"IEND":
            return
    raise InvalidImageFormatError


def _decoded(data: bytes, eighths: int) -> Pixels:
    """Decode at so many eighths of the size: 1, 2, or 4 to 8."""
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
        if space in ("YCbCr", "Gray", "RGB"):
            rows, columns = height * eighths // 8, width * eighths // 8
            sides = {"min_height": rows, "min_width": columns} if eighths < 8 else {}
            return np.asarray(simplejpeg.decode_jpeg(data, "RGB", **sides), np.uint8)
    except (ValueError, KeyError):
        pass  # not strictly right; Pillow forgives what does not cost pixels, and refuses what does
    try:
        with Image.open(io.BytesIO(jpeg.bare(data)), formats=["JPEG"]) as image:
            _no_guessing(image)
            if image.width * image.height * _FORGIVEN > MOST_HELD:
                eighths = min(eighths, 4)  # there is no scale between here
            image.draft(None, (image.width * eighths // 8, image.height * eighths // 8))
            return _in_rgb(image)
    except (OSError, SyntaxError, ValueError, struct.error):
        raise InvalidImageFormatError from None


def _in_rgb(image: Image.Image) -> Pixels:
    """Pillow's pixels, four bytes each, to RGB a few rows at a time, so that they are not held four times."""
    image.load()
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, 64):
        band = image.crop((0, top, image.width, min(image.height, top + 64)))
        rgb[top : top + 64] = np.asarray(band.convert("RGB"), np.uint8)
    return rgb


def _no_guessing(image: Image.Image) -> None:
    if ImageFile.LOAD_TRUNCATED_IMAGES:  # a library user may have switched it on; mien refuses half an image
        image.close()
        raise InvalidImageFormatError
