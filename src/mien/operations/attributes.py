"""Adds to FaceDetail the members of the attributes that a caller requests beyond the default set.

mien has no model for smiles, ages or beards, and does not guess. Clients that request them read the members without
checking that they exist, so they exist, and say that nothing is known: a yes or no at a confidence of 50 (as likely as
not), an age between 0 and 100, the emotion UNKNOWN, an eye direction at a confidence of 0.
"""

from collections.abc import Sequence
from typing import Any

from mien.face.landmarks import FOUND
from mien.operations.shapes import AgeRange, Emotion, EyeDirection, Flag, GenderShape

_EVEN = 50.0
BASE_LANDMARKS = tuple(name for name in FOUND if not name.endswith("Pupil"))
_UNKNOWN: dict[str, tuple[str, Any]] = {
    "AGE_RANGE": ("age_range", AgeRange(low=0, high=100)),
    "BEARD": ("beard", Flag(value=False, confidence=_EVEN)),
    "EMOTIONS": ("emotions", [Emotion(type="UNKNOWN", confidence=100.0)]),
    "EYE_DIRECTION": ("eye_direction", EyeDirection(yaw=0.0, pitch=0.0, confidence=0.0)),
    "EYEGLASSES": ("eyeglasses", Flag(value=False, confidence=_EVEN)),
    "EYES_OPEN": ("eyes_open", Flag(value=True, confidence=_EVEN)),
    "FACE_OCCLUDED": ("face_occluded", Flag(value=False, confidence=_EVEN)),
    "GENDER": ("gender", GenderShape(value="Female", confidence=_EVEN)),
    "MOUTH_OPEN": ("mouth_open", Flag(value=False, confidence=_EVEN)),
    "MUSTACHE": ("mustache", Flag(value=False, confidence=_EVEN)),
    "SMILE": ("smile", Flag(value=False, confidence=_EVEN)),
    "SUNGLASSES": ("sunglasses", Flag(value=False, confidence=_EVEN)),
}


def members(requested: Sequence[str]) -> dict[str, Any]:
    """Returns the members that the requested attributes add to a FaceDetail."""
    names = _UNKNOWN if "ALL" in requested else [name for name in requested if name in _UNKNOWN]
    return dict(_UNKNOWN[name] for name in names)


def wants_all_landmarks(requested: Sequence[str]) -> bool:
    """Returns whether all thirty landmarks are requested."""
    return "ALL" in requested
