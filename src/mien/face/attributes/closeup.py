"""Cuts a face out for the attribute networks: upright by the line of the eyes, with a margin around the detector's box.

All of them look at this one cut, so that a picture is not needed again after its faces were cut out.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from mien.face.align import align, similarity
from mien.face.halves import Halves
from mien.face.quality import eye_distance
from mien.face.types import Closeup, Detection

SIDE = 256  # rows and columns of a closeup, which are those of the mesh's input
MARGIN = 1.25  # the side of the square that is cut out, in longer sides of the detector's box
_PLACES = np.array([[0.5, 0.5], [1.0, 0.5], [0.5, 1.0]]) * SIDE  # the square's middle, right edge and bottom edge


def corners(detection: Detection) -> NDArray[np.float64]:
    """Returns middle, right edge and bottom edge of the square, (3, 2), in pixels of the full-resolution picture."""
    box = detection.box
    middle = np.array([(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2])
    across = detection.landmarks[1].astype(np.float64) - detection.landmarks[0]
    across *= MARGIN / 2 * max(box.width, box.height) / max(float(np.hypot(*across)), 1e-6)
    down = np.array([-across[1], across[0]])
    return np.stack([middle, middle + across, middle + down])


def cut_closeup(image: Halves, detection: Detection, scale: float) -> Closeup:
    """Cuts a closeup out.

    Args:
        image: the picture, at any scale.
        detection: the face, in pixels of the full-resolution picture.
        scale: pixels of `image.full` for each pixel of the full-resolution picture.
    """
    square = corners(detection)
    # align counts from the middle of the first pixel, and points count from its edge
    shown = align(image, (square * scale - 0.5).astype(np.float32), (_PLACES - 0.5).astype(np.float32), SIDE)
    return Closeup(shown, similarity(_PLACES, square), eye_distance(detection.landmarks))


def side(detection: Detection, full: int) -> int:
    """Returns the picture's longer side at which the closeup is cut out without enlarging, up to `full`."""
    return min(full, ceil(full * SIDE / max(MARGIN * max(detection.box.width, detection.box.height), 1.0)))


def in_picture(closeup: Closeup, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns points (N, 2) of a closeup as points of the picture."""
    return np.asarray(points @ closeup.placing[:, :2].T + closeup.placing[:, 2], np.float64)
