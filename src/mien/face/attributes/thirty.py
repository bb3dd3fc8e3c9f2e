"""Takes AWS's thirty landmarks from the points of a mesh."""

import numpy as np
from numpy.typing import NDArray

from mien.face.attributes.mesh import Mesh

# The mesh's points whose mean stands for a landmark, in AWS's order; left and right are those of the image. The
# middles of the eyes are the means of six points, as AWS's are, and the pupils are the middles of the irises.
POINTS: dict[str, tuple[int, ...]] = {
    "eyeLeft": (33, 160, 158, 133, 153, 144), "eyeRight": (362, 385, 387, 263, 373, 380),
    "mouthLeft": (61,), "mouthRight": (291,), "nose": (1,),
    "leftEyeBrowLeft": (70,), "leftEyeBrowRight": (107,), "leftEyeBrowUp": (105,),
    "rightEyeBrowLeft": (336,), "rightEyeBrowRight": (300,), "rightEyeBrowUp": (334,),
    "leftEyeLeft": (33,), "leftEyeRight": (133,), "leftEyeUp": (160, 158), "leftEyeDown": (153, 144),
    "rightEyeLeft": (362,), "rightEyeRight": (263,), "rightEyeUp": (385, 387), "rightEyeDown": (373, 380),
    "noseLeft": (98,), "noseRight": (327,), "mouthUp": (0,), "mouthDown": (17,),
    "leftPupil": (468,), "rightPupil": (473,),
    "upperJawlineLeft": (127,), "midJawlineLeft": (172,), "chinBottom": (152,),
    "midJawlineRight": (397,), "upperJawlineRight": (356,),
}  # fmt: skip


# How far, on average, AWS's definition of a point (that of the 68 points of iBUG) lies from the mesh's points: x along
# the line of the eyes and y across it, in distances between the outer corners of the eyes.
_SHIFTS: dict[str, tuple[float, float]] = {}


def landmarks(mesh: Mesh) -> dict[str, NDArray[np.float64]]:
    """Returns name → (x, y) of all thirty in AWS's order, in pixels of the full-resolution picture."""
    across = mesh.placed[263] - mesh.placed[33]
    frame = np.array([across, (-across[1], across[0])])
    return {
        name: mesh.placed[list(points)].mean(axis=0) + np.array(_SHIFTS.get(name, (0.0, 0.0))) @ frame
        for name, points in POINTS.items()
    }
