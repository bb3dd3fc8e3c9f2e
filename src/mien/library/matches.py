"""What the library answers about faces that were compared, searched for, or judged."""

from dataclasses import dataclass
from uuid import UUID

from mien.face.types import Face


@dataclass(frozen=True, slots=True)
class Match:
    """A face of the second image of a comparison, and its similarity, 0–100, to the largest face of the first."""

    similarity: float
    face: Face


@dataclass(frozen=True, slots=True)
class LivingFace:
    """A face, and how likely it is a living one before the camera, not a print or a screen that shows one.

    Attributes:
        face: the face.
        confidence: 0–100 (`docs/liveness.md`); None where it cannot be told.
        reasons: why it cannot be told, as FACE_TOO_CLOSE, SMALL_BOUNDING_BOX, EXTREME_POSE, LOW_SHARPNESS.
    """

    face: Face
    confidence: float | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A face of a gallery that a search found.

    Attributes:
        similarity: 0–100; one pair of strangers in 10,000 reaches 80, one in 100,000 reaches 90.
        name: the name under which it was added, if any.
        face_id: its id.
    """

    similarity: float
    name: str | None
    face_id: UUID
