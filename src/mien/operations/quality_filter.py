"""Decides which faces pass a quality filter, and gives AWS's reasons for those that do not.

AWS does not publish its bars. Ours rise from LOW to HIGH, with AUTO between LOW and MEDIUM, so that a face that passes
a stricter filter passes a looser one.
"""

from dataclasses import dataclass

from mien.face import certainty
from mien.face.types import Face, Pose


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of one filter: 0–100 but for `pixels`, the box's shorter side, and `turn`, degrees of yaw or pitch.

    A face passes with at most `turn` and `blank`, and at least the others. `trust` is a bar for embedded faces.
    """

    confidence: float
    pixels: float
    turn: float
    brightness: float
    sharpness: float
    contrast: float
    blank: float
    trust: float


BARS = {
    "LOW": Bar(20, pixels=16, turn=75, brightness=6, sharpness=4, contrast=5, blank=60, trust=60),
    "AUTO": Bar(30, pixels=24, turn=65, brightness=10, sharpness=8, contrast=8, blank=50, trust=75),
    "MEDIUM": Bar(50, pixels=40, turn=50, brightness=16, sharpness=14, contrast=11, blank=35, trust=85),
    "HIGH": Bar(75, pixels=50, turn=35, brightness=24, sharpness=24, contrast=15, blank=20, trust=92),
}


def reasons(face: Face, quality_filter: str, pose: Pose | None = None) -> list[str]:
    """Returns the reasons why a face does not pass; none if it does.

    Args:
        face: the face, measured.
        quality_filter: NONE, AUTO, LOW, MEDIUM or HIGH.
        pose: of its head; without one that of the detector's points.
    """
    bar = BARS.get(quality_filter)
    if bar is None:
        return []
    short = min(face.box.width, face.box.height)
    pose = pose or face.pose
    turn = max(abs(pose.yaw), abs(pose.pitch))
    found = {
        "EXTREME_POSE": turn > bar.turn,
        "LOW_BRIGHTNESS": face.quality.brightness < bar.brightness,
        "LOW_SHARPNESS": face.quality.sharpness < bar.sharpness,
        "LOW_CONFIDENCE": 100 * certainty.confidence(face) < bar.confidence,
        "SMALL_BOUNDING_BOX": short < bar.pixels,
        "LOW_FACE_QUALITY": face.quality.contrast < bar.contrast or face.quality.blank > bar.blank,
    }
    return [reason for reason, applies in found.items() if applies]


def doubts(trust: float, quality_filter: str) -> list[str]:
    """Returns the reasons why an embedded face does not pass; none if it does.

    Args:
        trust: 0–1, how far its vector is trusted (`face.embed.Ensemble.trusted`).
        quality_filter: NONE, AUTO, LOW, MEDIUM or HIGH.
    """
    bar = BARS.get(quality_filter)
    return ["LOW_FACE_QUALITY"] if bar is not None and 100 * trust < bar.trust else []


def goodness(face: Face) -> float:
    """Returns a rank by which the best faces are kept when there are too many; higher is better."""
    turn = max(abs(face.pose.yaw), abs(face.pose.pitch)) / 90
    return certainty.confidence(face) * (0.5 + face.quality.sharpness / 200) * (1 - 0.5 * turn)
