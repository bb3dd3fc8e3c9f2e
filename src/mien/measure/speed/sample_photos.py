"""Prepares the photographs for the benchmarks: finds them, resizes them, and encodes them as JPEG in memory."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mien.errors import SetupError
from mien.face.types import Pixels
from mien.operations.shapes import MOST_IMAGE_BYTES

# Target sizes: rows, or pixels in total.
ROWS = {"240p": 240, "1080p": 1080}
AREAS = {"3 MP": 3_000_000, "12 MP": 12_000_000, "50 MP": 50_000_000}
USUAL = ("240p", "1080p", "3 MP", "12 MP")
QUALITY = 90  # JPEG quality, 0–100; lowered by tens while the file exceeds the API's limit
SUFFIXES = (".jpg", ".jpeg", ".png")
SHIPPED = {
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    "astronaut": ("skimage", "data/astronaut.png"),
}


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph at one size.

    Attributes:
        name: its name in a table, as "hopper 1080p (0.4 MB)".
        data: the JPEG file.
    """

    name: str
    data: bytes


def photos(folder: str | None, sizes: tuple[str, ...] = USUAL) -> list[Photo]:
    """Returns every photograph of the folder, or those of development packages, at every size.

    A photograph is enlarged for a size beyond its own; it then decodes slightly faster than one taken at that size,
    since it has less detail.

    Raises:
        SetupError: there are no photographs, or one cannot be read.
    """
    return [_sized(name, pixels, size) for name, pixels in found(folder) for size in sizes]


def found(folder: str | None) -> Iterator[tuple[str, Pixels]]:
    """Yields names and pixels, uint8 BGR (H, W, 3), of the folder's photographs, or of those of packages.

    Raises:
        SetupError: there are no photographs, or one cannot be read.
    """
    files = _shipped() if folder is None else _listed(Path(folder))
    for name, path in files.items():
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None:
            raise SetupError(f"{path} cannot be read as an image.")
        yield name, np.asarray(pixels, np.uint8)


def _listed(folder: Path) -> dict[str, Path]:
    files = {path.stem: path for path in sorted(folder.glob("*")) if path.suffix.lower() in SUFFIXES}
    if not files:
        raise SetupError(f"{folder} contains no JPEG or PNG file.")
    return files


def _shipped() -> dict[str, Path]:
    files = {}
    for name, (package, inside) in SHIPPED.items():
        spec = importlib.util.find_spec(package)
        path = Path(spec.origin).parent / inside if spec and spec.origin else None
        if path and path.is_file():
            files[name] = path
    if not files:
        raise SetupError("There are no photographs to measure with; name a folder of them with --images.")
    return files


def _sized(name: str, pixels: Pixels, size: str) -> Photo:
    height, width = pixels.shape[:2]
    scale = ROWS[size] / height if size in ROWS else float((AREAS[size] / (height * width)) ** 0.5)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    sized = cv2.resize(pixels, (round(width * scale), round(height * scale)), interpolation=method)
    data = jpeg(np.asarray(sized, np.uint8))
    return Photo(f"{name} {size} ({len(data) / 1e6:.{1 if len(data) >= 1e5 else 2}f} MB)", data)


def jpeg(pixels: Pixels) -> bytes:
    """Encodes uint8 BGR (H, W, 3) at the best quality that fits into a request."""
    for quality in range(QUALITY, 0, -10):
        data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= MOST_IMAGE_BYTES:
            break
    return bytes(data)
