"""The attributes a caller may ask for beyond the base set: which members of FaceDetail they add.

mien has no model for smiles, ages or beards, and does not guess. A client that asks for them reads the members without
looking whether they are there, so they are there, each saying that nothing is known: a yes or no at a confidence of
50 (as likely as not), an age between 0 and 100, an emotion UNKNOWN, eyes that look somewhere at a confidence of 0.
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


def members(asked: Sequence[str]) -> dict[str, Any]:
    """The members that the attributes asked for add to a FaceDetail."""
    names = _UNKNOWN if "ALL" in asked else [name for name in asked if name in _UNKNOWN]
    return dict(_UNKNOWN[name] for name in names)


def wants_all_landmarks(asked: Sequence[str]) -> bool:
    """Whether all thirty landmarks were asked for."""
    return "ALL" in asked
