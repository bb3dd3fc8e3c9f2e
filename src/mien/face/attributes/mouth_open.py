"""Judges whether the mouth is open, by the gap between the inner lips."""

import numpy as np

from mien.face.attributes.evidence import Evidence
from mien.face.attributes.hidden import mouth_hidden
from mien.face.attributes.verdicts import judged
from mien.face.types import Verdict

_UPPER, _LOWER, _LEFT, _RIGHT = 13, 14, 61, 291  # the inner lips' middles, the corners
_SLOPE, _BIAS = 35.3, -6.72  # of the gap over the width; fitted, as are all of this folder


def mouth_open(evidence: Evidence) -> Verdict | None:
    """Judges by the gap of the lips over the width of the mouth; None where the mouth is hidden."""
    if mouth_hidden(evidence) > 0:
        return None
    points = evidence.mesh.points
    gap = float(np.linalg.norm(points[_UPPER, :2] - points[_LOWER, :2]))
    width = float(np.linalg.norm(points[_LEFT, :2] - points[_RIGHT, :2]))
    return judged(_SLOPE * gap / max(width, 1.0) + _BIAS)
