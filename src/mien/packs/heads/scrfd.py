"""Reads SCRFD's outputs: at strides 8, 16 and 32, two guesses for each cell, each a score, a box and five points.

The layout is that of InsightFace's SCRFD with landmarks: box sides and points are distances from the cell's corner
(column · stride, row · stride), in strides.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mien.face.detect import Candidates

STRIDES = (8, 16, 32)
GUESSES = 2  # of every cell, one after the other


def read(outputs: Mapping[str, NDArray[np.float32]], canvas: tuple[int, int], least_score: float) -> Candidates:
    """Converts one image's outputs to candidates.

    Args:
        outputs: for each stride, arrays of (guesses, 1), (guesses, 4) and (guesses, 10), cells row by row. They are
            told apart by shape, because the names in the file are numbers that a converter assigned.
        canvas: height and width of the input.
        least_score: candidates below it are left out.

    Raises:
        ValueError: an output is missing.
    """
    by_shape = {value.shape: value for value in outputs.values()}
    boxes, scores, landmarks = [], [], []
    for stride in STRIDES:
        rows, columns = canvas[0] // stride, canvas[1] // stride
        score, box, points = (_output(by_shape, (GUESSES * rows * columns, width)) for width in (1, 4, 10))
        guesses = np.flatnonzero(score[:, 0] >= least_score)
        row, column = np.divmod(guesses // GUESSES, columns)
        corner = np.stack([column, row], axis=1).astype(np.float32) * stride
        reach = box[guesses] * stride
        boxes.append(np.concatenate([corner - reach[:, :2], corner + reach[:, 2:]], axis=1))
        scores.append(score[guesses, 0])
        landmarks.append(points[guesses].reshape(-1, 5, 2) * stride + corner[:, None])
    return Candidates(np.concatenate(boxes), np.concatenate(scores), np.concatenate(landmarks))


def _output(by_shape: Mapping[tuple[int, ...], NDArray[np.float32]], shape: tuple[int, int]) -> NDArray[np.float32]:
    if shape not in by_shape:
        raise ValueError(f"a SCRFD detector has an output of {shape[0]} × {shape[1]}; this one has {sorted(by_shape)}")
    return by_shape[shape]
