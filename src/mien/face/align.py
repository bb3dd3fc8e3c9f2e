"""Cuts a face out for the embedder: turned and scaled so that eyes, nose and mouth lie where it expects them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.halves import Halves
from mien.face.types import Pixels, Points


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns the rotation, uniform scale and shift that bring `source` nearest to `target` in least squares.

    This is the closed form for the plane (Umeyama 1991, without reflection).

    Args:
        source: (N, 2).
        target: (N, 2).

    Returns:
        float64 (2, 3), for column vectors (x, y, 1).
    """
    return _matrix(*_fitted(source, target))


def _fitted(source: NDArray[np.floating], target: NDArray[np.floating]) -> tuple[complex, complex]:
    """Returns the same transform as complex numbers: a point x + iy goes to factor · (x + iy) + shift."""
    (one, one_mean), (other, other_mean) = _centred(source), _centred(target)
    factor = complex(np.vdot(one, other)) / max(float(np.vdot(one, one).real), 1e-12)
    return factor, other_mean - factor * one_mean


def _centred(points: NDArray[np.floating]) -> tuple[NDArray[np.complex128], complex]:
    """Returns the points relative to their mean, and the mean, as complex numbers."""
    plane = np.ascontiguousarray(points, np.float64).view(np.complex128)
    mean = complex(plane.mean())
    return plane - mean, mean


def _matrix(factor: complex, shift: complex) -> NDArray[np.float64]:
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def align(image: Halves, landmarks: Points, points: Points, size: int, cubic: bool = False) -> Pixels:
    """Cuts a face out of an image.

    A large face is cut from the half that leaves less than a halving to do, so that the warp, which reads only a few
    pixels for each, does not alias.

    Args:
        image: the image and its halves.
        landmarks: float32 (5, 2), in pixels of `image.full`.
        points: float32 (5, 2), where they belong in the crop, in pixels of the crop.
        size: rows and columns of the crop.
        cubic: whether to interpolate bicubically, which keeps more detail, and not bilinearly.

    Returns:
        uint8 (size, size, 3); black beyond the image.
    """
    factor, shift = _fitted(landmarks, points)
    near, scale = image.nearest(1 / max(abs(factor), 1e-6))
    # a pixel's centre at s in the half lies at (s + 0.5) / scale - 0.5 in the image
    matrix = _matrix(factor / scale, shift + factor * (1 / scale - 1) / 2 * (1 + 1j))
    way = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(near, matrix, (size, size), flags=way), np.uint8)
