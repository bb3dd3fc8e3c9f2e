"""Degrades a good photo the way cameras and people do: takes pixels, returns a file and the position of the face."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.face.quality import eye_distance
from mien.face.types import Box, Detection, Pixels

QUALITY = 92  # JPEG quality, 0–100, unless it is the condition
SCENE = (1280, 720)  # columns and rows of the scene around a small face
GRAY = 128
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {3: 2, 6: 1, 8: 3}  # EXIF value → counter-clockwise quarter turns of the stored image


@dataclass(frozen=True, slots=True)
class Scene:
    """A photo under a condition.

    Attributes:
        pixels: uint8 RGB (H, W, 3).
        box: the person's face, in pixels of the upright image.
        quality: JPEG quality, 0–100.
        orientation: the EXIF orientation of the file.
    """

    pixels: Pixels
    box: Box
    quality: int = QUALITY
    orientation: int = 1

    def file(self) -> bytes:
        """Encodes the scene as JPEG, rotated as its orientation says."""
        stored = np.rot90(self.pixels, _TURNS.get(self.orientation, 0))
        image, exif, file = Image.fromarray(np.ascontiguousarray(stored)), Image.Exif(), io.BytesIO()
        exif[_ORIENTATION] = self.orientation
        image.save(file, "JPEG", quality=self.quality, exif=exif)
        return file.getvalue()


Condition = Callable[[Pixels, Detection, Pixels], Scene]  # a photo, its face, another person's photo → scene


def _clean(pixels: Pixels, face: Detection, _: Pixels) -> Scene:
    return Scene(pixels, face.box)


def _turned(orientation: int) -> Condition:
    return lambda pixels, face, _: Scene(pixels, face.box, orientation=orientation)


def _compressed(quality: int) -> Condition:
    return lambda pixels, face, _: Scene(pixels, face.box, quality)


def _sized(rows: int) -> Condition:
    """Resizes the whole photo to this number of rows."""

    def condition(pixels: Pixels, face: Detection, _: Pixels) -> Scene:
        return _scaled(pixels, face.box, rows / pixels.shape[0])

    return condition


def _small(extent: int) -> Condition:
    """Shrinks the photo until its face is this wide, and places it off-centre in a large gray scene."""

    def condition(pixels: Pixels, face: Detection, _: Pixels) -> Scene:
        small = _scaled(pixels, face.box, extent / face.box.width)
        scene = np.full((SCENE[1], SCENE[0], 3), GRAY, np.uint8)
        rows, columns = (min(side, most) for side, most in zip(small.pixels.shape[:2], scene.shape[:2], strict=True))
        top, left = (SCENE[1] - rows) // 3, (SCENE[0] - columns) // 4
        scene[top : top + rows, left : left + columns] = small.pixels[:rows, :columns]
        box = small.box
        return Scene(scene, Box(box.x1 + left, box.y1 + top, box.x2 + left, box.y2 + top))

    return condition


def _filling(pixels: Pixels, face: Detection, _: Pixels) -> Scene:
    """Crops the photo to the face, 600 pixels wide."""
    box, (height, width) = face.box, pixels.shape[:2]
    left, top = max(0, int(box.x1)), max(0, int(box.y1))
    part = pixels[top : min(height, int(box.y2) + 1), left : min(width, int(box.x2) + 1)]
    inner = Box(box.x1 - left, box.y1 - top, box.x2 - left, box.y2 - top)
    return _scaled(part, inner, 600 / part.shape[1])


def _beside(pixels: Pixels, face: Detection, other: Pixels) -> Scene:
    """Adds another person to the right."""
    rows = pixels.shape[0]
    scaled = cv2.resize(other, (max(1, round(other.shape[1] * rows / other.shape[0])), rows))
    return Scene(np.concatenate([pixels, np.asarray(scaled, np.uint8)], axis=1), face.box)


def _bar(pixels: Pixels, face: Detection, _: Pixels) -> Scene:
    """Covers the eyes with a black bar, like dark glasses."""
    left, right = face.landmarks[:2].astype(np.float64)
    along = (right - left) / max(eye_distance(face.landmarks), 1e-6)
    reach, half = 0.45 * eye_distance(face.landmarks), 0.28 * eye_distance(face.landmarks)
    down = np.array([-along[1], along[0]]) * half
    ends = left - reach * along, right + reach * along
    return _covered(pixels, face, np.array([ends[0] - down, ends[1] - down, ends[1] + down, ends[0] + down]), (0, 0, 0))


def _mask(pixels: Pixels, face: Detection, _: Pixels) -> Scene:
    """Covers the face with a light blue mask, from the bridge of the nose to below the chin."""
    eyes, nose, mouth = face.landmarks[:2].mean(axis=0), face.landmarks[2], face.landmarks[3:].mean(axis=0)
    across = (face.landmarks[1] - face.landmarks[0]) * 0.95
    down = mouth - eyes
    upper, lower = (eyes + nose) / 2 + 0.1 * down, mouth + 0.75 * down
    corners = [
        upper,
        upper + across + 0.15 * down,
        lower + 0.5 * across,
        lower - 0.5 * across,
        upper - across + 0.15 * down,
    ]
    return _covered(pixels, face, np.array(corners, np.float64), (170, 200, 220))


def _lit(gain: float) -> Condition:
    """Multiplies the exposure by `gain`, clipping at white."""

    def condition(pixels: Pixels, face: Detection, _: Pixels) -> Scene:
        linear = (pixels / 255.0) ** 2.2 * gain
        return Scene((255 * np.clip(linear, 0, 1) ** (1 / 2.2)).round().astype(np.uint8), face.box)

    return condition


def _grayscale(pixels: Pixels, face: Detection, _: Pixels) -> Scene:
    return Scene(np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)), face.box)


def _covered(pixels: Pixels, face: Detection, corners: NDArray[np.float64], color: tuple[int, int, int]) -> Scene:
    drawn = pixels.copy()
    cv2.fillPoly(drawn, [corners.round().astype(np.int32)], color, cv2.LINE_AA)
    return Scene(drawn, face.box)


def _scaled(pixels: Pixels, box: Box, factor: float) -> Scene:
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
    return Scene(scaled, Box(box.x1 * factor, box.y1 * factor, box.x2 * factor, box.y2 * factor))


CONDITIONS: dict[str, Condition] = {
    "clean": _clean,
    "EXIF, a quarter turn left": _turned(6),
    "EXIF, upside down": _turned(3),
    "EXIF, a quarter turn right": _turned(8),
    "face fills the frame": _filling,
    "face 48 pixels wide": _small(48),
    "face 24 pixels wide": _small(24),
    "two people": _beside,
    "bar over the eyes": _bar,
    "mask over nose and mouth": _mask,
    "240p": _sized(240),
    "480p": _sized(480),
    "1080p": _sized(1080),
    "JPEG quality 20": _compressed(20),
    "dark, 1/8 of the light": _lit(1 / 8),
    "bright, 4 times the light": _lit(4),
    "grayscale": _grayscale,
}
