"""Keeps an image at half its size, a quarter, …, from which smaller copies are made without aliasing.

The detector and the alignment of every face share the halves, so that a large image is shrunk only once.
"""

from collections.abc import Sequence
from math import log2

import cv2
import numpy as np

from mien.face.types import Pixels


class Halves:
    """An image and its halves, each made on first use, for one thread.

    Args:
        image: uint8 RGB (H, W, 3).
    """

    def __init__(self, image: Pixels) -> None:
        self._images = [image]

    @property
    def full(self) -> Pixels:
        """The image itself."""
        return self._images[0]

    def nearest(self, reduction: float) -> tuple[Pixels, float]:
        """Returns the smallest half that leaves less than a halving to do, and its scale: 1, ½, ¼, …

        Args:
            reduction: the factor by which the image is to be reduced; below 1 to enlarge it.
        """
        times = int(log2(max(reduction, 1.0)))
        while len(self._images) <= times:
            self._images.append(halved(self._images[-1]))
        return self._images[times], 0.5**times

    def cut(self, box: Sequence[float], size: int, beyond: tuple[int, int, int]) -> Pixels:
        """Cuts a square out and scales it.

        Args:
            box: x1, y1, x2, y2 of a square, in pixels of the image; it may reach beyond the image.
            size: rows and columns of the answer.
            beyond: the colour beyond the image.

        Returns:
            uint8 RGB (size, size, 3).
        """
        step = max((box[2] - box[0]) / size, 1e-6)
        image, scale = self.nearest(step)
        # pixel u of the answer is centred at x1 + (u + 0.5) · step in an image whose pixel 0 is centred at 0.5
        left, top = ((box[axis] + step / 2) * scale - 0.5 for axis in (0, 1))
        matrix = np.array([[step * scale, 0, left], [0, step * scale, top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(image, matrix, (size, size), flags=flags, borderValue=beyond), np.uint8)


def halved(image: Pixels) -> Pixels:
    """Halves rows and columns: each pixel is the mean of four, and an odd last row or column is dropped.

    Processors have instructions for exact means of 2 × 2 pixels.
    """
    height, width = (max(1, side // 2) for side in image.shape[:2])
    return np.asarray(cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA))
