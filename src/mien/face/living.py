"""Judges whether a face is a living one before the camera, or a print or a screen that shows one, by its surroundings.

Two networks look at the face's box, enlarged 2.7 and 4 times about its middle, as their publisher cuts it out
(`src/generate_patches.py` in minivision-ai/Silent-Face-Anti-Spoofing): pushed inside the picture, reduced where it is
larger than that, and stretched to the input without smoothing, since they were trained on what that leaves of a moiré.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.types import Pixels

NEAR, WIDE = 2.7, 4.0  # sizes of what the networks see, in boxes of the face
LIVE = 1  # the class of living faces; the others are spoofs
Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Living:
    """The two networks. Safe to use from many threads.

    Attributes:
        near: sees the face and what is right beside it.
        wide: sees more around it.
    """

    near: Session
    wide: Session

    def probabilities(self, pixels: Pixels, box: Sequence[float], *, rgb: bool = False) -> Probabilities:
        """Returns the mean of what both networks say of a face.

        Args:
            pixels: uint8 BGR (H, W, 3), upright, at the camera's resolution.
            box: the face's, as a detector finds it: x1, y1, x2, y2 in pixels.
            rgb: whether the pixels are RGB.

        Returns:
            float32 (3,): spoof, live, spoof; they add up to 1. None of them is calibrated.
        """
        answers = [_answer(self.near, pixels, box, NEAR, rgb), _answer(self.wide, pixels, box, WIDE, rgb)]
        return np.asarray(np.mean(answers, axis=0), np.float32)


def surroundings(box: Sequence[float], scale: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Returns x1, y1, x2, y2 of a box that is enlarged about its middle and pushed inside a picture.

    Where the picture is too small, it is enlarged less.
    """
    x1, y1, x2, y2 = box
    across, down = max(x2 - x1, 1.0), max(y2 - y1, 1.0)
    scale = min(scale, (width - 1) / across, (height - 1) / down)
    left, right = _within((x1 + x2) / 2, across * scale, width)
    top, bottom = _within((y1 + y2) / 2, down * scale, height)
    return left, top, right, bottom


def _within(middle: float, length: float, limit: int) -> tuple[int, int]:
    """Returns the first and the last but one place of a length about a middle, pushed between 0 and the limit."""
    first = min(max(middle - length / 2, 0.0), limit - length)
    return int(first), max(int(first + length), int(first) + 1)


def _answer(session: Session, pixels: Pixels, box: Sequence[float], scale: float, rgb: bool) -> Probabilities:
    height, width = pixels.shape[:2]
    left, top, right, bottom = surroundings(box, scale, width, height)
    rows, columns, _ = session.shape
    crop = cv2.resize(pixels[top:bottom, left:right], (columns, rows), interpolation=cv2.INTER_LINEAR)
    shown = np.ascontiguousarray(crop if rgb else crop[:, :, ::-1], np.uint8)
    return np.asarray(session.run(shown[None])["probabilities"][0], np.float32)
