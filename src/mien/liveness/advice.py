"""What a person should do otherwise, where something about the film lowered the confidence."""

from collections.abc import Mapping, Sequence

import numpy as np

from mien.liveness.finding import Evidence
from mien.liveness.movement import BLINKS
from mien.liveness.seen import Seen
from mien.liveness.skin import FRONT

# The conditions that AWS knows (FeedbackCode), and what to tell the person.
ADVICE: Mapping[str, str] = {
    "face_not_visible": "Keep your face in the picture, and be alone in it.",
    "face_obstruction_detected": "Take off what hides your face, such as a mask, a scarf or dark glasses.",
    "low_video_quality_detected": "Hold the camera still, clean it, and close other programs.",
    "face_not_aligned": "Come nearer until your face fills the oval, and hold still.",
    "eyes_closed_detected": "Keep your eyes open.",
    "low_lighting_detected": "Go where there is more light, and raise the brightness of the screen.",
    "high_lighting_detected": "Go where there is less light, away from the sun and from lamps.",
}
_GOOD = 0.8  # of a score, from which nothing is to be said
_HIDDEN, _SHUT = 0.5, 0.5  # the share of frames without a mesh, and how shut lids are in half of the frames
_DARK, _BRIGHT = 50.0, 235.0  # of the skin, 0–255
Condition = tuple[str, str]


def advice(evidence: Sequence[Evidence], shown: Sequence[Seen]) -> tuple[Condition, ...]:
    """Returns conditions that are seen in the frames with a face, in AWS's order, each with what to do."""
    scores = {each.name: each.score for each in evidence}
    bright = _brightness(shown)
    lids = [float(np.mean([each.blendshapes[lid] for lid in BLINKS])) for each in shown if each.blendshapes is not None]
    dim = scores.get("colours", 1.0) < _GOOD  # colours that are not found are drowned by other light
    met = {
        "face_not_visible": min(scores.get("face", 1.0), scores.get("alone", 1.0)) < _GOOD,
        "face_obstruction_detected": bool(shown) and len(lids) < (1 - _HIDDEN) * len(shown),
        "low_video_quality_detected": scores.get("film", 1.0) < _GOOD,
        "face_not_aligned": min(scores.get("oval", 1.0), scores.get("nearer", 1.0)) < _GOOD,
        "eyes_closed_detected": bool(lids) and float(np.median(lids)) > _SHUT,
        "low_lighting_detected": bright < _DARK,
        "high_lighting_detected": bright > (_BRIGHT if not dim else 0.8 * _BRIGHT),
    }
    return tuple((name, said) for name, said in ADVICE.items() if met[name])


def _brightness(shown: Sequence[Seen]) -> float:
    """Returns the mean of the skin's colours, 0–255; of no frames that of a well-lit one."""
    found = [
        float(np.nanmean(each.colours[: len(FRONT)]))
        for each in shown
        if each.colours is not None and np.isfinite(each.colours[: len(FRONT)]).any()
    ]
    return float(np.median(found)) if found else (_DARK + _BRIGHT) / 2
