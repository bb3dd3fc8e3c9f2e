"""Looks for the stripes that a camera sees on a screen (moiré): regular patterns, where skin has none."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.liveness.told import Rectangle

_SIDE, _LEAST = 160, 48  # of the square that is looked at, in pixels of the frame
_PART = 0.8  # of the face's box
_COARSE, _FINE = 1 / 14, 0.48  # of the patterns, in cycles a pixel: the features of a face are coarser, noise is finer
_AXIS = 2  # cycles a square; patterns along rows and columns are also those of the blocks of a codec


def stripes(pixels: NDArray[np.uint8], box: Rectangle) -> float:
    """Returns how far the strongest regular pattern on a face stands out of others as fine: 10 to 25 on skin.

    Args:
        pixels: uint8 BGR (H, W, 3), at the camera's resolution, since moiré does not survive reduction.
        box: around the face.

    Returns:
        the power of that pattern, by the mean power of all patterns of its wavelength; 0 where the face is too small.
    """
    x1, y1, x2, y2 = box
    half = int(min(_SIDE, _PART * (x2 - x1), _PART * (y2 - y1))) // 2
    x, y = int((x1 + x2) / 2), int((y1 + y2) / 2)
    shown = pixels[max(0, y - half) : max(0, y + half), max(0, x - half) : max(0, x + half)]
    side = min(shown.shape[:2])
    if side < _LEAST:
        return 0.0
    grey = np.asarray(shown[:side, :side].mean(axis=2), np.float32)
    window = np.outer(np.hanning(side), np.hanning(side))
    power = np.abs(np.fft.fftshift(np.fft.fft2((grey - cv2.GaussianBlur(grey, (0, 0), side / 20)) * window))) ** 2
    down, across = np.indices(power.shape) - side // 2
    radius = np.hypot(down, across)
    counted = (radius > _COARSE * side) & (radius < _FINE * side) & (abs(down) > _AXIS) & (abs(across) > _AXIS)
    ring = radius.astype(int)
    total, count = (np.bincount(ring[counted], weights, ring.max() + 1) for weights in (power[counted], None))
    usual = np.convolve(total, np.ones(5), "same") / np.maximum(np.convolve(count, np.ones(5), "same"), 1)
    return float((power[counted] / np.maximum(usual[ring[counted]], 1e-6)).max())
