"""The conditions under which robustness is measured: kinds of degradation at five strengths, as files with a face."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from mien.face.types import Box, Detection, Pixels
from mien.measure.accuracy import coverings, degradations
from mien.measure.accuracy.degradations import Random

QUALITY = 92  # JPEG quality, 0–100
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
        orientation: the EXIF orientation of the file.
    """

    pixels: Pixels
    box: Box
    orientation: int = 1

    def file(self) -> bytes:
        """Encodes the scene as JPEG, rotated as its orientation says."""
        stored = np.rot90(self.pixels, _TURNS.get(self.orientation, 0))
        image, exif, file = Image.fromarray(np.ascontiguousarray(stored)), Image.Exif(), io.BytesIO()
        exif[_ORIENTATION] = self.orientation
        image.save(file, "JPEG", quality=QUALITY, exif=exif)
        return file.getvalue()


Degrade = Callable[[Pixels, Detection, float, Random], Scene]  # a photo, its face, a strength, a generator → scene


@dataclass(frozen=True, slots=True)
class Condition:
    """A kind of degradation at one strength.

    Attributes:
        kind: its name.
        strength: the argument of the kind's function.
        degrade: makes the scene.
    """

    kind: str
    strength: float
    degrade: Degrade

    def scene(self, pixels: Pixels, face: Detection, seed: int) -> Scene:
        """Returns a photo under the condition; the seed decides what is random in it."""
        return self.degrade(pixels, face, self.strength, np.random.default_rng([seed, int(1000 * self.strength)]))


def _clean(pixels: Pixels, face: Detection, _: float, __: Random) -> Scene:
    return Scene(pixels, face.box)


def _redrawn(function: Callable[[Pixels, Detection, float, Random], Pixels]) -> Degrade:
    """Returns the degradation that changes pixels and leaves the face where it is."""
    return lambda pixels, face, strength, random: Scene(function(pixels, face, strength, random), face.box)


def _turned(pixels: Pixels, face: Detection, orientation: float, _: Random) -> Scene:
    return Scene(pixels, face.box, int(orientation))


def _sized(pixels: Pixels, face: Detection, rows: float, _: Random) -> Scene:
    """Resizes the photo to this number of rows."""
    factor = rows / pixels.shape[0]
    return _scaled(pixels, face.box, factor, factor)


def _stretched(pixels: Pixels, face: Detection, width: float, _: Random) -> Scene:
    return _scaled(pixels, face.box, width, 1)


def _small(pixels: Pixels, face: Detection, extent: float, _: Random) -> Scene:
    """Shrinks the photo until its face is this wide, and places it off-centre in a large gray scene."""
    factor = extent / face.box.width
    small = _scaled(pixels, face.box, factor, factor)
    scene = np.full((SCENE[1], SCENE[0], 3), GRAY, np.uint8)
    rows, columns = (min(side, most) for side, most in zip(small.pixels.shape[:2], scene.shape[:2], strict=True))
    top, left = (SCENE[1] - rows) // 3, (SCENE[0] - columns) // 4
    scene[top : top + rows, left : left + columns] = small.pixels[:rows, :columns]
    box = small.box
    return Scene(scene, Box(box.x1 + left, box.y1 + top, box.x2 + left, box.y2 + top))


def _filling(pixels: Pixels, face: Detection, columns: float, _: Random) -> Scene:
    """Crops the photo to the face, of this number of columns."""
    box, (height, width) = face.box, pixels.shape[:2]
    left, top = max(0, int(box.x1)), max(0, int(box.y1))
    part = pixels[top : min(height, int(box.y2) + 1), left : min(width, int(box.x2) + 1)]
    factor = columns / part.shape[1]
    return _scaled(part, Box(box.x1 - left, box.y1 - top, box.x2 - left, box.y2 - top), factor, factor)


def _scaled(pixels: Pixels, box: Box, across: float, down: float) -> Scene:
    size = (max(1, round(pixels.shape[1] * across)), max(1, round(pixels.shape[0] * down)))
    method = cv2.INTER_AREA if min(across, down) < 1 else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
    return Scene(scaled, Box(box.x1 * across, box.y1 * down, box.x2 * across, box.y2 * down))


CLEAN = Condition("clean", 0, _clean)

# Sizes are shares of the distance between the eyes, a face's width is in pixels, JPEG has its quality, and the rest are
# shares or factors; the function's docstring says of what.
_STRENGTHS: dict[str, tuple[Degrade, tuple[float, ...]]] = {
    "turned by EXIF": (_turned, (3, 6, 8)),
    "rows of the picture": (_sized, (240, 480, 1080)),
    "face filling the picture": (_filling, (300, 600)),
    "small face": (_small, (64, 48, 32, 24, 16)),
    "stretched": (_stretched, (0.75, 0.6, 0.45, 1.6, 2.3)),
    "Gaussian blur": (_redrawn(degradations.gaussian_blur), (0.05, 0.09, 0.14, 0.2, 0.3)),
    "motion blur": (_redrawn(degradations.motion_blur), (0.3, 0.5, 0.8, 1.2, 1.8)),
    "Gaussian noise": (_redrawn(degradations.gaussian_noise), (20, 40, 65, 95, 130)),
    "few photons": (_redrawn(degradations.few_photons), (60, 20, 8, 4, 2)),
    "JPEG": (_redrawn(degradations.jpeg), (30, 15, 9, 5, 2)),
    "JPEG, enlarged": (_redrawn(degradations.compressed_and_upscaled), (48, 34, 24, 17, 12)),
    "pixelated": (_redrawn(degradations.pixelated), (40, 28, 20, 14, 10)),
    "dark": (_redrawn(degradations.exposure), (1 / 8, 1 / 30, 1 / 90, 1 / 250, 1 / 600)),
    "overexposed": (_redrawn(degradations.exposure), (3, 6, 12, 25, 60)),
    "fog": (_redrawn(degradations.fog), (0.4, 0.2, 0.1, 0.06, 0.03)),
    "side light": (_redrawn(degradations.side_light), (0.2, 0.08, 0.03, 0.01, 0.002)),
    "glare": (_redrawn(degradations.glare), (0.4, 0.6, 0.85, 1.2, 1.8)),
    "grey, gamma": (_redrawn(degradations.grey), (0.4, 2, 3.5, 6, 10)),
    "tones": (_redrawn(coverings.posterised), (6, 5, 4, 3, 2)),
    "negative": (_redrawn(coverings.negative), (0.35, 0.42, 0.6, 0.8, 1)),
    "sketch": (_redrawn(coverings.sketch), (0.5, 0.7, 0.85, 0.95, 1)),
    "edges": (_redrawn(coverings.edges), (0.5, 0.7, 0.85, 0.95, 1)),
    "halftone": (_redrawn(coverings.halftone), (0.2, 0.35, 0.5, 0.7, 1)),
    "mask": (_redrawn(coverings.mask), (0.15, 0.3, 0.45, 0.6, 0.75)),
    "bar over the eyes": (_redrawn(coverings.bar), (0.1, 0.18, 0.28, 0.4, 0.6)),
    "dark glasses": (_redrawn(coverings.glasses), (0.2, 0.27, 0.34, 0.42, 0.5)),
    "hand": (_redrawn(coverings.hand), (0.4, 0.7, 1.0, 1.3, 1.7)),
    "rain": (_redrawn(coverings.rain), (1, 3, 6, 10, 16)),
}
CONDITIONS = [CLEAN] + [
    Condition(kind, strength, degrade) for kind, (degrade, each) in _STRENGTHS.items() for strength in each
]
