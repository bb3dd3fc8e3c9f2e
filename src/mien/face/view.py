"""Draws a square of an image turned and scaled, and takes what is found there back to the image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.halves import Halves
from mien.face.types import Box, Detection, Pixels, Points


@dataclass(frozen=True, slots=True)
class View:
    """A drawing of a part of an image.

    Attributes:
        x: of the middle, in pixels of the image.
        y: the same.
        step: pixels of the image that a pixel of the drawing covers in each direction.
        turn: degrees clockwise by which what stands upright in the drawing is turned in the image: its roll.
        width: columns of the drawing.
        height: rows of the drawing.
    """

    x: float
    y: float
    step: float
    turn: float
    width: int
    height: int

    def draw(self, image: Halves) -> Pixels:
        """Draws it, uint8 RGB (height, width, 3), with black beyond the image."""
        near, scale = image.nearest(self.step)
        axes = self._axes * scale
        # pixel centres lie at + 0.5 in both
        corner = np.array([self.x, self.y]) * scale + axes @ ((1 - self.width) / 2, (1 - self.height) / 2) - 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        matrix = np.column_stack([axes, corner])
        return np.asarray(cv2.warpAffine(near, matrix, (self.width, self.height), flags=flags), np.uint8)

    def back(self, seen: Detection, corner: tuple[int, int] = (0, 0)) -> Detection:
        """Returns a face of the drawing in pixels of the image; its box is upright there, around an oval face.

        Args:
            seen: the face, in pixels of a canvas.
            corner: the column and row of the canvas at which the drawing begins.
        """
        landmarks = self._points(seen.landmarks - np.array(corner))
        box = seen.box
        ((x, y),) = self._points(np.array([(box.x1 + box.x2, box.y1 + box.y2)]) / 2 - corner)
        across, down = np.hypot(*(self._axes * (box.width / 2, box.height / 2)).T)
        return Detection(Box(*map(float, (x - across, y - down, x + across, y + down))), landmarks, seen.confidence)

    @property
    def _axes(self) -> NDArray[np.float64]:
        """The drawing's x and y as columns, in pixels of the image."""
        turn = np.radians(self.turn)
        cos, sin = (round(float(each), 15) for each in (np.cos(turn), np.sin(turn)))  # a quarter turn is exact
        return np.array([[cos, -sin], [sin, cos]]) * self.step

    def _points(self, points: NDArray[np.floating]) -> Points:
        middle = np.array([self.width, self.height]) / 2
        return ((points - middle) @ self._axes.T + (self.x, self.y)).astype(np.float32)


def stretched(face: Detection, across: float, down: float) -> Detection:
    """Returns a face in pixels that are `across` times as many in a row and `down` times in a column."""
    box, scale = face.box, np.array([across, down], np.float32)
    return Detection(
        Box(box.x1 * across, box.y1 * down, box.x2 * across, box.y2 * down), face.landmarks * scale, face.confidence
    )


def roll(landmarks: Points) -> float:
    """Returns the slope of the line between the eyes: degrees clockwise, -180…180."""
    across = landmarks[1] - landmarks[0]
    return float(np.degrees(np.arctan2(across[1], across[0])))
