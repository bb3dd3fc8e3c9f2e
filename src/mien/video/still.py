"""A decoded frame as a picture that the pipeline takes."""

import cv2
import numpy as np

from mien.face.types import Pixels


class Still:
    """A frame, turned to RGB once. It does not hold the pixels that it was made of.

    Args:
        bgr: uint8 (H, W, 3) BGR.
    """

    def __init__(self, bgr: Pixels) -> None:
        self.height, self.width = bgr.shape[:2]
        self._rgb: Pixels = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)

    def rgb(self, _: int) -> Pixels:
        """Returns the whole picture, uint8 (H, W, 3) RGB, whatever side is asked for."""
        return self._rgb
