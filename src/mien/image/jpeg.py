"""JPEG for `decode.py`: reads the header and the camera's EXIF orientation, and decodes at a scale.

libjpeg-turbo (simplejpeg) decodes, at a fraction of the size where that is enough. `forgiving.py` decodes files that
are not strictly valid, CMYK, and unusual chroma sampling. A JPEG is a row of segments, each a marker with its length,
and of scans (ITU-T T.81); the EXIF of a camera is a segment APP1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import simplejpeg

from mien.errors import InvalidImageFormatError
from mien.face.types import Pixels
from mien.image import forgiving
from mien.image.limits import BYTES_PER_PIXEL, MOST_SIDE
from mien.image.orientation import of_exif

MAGIC = b"\xff\xd8\xff"
MOST_SEGMENTS = 40_000  # a photograph has some ten, and thirty for each megabyte of metadata
MOST_SCANNED = 16 * MOST_SIDE**2  # pixels × scans; ten scans are usual, and one of no bytes costs as much as any
FEW_SCANS = 16  # up to here, a byte pair that only looks like a scan may be counted as one
_COSTLY_SCANS = 16  # scans that cost as much as the rest of decoding
_BYTES_TURNED = 6  # held for a pixel that is turned upright
_COLOURS = (1, 3, 4)
_ORDINARY = ("YCbCr", "Gray", "RGB")  # spaces of colours that libjpeg-turbo's own interface turns to RGB

_SCAN, _END, _NO_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)  # markers
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))  # of sizes and colours
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_APP1 = 0xE1
_METADATA = (*range(0xE1, 0xEE), 0xEF, 0xFE)  # changes no pixel; JFIF's and Adobe's do, since they name the colours
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_EXIF = b"Exif\0\0"


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A JPEG whose header has been read (see `decode.EncodedFile`).

    Attributes:
        data: the whole file.
        width: columns as stored.
        height: rows as stored.
        orientation: EXIF orientation, 1–8; 1 is upright.
        scans: how often the decoder passes over the picture, or slightly more where that is few.
        ordinary: whether libjpeg-turbo's own interface knows its colours and their sampling.
        coefficients: bytes that the decoder holds of them for each pixel, whatever the scale.
    """

    data: bytes
    width: int
    height: int
    orientation: int
    scans: int
    ordinary: bool
    coefficients: float
    beside: ClassVar[int] = 0
    faster_when_smaller: ClassVar[bool] = True

    @property
    def scales(self) -> tuple[int, ...]:
        """Scales that may be used instead of full size; beyond the API's largest picture, less than half size too."""
        return (7, 6, 5, 4) if self.width * self.height <= MOST_SIDE**2 else (4, 3, 2, 1)

    def held(self, eighths: int) -> int:
        """Returns the bytes held at most (see `decode.EncodedFile`)."""
        pixels = self.width * self.height * eighths**2 // 64
        upright = BYTES_PER_PIXEL if self.orientation == 1 else _BYTES_TURNED
        pixel = upright if self.ordinary else forgiving.BYTES_A_PIXEL
        return pixels * pixel + int(self.width * self.height * self.coefficients)

    def work(self) -> int:
        """Returns the pixels of a JPEG of one scan that take as long: further scans of no bytes cost time too."""
        return int(self.width * self.height * (1 + (self.scans - 1) / _COSTLY_SCANS))

    def decode(self, eighths: int) -> Pixels:
        """Decodes at 1 to 8 eighths of the size (see `decode.EncodedFile`)."""
        ended = _has_end(self.data)
        if self.ordinary:
            rows, columns = self.height * eighths // 8, self.width * eighths // 8
            sides = {"min_height": rows, "min_width": columns} if eighths < 8 else {}
            try:
                whole = self.data if ended else self.data + forgiving.END
                return np.asarray(simplejpeg.decode_jpeg(whole, "RGB", **sides), np.uint8)
            except ValueError:
                pass  # not strictly valid, or cut short
        return forgiving.decoded(_without_metadata(self.data), (self.width, self.height), eighths, ended)


def read(data: bytes) -> Jpeg:
    """Reads the header.

    Raises:
        InvalidImageFormatError: it is damaged, or the file has more scans than any camera writes.
    """
    height, width, colours, coefficients = _frame(data)
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):  # it does not know the sampling of the colours, or the header is damaged
        space = ""
    if not (width and height) or colours not in _COLOURS:
        raise InvalidImageFormatError
    scans = _scans(data)
    if scans > max(FEW_SCANS, MOST_SCANNED // (width * height)):
        raise InvalidImageFormatError
    return Jpeg(data, width, height, _orientation(data), scans, space in _ORDINARY, coefficients)


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


def _frame(data: bytes) -> tuple[int, int, int, float]:
    """Returns rows, columns, how many colours there are, and the bytes of coefficients that are held for each pixel.

    In a progressive JPEG no scan has all of the picture, so a coefficient of two bytes is held for each sample,
    whatever the scale; otherwise none is. The sides are 0 where no frame comes before the first scan.
    """
    height, width, samples, colours, progressive = 0, 0, 0.0, 0, False
    for marker, place in _markers(data):
        if marker == _SCAN:
            return height, width, colours, 2 * samples if progressive or _byte(data, place + 2) < colours else 0.0
        if marker in _FRAMES:
            height, width = (int.from_bytes(data[each : each + 2], "big") for each in (place + 3, place + 5))
            colours, progressive = _byte(data, place + 7), marker in _PROGRESSIVE
            shares = [(each >> 4) * (each & 15) for each in data[place + 9 : place + 8 + 3 * colours : 3]]
            samples = sum(shares) / max([1, *shares])
    return 0, 0, 0, 0.0


def _orientation(data: bytes) -> int:
    """Returns the EXIF orientation, 1–8, of the first segment that has one; 1 if none can be read."""
    for marker, place in _markers(data):
        if marker == _SCAN:
            return 1
        if marker == _APP1 and data.startswith(_EXIF, place + 2):
            end = place + int.from_bytes(data[place : place + 2], "big")
            return of_exif(data[place + 2 + len(_EXIF) : end])
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


def _has_end(data: bytes) -> bool:
    """Returns whether an end marker follows the last scan; a preview in the metadata has one of its own."""
    return data.endswith(forgiving.END) or data.rfind(forgiving.END) > data.rfind(b"\xff\xda")


def _byte(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 1])
