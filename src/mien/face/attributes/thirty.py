"""Takes AWS's thirty landmarks from the points of a mesh."""

import re

import numpy as np
from numpy.typing import NDArray

from mien.face.attributes.mesh import Mesh
from mien.face.types import Points

# The mesh's points whose mean stands for a landmark, in AWS's order; left and right are those of the image. The
# middles of the eyes are the means of six points, as AWS's are, and the pupils are the middles of the irises.
POINTS: dict[str, tuple[int, ...]] = {
    "eyeLeft": (33, 160, 158, 133, 153, 144), "eyeRight": (362, 385, 387, 263, 373, 380),
    "mouthLeft": (61,), "mouthRight": (291,), "nose": (1,),
    "leftEyeBrowLeft": (70,), "leftEyeBrowRight": (107,), "leftEyeBrowUp": (105,),
    "rightEyeBrowLeft": (336,), "rightEyeBrowRight": (300,), "rightEyeBrowUp": (334,),
    "leftEyeLeft": (33,), "leftEyeRight": (133,), "leftEyeUp": (160, 158), "leftEyeDown": (153, 144),
    "rightEyeLeft": (362,), "rightEyeRight": (263,), "rightEyeUp": (385, 387), "rightEyeDown": (373, 380),
    "noseLeft": (240,), "noseRight": (460,), "mouthUp": (0,), "mouthDown": (17,),
    "leftPupil": (468,), "rightPupil": (473,),
    "upperJawlineLeft": (127,), "midJawlineLeft": (172,), "chinBottom": (152,),
    "midJawlineRight": (397,), "upperJawlineRight": (356,),
}  # fmt: skip

# How far AWS's definition of a point (that of iBUG's 68 points) lies from the mesh's points on average, in distances
# between the outer corners of the eyes: x along the line of the eyes, y down. Those of the right side are the mirror
# image. Scalars fitted on half of the faces: see `benchmarks/README.md`, "Landmarks, pose and the cost of attributes".
_SHIFTS = {
    "eyeLeft": (0.000, 0.008), "mouthLeft": (-0.011, 0.014), "nose": (0.000, -0.073),
    "leftEyeBrowLeft": (-0.012, 0.040), "leftEyeBrowRight": (0.038, 0.039), "leftEyeBrowUp": (0.045, -0.002),
    "leftEyeLeft": (0.001, 0.014), "leftEyeRight": (-0.010, 0.008), "leftEyeUp": (0.011, 0.008),
    "leftEyeDown": (-0.007, 0.004), "noseLeft": (0.000, 0.010), "mouthUp": (0.000, 0.021), "mouthDown": (0.000, 0.011),
    "leftPupil": (0.000, 0.000), "upperJawlineLeft": (-0.036, -0.014), "midJawlineLeft": (-0.042, -0.029),
    "chinBottom": (0.000, 0.036),
}  # fmt: skip
# How these move further with the sine of the yaw: the jaw line is the outline that is seen, which is another line of
# the head when it turns.
_OUTLINE = {"upperJawlineLeft": (0.048, -0.009), "midJawlineLeft": (0.115, 0.137)}
_SIDES = {"Left": "Right", "Right": "Left", "left": "right", "right": "left"}


def _mirrored(name: str) -> str:
    """Returns the landmark on the other side of the face, or the same in its middle."""
    return re.sub("|".join(_SIDES), lambda found: _SIDES[found[0]], name)


def _table(left: dict[str, tuple[float, float]], sign: tuple[int, int]) -> NDArray[np.float64]:
    """Returns shifts of all thirty, (30, 2), from those of the left side and the signs of the right side's."""
    right = {_mirrored(name): (sign[0] * x, sign[1] * y) for name, (x, y) in left.items()}
    return np.array([({**right, **left}).get(name, (0.0, 0.0)) for name in POINTS])


_STILL, _TURNING = _table(_SHIFTS, (-1, 1)), _table(_OUTLINE, (1, -1))
_MEANS = np.array([[(point in points) / len(points) for point in range(478)] for points in POINTS.values()])


def thirty(mesh: Mesh, yaw: float) -> Points:
    """Returns AWS's landmarks of a face, in AWS's order.

    Args:
        mesh: of the face.
        yaw: of the head, in degrees.

    Returns:
        float32 (30, 2), in pixels of the full-resolution picture.
    """
    across = mesh.placed[263] - mesh.placed[33]
    frame = np.array([across, (-across[1], across[0])])
    shifts = _STILL + np.sin(np.radians(yaw)) * _TURNING
    return np.asarray(_MEANS @ mesh.placed + shifts @ frame, np.float32)
