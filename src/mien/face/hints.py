"""Decides which of a detector's candidates, too weak to be faces, are worth a closer look as small or turned faces.

Which scores and sizes were tried: see `benchmarks/README.md`, "Small faces" and "Turned pictures".
"""

import numpy as np
from numpy.typing import NDArray

from mien.face.halves import Halves
from mien.face.tiles import Boxes, around
from mien.face.types import Pixels

SURE_TO_SHOW = 30  # pixels of the canvas; a face as high gets a good score, so that a weak candidate is something else
OFTEN_WEAK = 14  # pixels of the canvas; a face as high gets any score
WIDEST = 0.95  # of its height; faces seen so small have narrower boxes
WEAK = 0.03  # least score, less for a higher candidate, of what may be a small face
IN_A_ROW = 2  # hints on the canvas on which they are looked at
MOST_HINTS = IN_A_ROW**2
MIDDLE = 0.375  # half of the side of a hint's part of it, within which a face's middle lies, in sides of the part

LEAST_LYING = 0.25  # least score of what may be a turned face, and more the smaller it is below
LYING = 0.12  # of the area of the largest face found; turned faces are seen smaller than they are
LARGER = 0.25  # power of the area in LYING's terms by which less is asked of a larger one, which is rarely a bystander
WITHIN = 0.06  # of the picture's longer side; what is shorter is not looked at turned

Scores = NDArray[np.float32]


def may_be_small(boxes: Boxes, scores: Scores, faces: Boxes) -> NDArray[np.intp]:
    """Returns the indexes of the weak candidates that are most likely small faces, up to MOST_HINTS.

    Args:
        boxes: of candidates that are no faces by their scores, in pixels of the canvas.
        scores: theirs.
        faces: boxes of the faces found, in the same pixels; what lies on one is a part of it.
    """
    extents = boxes[:, 2:] - boxes[:, :2]
    likely = scores * np.clip((SURE_TO_SHOW - extents[:, 1]) / (SURE_TO_SHOW - OFTEN_WEAK), 0, 1)
    likely[extents[:, 0] > WIDEST * extents[:, 1]] = 0
    left = np.flatnonzero(likely >= WEAK)
    left = left[~_lie_on(boxes[left], faces)]
    kept: list[int] = []
    while len(left) and len(kept) < MOST_HINTS:
        best = left[np.argmax(likely[left])]
        kept.append(int(best))
        left = left[~_lie_on(boxes[left], boxes[best : best + 1])]
    return np.array(kept, np.intp)


def looked_at(image: Halves, boxes: Boxes, side: int, scale: float) -> Pixels:
    """Draws hints side by side, uint8 RGB (side, side, 3).

    Args:
        image: the image.
        boxes: of up to MOST_HINTS hints, in pixels of the image.
        side: rows and columns of the drawing.
        scale: from the image to the drawing.
    """
    rows, columns = image.full.shape[:2]
    part = side // IN_A_ROW
    canvas = np.zeros((side, side, 3), np.uint8)
    for number, square in enumerate(around(boxes, columns, rows, part / scale)):
        top, left = (part * place for place in divmod(number, IN_A_ROW))
        canvas[top : top + part, left : left + part] = image.cut(square.tolist(), part, (0, 0, 0))
    return canvas


def shows_a_face(boxes: Boxes, side: int) -> bool:
    """Returns whether one of the faces found in such a drawing is that of a hint, and not where two parts meet."""
    part = side // IN_A_ROW
    off = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 % part - part / 2)
    return bool(((off < MIDDLE * part) & (boxes[:, 2:] - boxes[:, :2] < part)).all(axis=1).any())


def may_be_turned(boxes: Boxes, scores: Scores, faces: Boxes, longer: int) -> NDArray[np.bool_]:
    """Returns which weak candidates may be turned faces: those beside the faces found, and not much smaller.

    Args:
        boxes: of candidates that are no faces by their scores, in pixels of the picture.
        scores: theirs.
        faces: boxes of the faces found.
        longer: the longer side of the picture.
    """
    areas, largest = (np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (boxes, faces))
    ratios = areas / max(LYING * float(largest.max(initial=0)), 1.0)
    likely = scores * np.minimum(ratios, ratios**LARGER) >= LEAST_LYING
    likely &= areas >= (WITHIN * longer) ** 2
    likely[likely] = ~_lie_on(boxes[likely], faces)
    return np.asarray(likely)


def _lie_on(boxes: Boxes, faces: Boxes) -> NDArray[np.bool_]:
    """Returns which boxes have their middle in a face's."""
    middles = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    return np.asarray(np.any(np.all((middles >= faces[:, :2]) & (middles <= faces[:, 2:]), axis=2), axis=1))
