"""Spells the attributes of a face as AWS does, for the members of FaceDetail that a caller requests.

Clients read the members without checking that they exist, so each exists where it is requested. What is not measured is
answered at a confidence of 50, as likely as not, with the value that a careful program refuses: eyes that are closed, a
face that is covered. An age is between 0 and 100 then, and the emotion UNKNOWN.
"""

from collections.abc import Sequence
from typing import Any

from mien.face.attributes.measures import MESH, NAMES
from mien.face.landmarks import FOUND
from mien.face.types import Answer, Features, Gaze, Verdict, Years
from mien.operations.shapes import AgeRange, Emotion, EyeDirection, Flag, GenderShape, single

_EVEN = 50.0
BASE_LANDMARKS = tuple(name for name in FOUND if not name.endswith("Pupil"))
_EMOTIONS = {
    "neutral": "CALM", "happy": "HAPPY", "sad": "SAD", "surprise": "SURPRISED", "anger": "ANGRY", "fear": "FEAR",
    "disgust": "DISGUSTED", "confusion": "CONFUSED",
}  # fmt: skip
_UNKNOWN: dict[str, Any] = {
    "age_range": AgeRange(low=0, high=100),
    "beard": Flag(value=False, confidence=_EVEN),
    "emotions": [Emotion(type="UNKNOWN", confidence=100.0)],
    "eye_direction": EyeDirection(yaw=0.0, pitch=0.0, confidence=_EVEN),
    "eyeglasses": Flag(value=True, confidence=_EVEN),
    "eyes_open": Flag(value=False, confidence=_EVEN),
    "face_occluded": Flag(value=True, confidence=_EVEN),
    "gender": GenderShape(value="Female", confidence=_EVEN),
    "mouth_open": Flag(value=True, confidence=_EVEN),
    "mustache": Flag(value=False, confidence=_EVEN),
    "smile": Flag(value=False, confidence=_EVEN),
    "sunglasses": Flag(value=True, confidence=_EVEN),
}


def wanted(requested: Sequence[str]) -> frozenset[str]:
    """Returns the names of the requested attributes, and MESH if all landmarks are requested."""
    if wants_all_landmarks(requested):
        return frozenset(NAMES) | {MESH}
    return frozenset(name.lower() for name in requested) & frozenset(NAMES)


def members(requested: Sequence[str], features: Features) -> dict[str, Any]:
    """Returns the members that the requested attributes add to a FaceDetail."""
    answers = {name: features.answers.get(name) for name in NAMES if name in wanted(requested)}
    return {name: _UNKNOWN[name] if answer is None else _spelled(name, answer) for name, answer in answers.items()}


def wants_all_landmarks(requested: Sequence[str]) -> bool:
    """Returns whether all thirty landmarks are requested."""
    return "ALL" in requested


def _spelled(name: str, answer: Answer) -> Any:
    if isinstance(answer, Verdict) and name == "gender":
        return GenderShape(value="Male" if answer.value else "Female", confidence=single(100 * answer.confidence))
    if isinstance(answer, Verdict):
        return Flag(value=answer.value, confidence=single(100 * answer.confidence))
    if isinstance(answer, Years):
        return AgeRange(low=answer.low, high=answer.high)
    if isinstance(answer, Gaze):
        return EyeDirection(
            yaw=single(answer.yaw), pitch=single(answer.pitch), confidence=single(100 * answer.confidence)
        )
    ranked = sorted(answer.items(), key=lambda each: -each[1])
    return [Emotion(type=_EMOTIONS[kind], confidence=single(100 * share)) for kind, share in ranked]
