"""Estimates AWS's thirty landmarks for a response from the five that the detector finds.

The other 25 are those of a mean face (211 frontal faces of LFW), moved by the affine map that fits the five best. They
follow the turn, tilt and size of a face, but not an open mouth or a raised brow.
"""

import numpy as np
from numpy.typing import NDArray

from mien.face.types import Points

# The mean face in units of the distance between the eyes, from the middle between them, x right, y down. The order is
# AWS's; the first five are those that the detector finds.
MEAN = {
    "eyeLeft": (-0.50, 0.00), "eyeRight": (0.50, 0.00), "mouthLeft": (-0.45, 1.05), "mouthRight": (0.45, 1.05),
    "nose": (0.00, 0.61),
    "leftEyeBrowLeft": (-0.88, -0.16), "leftEyeBrowRight": (-0.20, -0.26), "leftEyeBrowUp": (-0.58, -0.36),
    "rightEyeBrowLeft": (0.20, -0.26), "rightEyeBrowRight": (0.88, -0.16), "rightEyeBrowUp": (0.58, -0.36),
    "leftEyeLeft": (-0.76, 0.04), "leftEyeRight": (-0.27, 0.04), "leftEyeUp": (-0.52, -0.06),
    "leftEyeDown": (-0.52, 0.08),
    "rightEyeLeft": (0.27, 0.04), "rightEyeRight": (0.76, 0.04), "rightEyeUp": (0.52, -0.06),
    "rightEyeDown": (0.52, 0.08),
    "noseLeft": (-0.28, 0.66), "noseRight": (0.28, 0.66), "mouthUp": (0.00, 0.93), "mouthDown": (0.00, 1.22),
    "leftPupil": (-0.50, 0.00), "rightPupil": (0.50, 0.00),
    "upperJawlineLeft": (-1.00, 0.05), "midJawlineLeft": (-0.83, 1.05), "chinBottom": (0.00, 1.74),
    "midJawlineRight": (0.83, 1.05), "upperJawlineRight": (1.00, 0.05),
}  # fmt: skip
FOUND = {"eyeLeft": 0, "eyeRight": 1, "mouthLeft": 3, "mouthRight": 4, "nose": 2, "leftPupil": 0, "rightPupil": 1}
_NAMES = tuple(MEAN)
_MEAN = np.column_stack([np.array(list(MEAN.values())), np.ones(len(MEAN))])
_FIT = np.linalg.pinv(
    _MEAN[[_NAMES.index(name) for name in ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")]]
)


def all_landmarks(five: Points) -> dict[str, NDArray[np.float64]]:
    """Returns name → (x, y) of all thirty in AWS's order; those that were found stay as they are.

    Args:
        five: float32 (5, 2): left eye, right eye, nose tip, left and right mouth corner.
    """
    placed = _MEAN @ (_FIT @ five.astype(np.float64))
    return {
        name: five[FOUND[name]].astype(np.float64) if name in FOUND else placed[row] for row, name in enumerate(_NAMES)
    }
