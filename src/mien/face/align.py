"""A face turned and scaled to where the embedder wants its eyes, nose and mouth."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.types import Pixels, Points

SHRINK = 2.0  # beyond this reduction the source is averaged first, so that the warp's few taps do not alias


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


def align(image: Pixels, landmarks: Points, points: Points, size: int, cubic: bool = False) -> Pixels:
    """Cut a face out.

    Args:
        image: uint8 (H, W, 3).
        landmarks: float32 (5, 2), in pixels of `image`.
        points: float32 (5, 2), where they belong in the crop, in pixels of the crop.
        size: rows and columns of the crop.
        cubic: interpolated by cubic pieces, which keeps more detail, instead of linear ones.

    Returns:
        uint8 (size, size, 3); black where it reaches beyond the image.
    """
    matrix = similarity(landmarks, points)
    reduction = 1 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6)
    if reduction > SHRINK:
        image, matrix = _shrunk(image, matrix, reduction, size)
    way = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(image, matrix, (size, size), flags=way), np.uint8)


def _shrunk(
    image: Pixels, matrix: NDArray[np.float64], reduction: float, size: int
) -> tuple[Pixels, NDArray[np.float64]]:
    """The part of the image under the crop, averaged down to about the crop's scale, and the matrix that fits it."""
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]], np.float64) @ inverse.T
    height, width = image.shape[:2]
    low = np.clip(np.floor(corners.min(axis=0)) - 1, 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, low + 1, [width, height]).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    columns = max(1, round(part.shape[1] / reduction))
    rows = max(1, round(part.shape[0] / reduction))
    small = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    # a pixel's centre at s in `small` lies at (s + 0.5) · ratio - 0.5 + low in `image`
    ratio = np.array([part.shape[1] / columns, part.shape[0] / rows])
    shift = (ratio - 1) / 2 + low
    linear = matrix[:, :2] * ratio
    return small, np.column_stack([linear, matrix[:, :2] @ shift + matrix[:, 2]])
