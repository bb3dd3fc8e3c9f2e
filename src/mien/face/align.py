"""A face turned and scaled to where the embedder wants its eyes, nose and mouth."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.halves import Halves
from mien.face.types import Pixels, Points


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rotation, uniform scale and shift that bring `source` nearest to `target` in least squares.

    The closed form for the plane (Umeyama 1991, without reflection).

    Args:
        source: (N, 2).
        target: (N, 2).

    Returns:
        float64 (2, 3), to be applied to column vectors (x, y, 1).
    """
    from_mean, to_mean = source.mean(axis=0, dtype=np.float64), target.mean(axis=0, dtype=np.float64)
    a, b = source - from_mean, target - to_mean
    spread = max(float((a * a).sum()), 1e-12)
    cosine = float((a * b).sum()) / spread
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, to_mean - turn @ from_mean])


def align(image: Halves, landmarks: Points, points: Points, size: int, cubic: bool = False) -> Pixels:
    """Cut a face out.

    A large face is cut from the half that leaves less than a halving to do, so that the warp's few taps do not alias.

    Args:
        image: what it is cut from.
        landmarks: float32 (5, 2), in pixels of `image.full`.
        points: float32 (5, 2), where they belong in the crop, in pixels of the crop.
        size: rows and columns of the crop.
        cubic: interpolated by cubic pieces, which keeps more detail, instead of linear ones.

    Returns:
        uint8 (size, size, 3); black where it reaches beyond the image.
    """
    matrix = similarity(landmarks, points)
    near, scale = image.nearest(1 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6))
    # a pixel's centre at s in the half lies at (s + 0.5) / scale - 0.5 in the image
    shift = matrix[:, :2] @ np.full(2, (1 / scale - 1) / 2) + matrix[:, 2]
    fitted = np.column_stack([matrix[:, :2] / scale, shift])
    way = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(near, fitted, (size, size), flags=way), np.uint8)
