"""Judges whether the eyes are open; lids that cover the iris, as when looking down, count as closed."""

import numpy as np
from numpy.typing import NDArray

from mien.face.attributes.evidence import Evidence
from mien.face.attributes.hidden import eyes_hidden
from mien.face.attributes.verdicts import judged
from mien.face.types import Verdict

_SHUT, _GAP, _BLINK, _BIAS = 0.727, -7.49, 4.288, -3.483
_LIDS = (((159, 145), (158, 153), (160, 144)), ((386, 374), (385, 380), (387, 373)))  # of each eye, upper and lower
_CORNERS = ((33, 133), (263, 362))


def eyes_open(evidence: Evidence) -> Verdict | None:
    """Judges by the sign of shut lids, their gap, and the blendshape; None where something hides the eyes."""
    if eyes_hidden(evidence) > 0:
        return None
    mesh = evidence.mesh
    shut = (
        _SHUT * evidence.sign("eyes_shut")
        + _GAP * _gap(mesh.points)
        + _BLINK * mesh.shape("eyeBlinkLeft", "eyeBlinkRight")
    )
    return judged(-(shut + _BIAS))


def _gap(points: NDArray[np.float32]) -> float:
    """Returns the gap of the lids over the width of the eye, the mean of both eyes (eye aspect ratio)."""

    def between(pairs: tuple[tuple[int, int], ...]) -> float:
        ends = points[np.array(pairs), :2]
        return float(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).mean())

    return sum(
        between(lids) / max(between((corners,)), 1.0) for lids, corners in zip(_LIDS, _CORNERS, strict=True)
    ) / len(_LIDS)
