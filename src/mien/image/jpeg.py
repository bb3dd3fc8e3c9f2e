"""JPEG for `decode.py`: reads the header and the camera's EXIF orientation, and decodes at a scale.

libjpeg-turbo (simplejpeg) decodes, at a fraction of the size where that is enough. Pillow decodes files that are not
strictly valid, and CMYK. A JPEG is a row of segments, each a marker with its length, and of scans (ITU-T T.81); the
EXIF of a camera is a segment APP1 that holds a TIFF directory (JEITA CP-3451).
"""

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import simplejpeg
from PIL import Image, ImageFile

from mien.errors import InvalidImageFormatError
from mien.face.types import Pixels
from mien.image.limits import BYTES_PER_PIXEL, MOST_HELD, MOST_SIDE, check_sides

MAGIC = b"\xff\xd8\xff"
MOST_SEGMENTS = 40_000  # a photograph has some ten, and thirty for each megabyte of metadata
MOST_SCANNED = 16 * MOST_SIDE**2  # pixels × scans; ten scans are usual, and one of no bytes costs as much as any
FEW_SCANS = 16  # up to here, a byte pair that only looks like a scan may be counted as one
_COSTLY_SCANS = 16  # scans that cost as much as the rest of decoding
_BYTES_TURNED, _BYTES_IN_PILLOW = 6, 7  # held for a pixel that is turned upright, or that Pillow decodes

_SCAN, _END, _NO_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)  # markers
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))  # of sizes and colours
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_APP1 = 0xE1
_METADATA = (*range(0xE1, 0xEE), 0xEF, 0xFE)  # changes no pixel; JFIF's and Adobe's do, since they name the colours
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_EXIF = b"Exif\0\0"
_ORIENTATION, _SHORT, _ENTRY = 0x0112, 3, 12  # the tag, its type, and the bytes of an entry


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A JPEG whose header has been read (see `decode.EncodedFile`).

    Attributes:
        data: the whole file.
        width: columns as stored.
        height: rows as stored.
        orientation: EXIF orientation, 1–8; 1 is upright.
        scans: how often the decoder passes over the picture, or slightly more where that is few.
        colours: how many there are.
        coefficients: bytes that the decoder holds of them for each pixel, whatever the scale.
    """

    data: bytes
    width: int
    height: int
    orientation: int
    scans: int
    colours: int
    coefficients: float
    faster_when_smaller: ClassVar[bool] = True
    scales: ClassVar[tuple[int, ...]] = (7, 6, 5, 4)

    def held(self, eighths: int) -> int:
        """Returns the bytes held at most (see `decode.EncodedFile`)."""
        pixels = self.width * self.height * eighths**2 // 64
        upright = BYTES_PER_PIXEL if self.orientation == 1 else _BYTES_TURNED
        pixel = _BYTES_IN_PILLOW if self.colours > 3 else upright
        return pixels * pixel + int(self.width * self.height * self.coefficients)

    def work(self) -> int:
        """Returns the pixels of a JPEG of one scan that take as long: further scans of no bytes cost time too."""
        return int(self.width * self.height * (1 + (self.scans - 1) / _COSTLY_SCANS))

    def decode(self, eighths: int) -> Pixels:
        """Decodes at 1, 2, or 4 to 8 eighths of the size (see `decode.EncodedFile`)."""
        try:
            height, width, space, _ = simplejpeg.decode_jpeg_header(self.data)
            if space in ("YCbCr", "Gray", "RGB"):
                rows, columns = height * eighths // 8, width * eighths // 8
                sides = {"min_height": rows, "min_width": columns} if eighths < 8 else {}
                return np.asarray(simplejpeg.decode_jpeg(self.data, "RGB", **sides), np.uint8)
        except (ValueError, KeyError):
            pass  # not strictly valid; Pillow forgives what does not cost pixels, and refuses what does
        return _decoded_by_pillow(self.data, eighths)


def read(data: bytes) -> Jpeg:
    """Reads the header.

    Raises:
        InvalidImageFormatError: it is damaged, or the file has more scans than any camera writes.
        InvalidParameterError: a side is too short.
        ImageTooLargeError: a side is too long.
    """
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):  # a KeyError where the file does not name its colour space
        raise InvalidImageFormatError from None
    check_sides(width, height)  # before Pillow, whose own guard against bombs raises other errors
    scans = _scans(data)
    if scans > max(FEW_SCANS, MOST_SCANNED // (width * height)):
        raise InvalidImageFormatError
    return Jpeg(data, width, height, _orientation(data), scans, *_frame(data))


def _decoded_by_pillow(data: bytes, eighths: int) -> Pixels:
    try:
        with Image.open(io.BytesIO(_without_metadata(data)), formats=["JPEG"]) as image:
            _refuse_truncated(image)
            if image.width * image.height * _BYTES_IN_PILLOW > MOST_HELD:
                eighths = min(eighths, 4)  # Pillow has no scale between half and full size
            image.draft(None, (image.width * eighths // 8, image.height * eighths // 8))
            return _in_rgb(image)
    except (OSError, SyntaxError, ValueError, struct.error):
        raise InvalidImageFormatError from None


def _in_rgb(image: Image.Image) -> Pixels:
    """Converts Pillow's pixels to RGB, a few rows at a time, so that no second full-size copy is held."""
    image.load()
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, 64):
        band = image.crop((0, top, image.width, min(image.height, top + 64)))
        rgb[top : top + 64] = np.asarray(band.convert("RGB"), np.uint8)
    return rgb


