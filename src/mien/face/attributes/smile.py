"""Judges whether a face smiles, by its emotion, and by the corners and the width of its mouth."""

import numpy as np

from mien.face.attributes.evidence import Evidence
from mien.face.attributes.hidden import mouth_hidden
from mien.face.attributes.verdicts import judged, logit
from mien.face.types import Verdict

_HAPPY, _CORNERS, _WIDTH, _BIAS = 0.98, 4.8, 9.75, -8.43
_MOUTH, _EYES = (61, 291), (33, 263)  # the corners of the mouth, and the outer ones of the eyes


def smile(evidence: Evidence) -> Verdict | None:
    """Judges by the emotion network's happy and by the mesh; None where the mouth is hidden."""
    if mouth_hidden(evidence) > 0:
        return None
    points = evidence.mesh.points[:, :2]
    mouth, eyes = (float(np.linalg.norm(points[one] - points[other])) for one, other in (_MOUTH, _EYES))
    corners = evidence.mesh.shape("mouthSmileLeft", "mouthSmileRight")
    happy = logit(float(evidence.emotions[1]))
    return judged(_HAPPY * happy + _CORNERS * corners + _WIDTH * mouth / max(eyes, 1.0) + _BIAS)
