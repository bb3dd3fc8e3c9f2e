"""Reads YuNet's outputs: at strides 8, 16 and 32, a class and an object score, a box and five points for each cell.

The formulas are those of the network's publisher (libfacedetection.train): score = sqrt(cls · obj), box centre =
(cell + offset) · stride, size = exp(·) · stride, point = (cell + offset) · stride.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mien.face.detect import NONE, Candidates

STRIDES = (8, 16, 32)


def read(outputs: Mapping[str, NDArray[np.float32]], canvas: tuple[int, int], least_score: float) -> Candidates:
    """Converts one image's outputs to candidates, those of all strides in the same steps.

    Args:
        outputs: `cls_S` and `obj_S` (cells, 1), `bbox_S` (cells, 4) and `kps_S` (cells, 10) for each stride S, cells
            row by row.
        canvas: height and width of the input.
        least_score: candidates below it are left out.
    """
    classes = [outputs[f"cls_{stride}"] for stride in STRIDES]
    class_score = np.concatenate(classes)[:, 0]
    object_score = np.concatenate([outputs[f"obj_{stride}"] for stride in STRIDES])[:, 0]
    likely = np.flatnonzero(class_score * object_score >= 0.99 * least_score * least_score)  # few of thousands
    score = np.sqrt(class_score[likely].clip(0, 1) * object_score[likely].clip(0, 1))
    kept = score >= least_score
    cells = likely[kept]
    if len(cells) == 0:
        return NONE
    first, boxes, points = 0, [], []
    for stride, each in zip(STRIDES, classes, strict=True):
        own = cells[(cells >= first) & (cells < first + len(each))] - first
        first += len(each)
        if len(own):
            boxes.append(outputs[f"bbox_{stride}"][own])
            points.append(outputs[f"kps_{stride}"][own])
    raw, place = np.concatenate(boxes), _places(canvas)[cells]
    corner, step = place[:, :2], place[:, 2:]
    centre = (corner + raw[:, :2]) * step
    half = np.exp(raw[:, 2:]) * (step / 2)
    landmarks = (np.concatenate(points).reshape(-1, 5, 2) + corner[:, None]) * step[:, None]
    return Candidates(np.concatenate([centre - half, centre + half], axis=1), score[kept], landmarks)


@lru_cache(maxsize=16)
def _places(canvas: tuple[int, int]) -> NDArray[np.float32]:
    """Returns column, row and stride of every cell, (cells, 3), in the order of the outputs."""
    parts = []
    for stride in STRIDES:
        row, column = np.mgrid[: canvas[0] // stride, : canvas[1] // stride]
        parts.append(np.stack([column.ravel(), row.ravel(), np.full(row.size, stride)], axis=1))
    return np.concatenate(parts).astype(np.float32)
