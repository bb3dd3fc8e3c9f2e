"""The types that detection, alignment and embedding share.

Coordinates are pixels of the upright, full-resolution image; x points right, y down.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]
Embedding = NDArray[np.float32]


class Picture(Protocol):
    """An image that can be decoded at several resolutions, because decoding may cost more than the networks."""

    @property
    def width(self) -> int:
        """Columns of the upright image at full resolution."""

    @property
    def height(self) -> int:
        """Rows of the upright image at full resolution."""

    def rgb(self, long_side: int) -> Pixels:
        """Decodes to upright uint8 RGB (H, W, 3), its longer side at least `long_side` or the full resolution."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; it may reach beyond the image."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        """Columns covered."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Rows covered."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Pixels covered."""
        return self.width * self.height

    def overlap(self, other: "Box") -> float:
        """Returns intersection over union, 0–1."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)


@dataclass(frozen=True, slots=True)
class Detection:
    """A detected face.

    Attributes:
        box: around the face.
        landmarks: float32 (5, 2): left eye, right eye, nose tip, left and right mouth corner, left and right as seen
            in the image.
        confidence: 0–1.
    """

    box: Box
    landmarks: Points
    confidence: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees, -180…180. Roll > 0 turns clockwise in the image, yaw > 0 to its right side, pitch > 0 looks up."""

    roll: float
    yaw: float
    pitch: float


@dataclass(frozen=True, slots=True)
class Quality:
    """The fitness of a face for recognition.

    Attributes:
        brightness: 0–100, mean luma of the face.
        sharpness: 0–100, fine detail in the face.
        contrast: 0–100, spread of the luma of the face; low under a veil, glare or flat noise.
    """

    brightness: float
    sharpness: float
    contrast: float


@dataclass(frozen=True, slots=True)
class Crop:
    """A face cut out for an embedding network.

    Attributes:
        straight: uint8 RGB, (size, size, 3), aligned.
        mirrored: the same at the scale at which the network wants the mirror image; None where that is no other.
    """

    straight: Pixels
    mirrored: Pixels | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face, measured and cut out for the embedders.

    Attributes:
        detection: its place in the image.
        pose: of the head.
        quality: of the picture of it.
        crops: a crop for each of the pack's embedders; only the first for a face that will not be embedded.
    """

    detection: Detection
    pose: Pose
    quality: Quality
    crops: tuple[Crop, ...]

    @property
    def box(self) -> Box:
        """Around the face."""
        return self.detection.box
