"""The types that detection, alignment and embedding share.

Coordinates are pixels of the upright, full-resolution image; x points right, y down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        sharpness: 0–100, fine detail in the face over coarse.
        contrast: 0–100, spread of the luma of the face; low under a veil, glare or flat noise.
        blank: 0–100, the percentage of the face that shows nothing: covered, burnt out or in black shadow.
        eyes_blank: 0–100, the same of the band of the eyes.
    """

    brightness: float
    sharpness: float
    contrast: float
    blank: float = 0.0
    eyes_blank: float = 0.0


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
class Closeup:
    """A face cut out for the networks of its attributes (`face.attributes.closeup`).

    Attributes:
        pixels: uint8 RGB (256, 256, 3), upright; black beyond the picture.
        placing: float64 (2, 3), takes a point of the closeup (x, y, 1) to the full-resolution picture.
        eyes: pixels between the eyes in the full-resolution picture, which says how much detail there is.
    """

    pixels: Pixels
    placing: NDArray[np.float64]
    eyes: float


@dataclass(frozen=True, slots=True)
class Portrait:
    """A face cut out to be kept (`face.portrait`).

    Attributes:
        pixels: uint8 RGB (side, side, 3), upright; black beyond the picture.
        landmarks: float32 (5, 2), those of the detection, in pixels of the portrait.
    """

    pixels: Pixels
    landmarks: Points


@dataclass(frozen=True, slots=True)
class Verdict:
    """A yes or no, and the probability that it is right, 0.5–1."""

    value: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Years:
    """An age between two whole numbers of years."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Gaze:
    """The direction of the eyes in degrees, signed as a `Pose`, and the probability that it is near the truth, 0–1."""

    yaw: float
    pitch: float
    confidence: float


Emotions = Mapping[str, float]  # the name of an emotion → its probability, 0–1; they add up to 1
Answer = Verdict | Years | Gaze | Emotions


@dataclass(frozen=True, slots=True)
class Features:
    """What was measured of a face besides its place and quality.

    Attributes:
        answers: the name of an attribute → the answer; None where it could not be measured.
        landmarks: float32 (30, 2), AWS's landmarks in AWS's order; None if they were not measured, or cannot be.
        pose: the pose of the head by the same mesh; None where the landmarks are.
        meshed: whether landmarks and pose were asked for.
    """

    answers: Mapping[str, Answer | None] = field(default_factory=dict)
    landmarks: Points | None = None
    pose: Pose | None = None
    meshed: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face, measured and cut out for the embedders.

    Attributes:
        detection: its place in the image.
        pose: of the head.
        quality: of the picture of it.
        crops: a crop for each of the pack's embedders; only the first for a face that will not be embedded.
        closeup: the face cut out for the networks of its attributes, until they have run.
        features: what those have measured.
        portrait: the face cut out to be kept, if it may be.
    """

    detection: Detection
    pose: Pose
    quality: Quality
    crops: tuple[Crop, ...]
    closeup: Closeup | None = None
    features: Features = Features()
    portrait: Portrait | None = None

    @property
    def box(self) -> Box:
        """Around the face."""
        return self.detection.box

    @property
    def posed(self) -> Pose:
        """The pose by the mesh, or by the detector's points where no mesh was measured."""
        return self.features.pose or self.pose
