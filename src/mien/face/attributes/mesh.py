"""The mesh of a face: 478 points and 52 blendshapes, from MediaPipe's Face Landmarker, in its order."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.attributes.closeup import in_picture
from mien.face.attributes.verdicts import probability
from mien.face.types import Closeup

# fmt: off
BLENDSHAPES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)

# The points at which the layers of the network are read (`Mesh.seen`): eyes and what surrounds them, then mouth,
# cheeks, jaw and chin.
EYES = (
    33, 133, 159, 145, 263, 362, 386, 374, 168, 6, 197, 105, 334, 118, 347, 226, 446, 50, 280, 195,
)
LOWER = (
    61, 291, 0, 17, 164, 13, 199, 152, 175, 200, 136, 365, 149, 378, 205, 425, 194, 418, 2, 92, 322, 97, 326, 167, 393,
    186, 410, 43, 273, 106, 335, 18, 148, 377, 172, 397, 192, 416, 207, 427, 58, 288, 83, 313, 135, 364, 176, 400, 212,
    432,
)
# fmt: on
SEEN = EYES + LOWER
DEPTHS = ("fine", "middle", "coarse")  # layers of 64, 32 and 16 cells a side,
CHANNELS = (32, 64, 128)  # and of this many numbers a cell


@dataclass(frozen=True, slots=True)
class Mesh:
    """The mesh of one face.

    Attributes:
        points: float32 (478, 3), in pixels of the closeup: x right, y down, z in the same unit, smaller towards the
            camera.
        placed: float64 (478, 2), the same points in pixels of the full-resolution picture.
        presence: 0–1, whether the closeup shows a face whose mesh can be trusted.
        blendshapes: float32 (52,), 0–1, in the order of BLENDSHAPES; left and right are the person's own.
        seen: what each of DEPTHS shows at the points SEEN, float32 (points, channels).
    """

    points: NDArray[np.float32]
    placed: NDArray[np.float64]
    presence: float
    blendshapes: NDArray[np.float32]
    seen: Mapping[str, NDArray[np.float32]]

    def shape(self, *names: str) -> float:
        """Returns the mean of the blendshapes of these names."""
        return float(np.mean([self.blendshapes[BLENDSHAPES.index(name)] for name in names]))


def run_mesh(session: Session, closeup: Closeup) -> Mesh:
    """Runs the mesh network on a closeup."""
    answer = session.run(closeup.pixels[None])
    points = answer["points"][0]
    return Mesh(
        points=points,
        placed=in_picture(closeup, points[:, :2]),
        presence=probability(float(answer["presence"][0, 0])),
        blendshapes=answer["blendshapes"][0],
        seen={name: answer[name][0] for name in DEPTHS},
    )
