"""Cuts a face out for the attribute networks, which all look at this one cut.

So a picture is not needed again after its faces were cut out.
"""

import numpy as np
from numpy.typing import NDArray

from mien.face.halves import Halves
from mien.face.quality import eye_distance
from mien.face.square import Square
from mien.face.types import Closeup, Detection

SIDE = 256  # rows and columns of a closeup, which are those of the mesh's input
MARGIN = 1.25  # the side of the square that is cut out, in longer sides of the detector's box
SQUARE = Square(SIDE, MARGIN)


def cut_closeup(image: Halves, detection: Detection, scale: float) -> Closeup:
    """Cuts a closeup out (see `Square.cut`)."""
    shown = SQUARE.cut(image, detection, scale)
    return Closeup(shown, SQUARE.placing(detection), eye_distance(detection.landmarks))


def in_picture(closeup: Closeup, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns points (N, 2) of a closeup as points of the picture."""
    return np.asarray(points @ closeup.placing[:, :2].T + closeup.placing[:, 2], np.float64)
