"""Makes large images with faces within the 5 MiB limit of a request: enlarged photographs, single and tiled."""

import struct
import zlib
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.measure.speed.sample_photos import AREAS, found, jpeg, photos
from mien.operations.shapes import MOST_IMAGE_BYTES

Pixels = NDArray[np.uint8]
LARGEST = 10_000  # pixels of a side
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_TURNED = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # lies on its side


def portrait(folder: str | None = None) -> Pixels:
    """Returns the first photograph of the folder, or of those of development packages; uint8 BGR."""
    return next(pixels for _, pixels in found(folder))


def crowd(photo: Pixels, columns: int = 12) -> Pixels:
    """Tiles a photograph, so that each face has only a few pixels; uint8 BGR (1250, 1250, 3)."""
    side = 1250 // columns
    tile = resized(photo, (side, side * photo.shape[0] // photo.shape[1]), cv2.INTER_AREA)
    return np.tile(tile, (1250 // len(tile) + 1, columns + 1, 1))[:1250, :1250]


def enlarged(photo: Pixels, area: int) -> Pixels:
    """Enlarges a photograph to this number of pixels, by interpolation."""
    factor = (area / (photo.shape[0] * photo.shape[1])) ** 0.5
    size = round(photo.shape[1] * factor), round(photo.shape[0] * factor)
    return resized(photo, size, cv2.INTER_CUBIC)


def resized(photo: Pixels, size: tuple[int, int], way: int) -> Pixels:
    """Resizes a photograph to this number of columns and rows."""
    return np.asarray(cv2.resize(photo, size, interpolation=way), np.uint8)


def repeated(photo: Pixels, side: int = LARGEST) -> Pixels:
    """Enlarges a photograph to a square by repeating pixels, which PNG compresses well."""
    rows, columns = (np.arange(side) * length // side for length in photo.shape[:2])
    return np.asarray(photo[rows][:, columns], np.uint8)


def png(bgr: Pixels, *, deep: bool = False, interlaced: bool = False) -> bytes:
    """Encodes a PNG of 8 bits, or of 16 with alpha (`deep`), optionally interlaced."""
    height, width = bgr.shape[:2]
    compressing, parts = zlib.compressobj(1), []
    for x, y, across, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        above: Pixels | None = None
        for line in bgr[y::down, x::across, ::-1]:
            row = _deep(line) if deep else line.reshape(-1)
            parts.append(compressing.compress(b"\2" + (row if above is None else row - above).tobytes()))
            above = row
    header = struct.pack(">IIBBBBB", width, height, 16 if deep else 8, 6 if deep else 2, 0, 0, interlaced)
    pixels = b"".join([*parts, compressing.flush()])
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _deep(line: Pixels) -> Pixels:
    """Returns the bytes of a row with 16 bits a sample and an alpha of 200 of 255."""
    row = np.zeros((len(line), 4, 2), np.uint8)
    row[:, :3, 0], row[:, 3, 0] = line, 200
    return row.reshape(-1)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def turned(data: bytes) -> bytes:
    """Adds an EXIF orientation of a quarter turn to a JPEG."""
    return data[:2] + _TURNED + data[2:]


def progressive(bgr: Pixels) -> bytes:
    """Encodes a progressive JPEG without chroma subsampling (4:4:4), as image editors do."""
    full = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    ways = [cv2.IMWRITE_JPEG_QUALITY, 80, cv2.IMWRITE_JPEG_PROGRESSIVE, 1, *full]
    return cv2.imencode(".jpg", bgr, ways)[1].tobytes()


def usual(folder: str | None = None) -> dict[str, bytes]:
    """Returns the first photograph of the folder as JPEG at several sizes, by name."""
    first = photos(folder, ("240p", "12 MP", "50 MP"))[:3]
    return dict(zip(("240p JPEG", "12 MP JPEG", "50 MP JPEG"), (photo.data for photo in first), strict=True))


def all_kinds(folder: str | None = None) -> dict[str, Callable[[], bytes]]:
    """Returns a function that makes each image, by name."""
    photo, many = portrait(folder), crowd(portrait(folder))
    small = resized(photo, (200, 200), cv2.INTER_AREA)
    square = resized(photo, (1250, 1250), cv2.INTER_CUBIC)
    made: dict[str, Callable[[], bytes]] = {name: partial(bytes, data) for name, data in usual(folder).items()}
    fifty = AREAS["50 MP"]
    return made | {
        "50 MP JPEG, a crowd": lambda: jpeg(enlarged(many, fifty)),
        "50 MP JPEG, a crowd, turned by EXIF": lambda: turned(jpeg(np.rot90(enlarged(many, fifty)).copy())),
        "100 MP JPEG, a crowd": lambda: jpeg(enlarged(many, LARGEST**2)),
        "50 MP PNG": lambda: png(repeated(photo, 7071)),
        "100 MP PNG": lambda: png(repeated(photo)),
        "100 MP PNG, a crowd": lambda: png(repeated(many)),
        "100 MP PNG, 16 bits, alpha": lambda: png(repeated(small), deep=True),
        "100 MP PNG, 16 bits, alpha, interlaced": lambda: png(repeated(small), deep=True, interlaced=True),
        "24 MP progressive JPEG, 4:4:4": lambda: progressive(enlarged(photo, 24_000_000)),
        "50 MP progressive JPEG, 4:4:4": lambda: progressive(enlarged(photo, fifty)),
        "100 MP progressive JPEG, 4:4:4": lambda: progressive(enlarged(square, LARGEST**2)),
    }


def checked(name: str, data: bytes) -> bytes:
    """Returns the image, or exits if it is too large for a request."""
    if len(data) > MOST_IMAGE_BYTES:
        raise SystemExit(f"{name} has {len(data):,} bytes, more than a request accepts.")
    return data
