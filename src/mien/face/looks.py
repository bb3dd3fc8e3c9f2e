"""Looks at a face, or at a whole picture, turned: draws it so that a finder of upright faces can find it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.detect import Detector, Finder
from mien.face.halves import Halves
from mien.face.types import Box, Detection
from mien.face.view import View, roll

SMALL, LARGE = 128, 320  # pixels of the canvases on which faces are drawn
REACH = 0.8  # half of the side of each of nine tiles of a canvas, in sides of the face that eight of them show
ALONE = 1.25  # half of the side of the large canvas, in sides of the one face on it
SETTLED = 8.0  # degrees of roll up to which a face stands upright in a drawing
DRAWINGS = 4  # the most times that a face is drawn alone until it stands upright


@dataclass(frozen=True, slots=True)
class Looks:
    """A finder of upright faces, and what it sees of an image turned.

    Attributes:
        finder: finds upright faces.
        small: the same network over a canvas of SMALL pixels; None for a finder of several networks.
    """

    finder: Finder
    small: Detector | None

    def wheel(self, image: Halves, face: Detection) -> Detection | None:
        """Returns a face as it looks best at eight turns on the small canvas; None if it is not seen."""
        return self._at_turns(image, face, self.small or self.finder, SMALL)

    def large_wheel(self, image: Halves, face: Detection) -> Detection | None:
        """Returns a face as it looks best at eight turns on the large canvas; None if it is not seen."""
        return self._at_turns(image, face, self.finder, LARGE)

    def settled(self, image: Halves, face: Detection) -> Detection | None:
        """Returns a face as it is found when drawn alone, again and again until it stands upright; else None."""
        for _ in range(DRAWINGS):
            view = _square(face, roll(face.landmarks), LARGE, ALONE)
            seen = _middle(self.finder.detect(Halves(view.draw(image)), LARGE, LARGE))
            if seen is None:
                return None
            face = view.back(seen)
            if abs(roll(seen.landmarks)) <= SETTLED:
                return face
        return None

    def whole(self, image: Halves, turns: Sequence[int]) -> list[tuple[Detection, Detection]]:
        """Returns the faces of the whole picture at quarter turns, each as it was drawn and in pixels of the image.

        The picture is drawn no larger than the canvas, so that the finder has no reason to look closer at parts of it.

        Args:
            image: the image.
            turns: degrees clockwise.
        """
        rows, columns = image.full.shape[:2]
        step = max(1.0, max(rows, columns) / self.finder.canvas)
        size = (ceil(columns / step), ceil(rows / step))
        faces = []
        for turn in turns:
            width, height = size if turn % 180 == 0 else size[::-1]
            view = View(columns / 2, rows / 2, step, turn, width, height)
            faces += [(seen, view.back(seen)) for seen in self.finder.detect(Halves(view.draw(image)), width, height)]
        return faces

    def _at_turns(self, image: Halves, face: Detection, finder: Finder, side: int) -> Detection | None:
        """Returns a face as it looks best on a canvas of three by three tiles with eight turns of it."""
        tile = side // 3
        ring = _square(face, 0.0, _ring(tile), REACH * _ring(tile) / tile)
        canvas = np.asarray(cv2.remap(ring.draw(image), *_wheel(side), cv2.INTER_LINEAR), np.uint8)
        best: Detection | None = None
        for seen in finder.detect(Halves(canvas), side, side):
            x, y = (seen.box.x1 + seen.box.x2) / 2, (seen.box.y1 + seen.box.y2) / 2
            column, row = min(int(x // tile), 2), min(int(y // tile), 2)
            near = hypot(x - (column + 0.5) * tile, y - (row + 0.5) * tile) < tile / 4
            if near and (best is None or seen.confidence > best.confidence):
                view = _square(face, 45.0 * (3 * row + column), tile, REACH)
                best = view.back(seen, (tile * column, tile * row))
        return best


def _square(face: Detection, turn: float, size: int, reach: float) -> View:
    """Returns the view of a face's surroundings.

    Args:
        face: in pixels of the image.
        turn: its degrees clockwise.
        size: rows and columns of the drawing.
        reach: half of the drawing's side, in sides of the face.
    """
    box = face.box
    return View((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, 2 * reach * box.area**0.5 / size, turn, size, size)


def _ring(tile: int) -> int:
    """Returns the pixels of a drawing from which a tile can be cut at any turn."""
    return ceil(tile * 2**0.5)


@cache
def _wheel(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns where the pixels of a canvas of eight tiles, each 45° further, lie in the drawing: x, y for `remap`."""
    size = side // 3
    row, column = np.mgrid[:side, :side]
    tile = 3 * (row // size) + column // size
    offset = (column % size - (size - 1) / 2) + 1j * (row % size - (size - 1) / 2)
    place = offset * np.exp(1j * np.radians(45.0 * tile)) + (_ring(size) - 1) / 2 * (1 + 1j)
    place[(row >= 3 * size) | (column >= 3 * size) | (tile > 7)] = -side  # black
    return place.real.astype(np.float32), place.imag.astype(np.float32)


def _middle(faces: Sequence[Detection]) -> Detection | None:
    """Returns the surest face in the middle of the large canvas; None if there is none."""

    def away(box: Box) -> float:
        return hypot(box.x1 + box.x2 - LARGE, box.y1 + box.y2 - LARGE) / 2

    near = (face for face in faces if away(face.box) < LARGE / 4)
    return max(near, key=lambda face: face.confidence, default=None)
