"""Reads YuNet's outputs: at strides 8, 16 and 32, a class and an object score, a box and five points for each cell.

The formulas are those of the network's publisher (libfacedetection.train): score = sqrt(cls · obj), box centre =
(cell + offset) · stride, size = exp(·) · stride, point = (cell + offset) · stride.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mien.face.detect import NONE, Candidates

STRIDES = (8, 16, 32)


def read(outputs: Mapping[str, NDArray[np.float32]], canvas: tuple[int, int], least_score: float) -> Candidates:
    """Converts one image's outputs to candidates.

    Args:
        outputs: `cls_S` and `obj_S` (cells, 1), `bbox_S` (cells, 4) and `kps_S` (cells, 10) for each stride S, cells
            row by row.
        canvas: height and width of the input.
        least_score: candidates below it are left out.
    """
    boxes, scores, landmarks = [], [], []
    for stride in STRIDES:
        class_score, object_score = outputs[f"cls_{stride}"][:, 0], outputs[f"obj_{stride}"][:, 0]
        likely = np.flatnonzero(class_score * object_score >= 0.99 * least_score * least_score)  # few of thousands
        score = np.sqrt(class_score[likely].clip(0, 1) * object_score[likely].clip(0, 1))
        kept = score >= least_score
        cells = likely[kept]
        if len(cells) == 0:
            continue
        rows, columns = np.divmod(cells, canvas[1] // stride)
        corner = np.stack([columns, rows], axis=1).astype(np.float32)
        raw = outputs[f"bbox_{stride}"][cells]
        centre = (corner + raw[:, :2]) * stride
        half = np.exp(raw[:, 2:]) * (stride / 2)
        boxes.append(np.concatenate([centre - half, centre + half], axis=1))
        scores.append(score[kept])
        landmarks.append((outputs[f"kps_{stride}"][cells].reshape(-1, 5, 2) + corner[:, None]) * stride)
    return Candidates(np.concatenate(boxes), np.concatenate(scores), np.concatenate(landmarks)) if boxes else NONE
