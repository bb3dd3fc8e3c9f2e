"""JPEG or PNG bytes → upright RGB pixels, at a reduced scale where less will do.

The header is read first and the limits are held against it, so that a decompression bomb is refused before a pixel is
allocated. JPEG goes through libjpeg-turbo (simplejpeg), which can decode at a fraction of the size; what that cannot
read strictly (CMYK, harmless oddities) goes through Pillow. PNG goes through OpenCV.
"""

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageFile

from mien.errors import ImageTooLargeError, InvalidImageFormatError, InvalidParameterError
from mien.face.types import Pixels

LEAST_SIDE = 80  # reference 2.4
MOST_SIDE = 10_000  # reference 2.4
_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
MOST_WALKED = 16 * MOST_SIDE**2  # pixels × scans of a JPEG; ten scans are usual, and one of no bytes costs as much
# markers: of a scan, of what cameras and editors add, of the end, and those without a length
_SCAN, _ADDED, _END, _ALONE = 0xDA, 0xE1, 0xD9, (0x01, 0xD8)
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_QUICK = (1 / 8, 1 / 4, 1 / 2)  # of the size: what libjpeg-turbo has vector instructions for (`benchmarks/README.md`)
_ORIENTATION = 0x0112  # the EXIF tag

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
    """

    data: bytes
    format: str
    width: int
    height: int
    orientation: int

    def rgb(self, long_side: int) -> Pixels:
        """Decode to uint8 RGB (H, W, 3), upright, the longer side at least `long_side` or the full resolution.

        Raises:
            InvalidImageFormatError: the bytes behind the header are damaged or cut short.
        """
        least = long_side / max(self.width, self.height)
        scale = next((quick for quick in _QUICK if quick >= least), 1.0)
        pixels = _jpeg(self.data, scale) if self.format == "JPEG" else _png(self.data)
        turns, mirrored = _UPRIGHT.get(self.orientation, (0, False))
        if mirrored:
            pixels = pixels[:, ::-1]
        return np.ascontiguousarray(np.rot90(pixels, turns))


def read_header(data: bytes) -> EncodedPicture:
    """Read what kind of image this is and how large, and refuse what is outside the limits.

    Raises:
        InvalidImageFormatError: neither JPEG nor PNG, or a damaged header.
        InvalidParameterError: a side below 80 pixels.
        ImageTooLargeError: a side above 10,000 pixels.
    """
    if data.startswith(_JPEG):
        kind, (width, height, orientation) = "JPEG", _jpeg_header(data)
    elif data.startswith(_PNG):
        kind, (width, height, orientation) = "PNG", _png_header(data)
    else:
        raise InvalidImageFormatError
    if orientation >= 5:
        width, height = height, width
    return EncodedPicture(data, kind, width, height, orientation)


def _within_limits(width: int, height: int) -> None:
    if max(width, height) > MOST_SIDE:
        raise ImageTooLargeError(
            f"Input image dimensions {width} x {height} exceed maximum dimension size of {MOST_SIDE} pixels"
        )
    if min(width, height) < LEAST_SIDE:
        raise InvalidParameterError


def _jpeg_header(data: bytes) -> tuple[int, int, int]:
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):  # a KeyError where the colour space is never told
        raise InvalidImageFormatError from None
    _within_limits(width, height)  # before Pillow, which guards against bombs in words of its own
    most_scans = MOST_WALKED // (width * height)
    if _at_most(data) > most_scans and _scans(data) > most_scans:
        raise InvalidImageFormatError
    return width, height, _orientation(data)


def _at_most(data: bytes) -> int:
    """No fewer scans than a JPEG has: every place that looks like one. A tenth of the time of `bytes.count`."""
    pairs = (np.frombuffer(data, "<u2", (len(data) - start) // 2, start) for start in (0, 1))
    return sum(int(np.count_nonzero(each == int.from_bytes(b"\xff\xda", "little"))) for each in pairs)


def _scans(data: bytes) -> int:
    """How many scans a JPEG has; what looks like one inside a segment or behind the end does not count."""
    return sum(marker == _SCAN for marker in _markers(data))


def _markers(data: bytes) -> Iterator[int]:
    """The markers of a JPEG up to its end, but for those inside segments."""
    place = len(_JPEG) - 1
    while (found := _MARKER.search(data, place)) and found[1][0] != _END:
        place = found.end()
        yield found[1][0]
        if found[1][0] not in _ALONE:
            place += max(2, int.from_bytes(data[place : place + 2], "big"))


def _orientation(data: bytes) -> int:
    """The EXIF orientation; 1 where there is none, or none that can be read."""
    if _ADDED not in takewhile(lambda marker: marker != _SCAN, _markers(data)):
        return 1  # as most pictures from the web, which need not be looked at a second time
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            value = image.getexif().get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, struct.error, IndexError, KeyError, TypeError):
        return 1
    return value if value in _UPRIGHT else 1


def _png_header(data: bytes) -> tuple[int, int, int]:
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise InvalidImageFormatError
    width, height = struct.unpack(">II", data[16:24])
    _within_limits(width, height)
    _whole_chunks(data)
    return width, height, 1  # a PNG's eXIf chunk is not honoured: reference 2.4


def _whole_chunks(data: bytes) -> None:
    """Refuse a PNG that ends before its pixels, or with a chunk that says it is longer than the file.

    OpenCV makes room for all that a chunk claims, up to 4 GB, and reads on behind an end that comes too early.
    """
    place, pixels = len(_PNG), False
    while place + 8 <= len(data):
        kind, length = data[place + 4 : place + 8], int.from_bytes(data[place : place + 4], "big")
        place += 12 + length
        pixels = pixels or kind == b"IDAT"
        if place > len(data) or (kind == b"IEND" and not pixels):
            raise InvalidImageFormatError
        if kind == b"IEND":
            return


def _jpeg(data: bytes, scale: float) -> Pixels:
    """Decode at a scale of 1, ½, ¼ or ⅛."""
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
        if space in ("YCbCr", "Gray", "RGB"):
            sides = {"min_height": int(height * scale), "min_width": int(width * scale)} if scale < 1 else {}
            return np.asarray(simplejpeg.decode_jpeg(data, "RGB", **sides), np.uint8)
    except (ValueError, KeyError):
        pass  # not strictly right; Pillow forgives what does not cost pixels, and refuses what does
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            _no_guessing(image)
            image.draft(None, (int(image.width * scale), int(image.height * scale)))
            return np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error):
        raise InvalidImageFormatError from None


def _no_guessing(image: Image.Image) -> None:
    if ImageFile.LOAD_TRUNCATED_IMAGES:  # a library user may have switched it on; mien refuses half an image
        image.close()
        raise InvalidImageFormatError


def _png(data: bytes) -> Pixels:
    """Decode the first frame: palette and 1–16 bits to 8, gray to RGB, alpha laid over white."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None:
        raise InvalidImageFormatError
    if image.dtype == np.uint16:
        image = np.right_shift(np.asarray(image, np.uint16), 8).astype(np.uint8)
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)
    if image.shape[2] == 4:
        return _over_white(np.asarray(image, np.uint8))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _over_white(bgra: Pixels) -> Pixels:
    """Composite over white, a band of rows at a time so that no second full-size copy in wider numbers is made."""
    rgb = np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB), np.uint8)
    for top in range(0, len(rgb), 64):
        alpha = bgra[top : top + 64, :, 3:].astype(np.uint16)
        if (alpha == 255).all():
            continue
        band = rgb[top : top + 64].astype(np.uint16)
        rgb[top : top + 64] = ((band * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return rgb