def _refuse_truncated(image: Image.Image) -> None:
    if ImageFile.LOAD_TRUNCATED_IMAGES:  # a user of the library may have switched it on; mien refuses half an image
        image.close()
        raise InvalidImageFormatError


def _markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yields each marker up to the end of the picture, and where its segment begins.

    Raises:
        InvalidImageFormatError: there are more than MOST_SEGMENTS.
    """
    place = len(MAGIC) - 1
    for _ in range(MOST_SEGMENTS):
        if not (found := _MARKER.search(data, place)) or found[1][0] == _END:
            return
        place = found.end()
        yield found[1][0], place
        if found[1][0] not in _NO_LENGTH:
            place += max(2, int.from_bytes(data[place : place + 2], "big"))
    raise InvalidImageFormatError


def _scans(data: bytes) -> int:
    """Returns the number of scans, or slightly more where it is at most FEW_SCANS."""
    at_most = _scan_like_pairs(data)
    return at_most if at_most <= FEW_SCANS else sum(marker == _SCAN for marker, _ in _markers(data))


def _scan_like_pairs(data: bytes) -> int:
    """Counts every byte pair that looks like the marker of a scan; `bytes.count` would be many times slower."""
    pairs = (np.frombuffer(data, "<u2", (len(data) - start) // 2, start) for start in (0, 1))
    return sum(int(np.count_nonzero(each == int.from_bytes(b"\xff\xda", "little"))) for each in pairs)


def _frame(data: bytes) -> tuple[int, float]:
    """Returns how many colours the picture has, and how many bytes of coefficients the decoder holds for each pixel.

    In a progressive JPEG no scan has all of the picture, so a coefficient of two bytes is held for each sample,
    whatever the scale; otherwise none is.
    """
    samples, colours, progressive = 0.0, 0, False
    for marker, place in _markers(data):
        if marker == _SCAN:
            return colours, 2 * samples if progressive or _byte(data, place + 2) < colours else 0.0
        if marker in _FRAMES:
            colours, progressive = _byte(data, place + 7), marker in _PROGRESSIVE
            shares = [(each >> 4) * (each & 15) for each in data[place + 9 : place + 8 + 3 * colours : 3]]
            samples = sum(shares) / max(1, *shares)
    return colours, 0.0


def _orientation(data: bytes) -> int:
    """Returns the EXIF orientation, 1–8, of the first segment that has one; 1 if none can be read."""
    for marker, place in _markers(data):
        if marker == _SCAN:
            return 1
        if marker == _APP1 and data.startswith(_EXIF, place + 2):
            end = place + int.from_bytes(data[place : place + 2], "big")
            return _orientation_of_tiff(data[place + 2 + len(_EXIF) : end])
    return 1


def _orientation_of_tiff(tiff: bytes) -> int:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for place in range(first + 2, min(first + 2 + count * _ENTRY, len(tiff)), _ENTRY):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, place)
            if tag == _ORIENTATION:
                return value if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:  # it ends too soon, or has no byte order
        return 1
    return 1


def _without_metadata(data: bytes) -> bytes:
    """Returns the file without metadata, because the time in which Pillow joins its parts is quadratic in them."""
    parts, kept = [data[:2]], 2
    for marker, place in _markers(data):
        if marker == _SCAN:
            break
        if marker in _METADATA:
            parts.append(data[kept : place - 2])
            kept = place + max(2, int.from_bytes(data[place : place + 2], "big"))
    return b"".join((*parts, data[kept:]))


def _byte(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 1])
