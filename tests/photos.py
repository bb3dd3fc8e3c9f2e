"""Photographs: public-domain ones that ship inside packages, and the folder of people where it lies beside the repo."""

import io
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.face.types import Box

Pixels = NDArray[np.uint8]
SHARED = Path(__file__).resolve().parents[2] / "shared"


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph of one person, and where the face is (measured by eye, in pixels)."""

    data: bytes
    face: Box

    @property
    def pixels(self) -> Pixels:
        return pixels(self.data)


@cache
def astronaut() -> Photo:
    return Photo(inside("skimage", "data/astronaut.png").read_bytes(), Box(180, 60, 272, 180))


@cache
def hopper() -> Photo:
    return Photo(inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg").read_bytes(), Box(180, 125, 355, 340))


def pixels(data: bytes) -> Pixels:
    """Decode with Pillow, which knows nothing of mien; RGB."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.uint8)


def jpeg(image: Pixels, **options: object) -> bytes:
    return encoded(image, "JPEG", **({"quality": 95} | options))


def encoded(image: Pixels, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    quick = {"compress_level": 1} if form == "PNG" else {}
    Image.fromarray(image).save(file, form, **(quick | options))
    return file.getvalue()


def resized(image: Pixels, factor: float) -> Pixels:
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS), np.uint8)


def beside(*images: Pixels) -> Pixels:
    """Images in a row on gray, tops aligned."""
    canvas = np.full((max(len(each) for each in images), sum(each.shape[1] for each in images), 3), 128, np.uint8)
    left = 0
    for image in images:
        canvas[: len(image), left : left + image.shape[1]] = image
        left += image.shape[1]
    return canvas


@cache
def pair() -> bytes:
    """Hopper and the astronaut in one picture; Hopper's face is the larger."""
    return jpeg(beside(astronaut().pixels, hopper().pixels))


@cache
def nobody() -> bytes:
    """A picture without a face: a slow gradient."""
    y, x = np.mgrid[0:240, 0:320]
    return jpeg(np.stack([x * 0.7, y, 255 - x * 0.7], axis=-1).astype(np.uint8))


def inside(package: str, path: str) -> Path:
    """A file in a package, found without importing the package."""
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / path
