"""Decides which of a detector's candidates, too weak to be faces, are worth a closer look as small or turned faces.

Which scores and sizes were tried: see `benchmarks/README.md`, "Small faces" and "Turned pictures".
"""

import numpy as np
from numpy.typing import NDArray

SURE_TO_SHOW = 30  # pixels of the canvas; a face as high gets a good score, so that a weak candidate is something else
OFTEN_WEAK = 14  # pixels of the canvas; a face as high gets any score
WIDEST = 0.95  # of its height; faces seen so small have narrower boxes
WEAK = 0.15  # least score, less for a higher candidate, of what may be a small face
MOST_HINTS = 3

LEAST_LYING = 0.25  # least score of what may be a turned face, more for one with less than
LYING = 0.12  # of the area of the largest face found; turned faces are seen smaller than they are
WITHIN = 0.06  # of the picture's longer side; what is shorter is not looked at turned

Boxes = NDArray[np.float32]  # (N, 4): x1, y1, x2, y2
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
    kept: list[int] = []
    taken = np.concatenate([faces, np.empty((MOST_HINTS, 4), np.float32)])
    for index in np.argsort(-likely, kind="stable"):
        if likely[index] < WEAK or len(kept) == MOST_HINTS:
            break
        on = taken[: len(faces) + len(kept)]
        if not _lie_on(boxes[index : index + 1], on)[0]:
            taken[len(on)] = boxes[index]
            kept.append(int(index))
    return np.array(kept, np.intp)


def may_be_turned(boxes: Boxes, scores: Scores, faces: Boxes, longer: int) -> NDArray[np.bool_]:
    """Returns which weak candidates may be turned faces: those beside the faces found, and not much smaller.

    Args:
        boxes: of candidates that are no faces by their scores, in pixels of the picture.
        scores: theirs.
        faces: boxes of the faces found.
        longer: the longer side of the picture.
    """
    areas, largest = (np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (boxes, faces))
    enough = LYING * largest.max(initial=0)
    likely = scores * np.minimum(areas, enough) >= LEAST_LYING * enough
    likely &= areas >= (WITHIN * longer) ** 2
    likely[likely] = ~_lie_on(boxes[likely], faces)
    return np.asarray(likely)


def _lie_on(boxes: Boxes, faces: Boxes) -> NDArray[np.bool_]:
    """Returns which boxes have their middle in a face's."""
    middles = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    return np.asarray(np.any(np.all((middles >= faces[:, :2]) & (middles <= faces[:, 2:]), axis=2), axis=1))
