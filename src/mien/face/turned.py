"""Finds faces that lie, hang or stand on their head: looks again, turned, where a detector is in doubt.

A detector trained on upright faces also reports turned ones, with a lower score, but places eyes and mouth as if they
were upright, so that their crops show nothing that could be recognised. The score is the sign: see
`benchmarks/README.md`, "Turned pictures". A face below it is drawn at four quarter turns on one small canvas, and only
one that looks better turned is drawn again until it stands upright. A picture without faces is looked at turned.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import ceil, hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.detect import MOST_FACES, Detector, Finder
from mien.face.halves import Halves
from mien.face.types import Box, Detection
from mien.face.view import View, roll, stretched

TILTED = 40.0  # degrees of roll beyond SETTLED at which no score is certain, because landmarks lag behind a tilt
TILT = 15.0  # degrees of roll from which an unsure face is drawn upright
SETTLED = 8.0  # degrees of roll up to which a face stands upright in a drawing
SMALL, LARGE = 128, 320  # pixels of the canvases on which faces are drawn
OVER = 30.0  # degrees of roll, as a face looks best, beyond which it is not upright
REACH = 0.8  # half of the side of each of nine tiles of a canvas, in sides of the face that eight of them show
ALONE = 1.25  # half of the side of the large canvas, in sides of the one face on it
DRAWINGS = 4  # the most times that a face is drawn alone until it stands upright
BESIDE = 0.36  # the least area of a doubted face in a small picture, as a share of the least certain one there
MOST_DOUBTED, MOST_HINTS, MOST_TURNED = 8, 2, 12  # of a picture, the largest, that are drawn turned, and alone
LEAST_TURNED = 0.75  # the least score of a face that is found only turned
GAIN = 0.08  # what the score of an unsure face must gain for it to be turned over
TURNED_OVER = 60.0  # degrees between two rolls of one face, of which one must be wrong
SAME_FACE = 0.3  # a turned face and another one that overlap more are one face


@dataclass(frozen=True, slots=True)
class Turned:
    """A finder that looks turned with a finder of upright faces.

    Attributes:
        finder: finds upright faces.
        small: the same network over a canvas of SMALL pixels; None for a finder of several networks.
        sure: the score from which a face is certainly upright; 0 for a finder whose scores do not tell.
    """

    finder: Finder
    small: Detector | None
    sure: float

    @property
    def canvas(self) -> int:
        """The canvas of the finder (see `Finder.canvas`)."""
        return self.finder.canvas

    @property
    def sessions(self) -> dict[str, Session]:
        """The networks of the finder and its small canvas (see `Finder.sessions`)."""
        return self.finder.sessions | ({"small": self.small.narrow} if self.small else {})

    def through(self, sessions: Mapping[str, Session]) -> "Turned":
        """Returns the same with other sessions (see `Finder.through`)."""
        finder = self.finder.through({name: sessions[name] for name in self.finder.sessions})
        small = self.small and replace(self.small, wide=sessions["small"], narrow=sessions["small"])
        return replace(self, finder=finder, small=small)

    def detect(self, image: Halves, width: int, height: int) -> list[Detection]:
        """Detects faces (see `Finder.detect`)."""
        return self.hinted(image, width, height)[0]

    def hinted(self, image: Halves, width: int, height: int) -> tuple[list[Detection], list[Detection]]:
        """Detects faces, and returns the finder's hints with them (see `Finder.hinted`)."""
        found, hints = self.finder.hinted(image, width, height)
        doubted = [face for face in found if self._is_doubted(face)]
        if found and not doubted and not hints:
            return found, hints
        rows, columns = image.full.shape[:2]
        across, down = columns / width, rows / height
        certain = min((face.box.area for face in found if not self._is_doubted(face)), default=0.0)
        if certain:
            doubted = [face for face in doubted if self._is_worth(face, certain, width, height)]
        apart = [face for face in hints if self.sure and not any(face.box.overlap(each.box) for each in found)]
        seen = [stretched(face, across, down) for face in doubted[:MOST_DOUBTED]]
        likely = sorted(apart, key=lambda face: -face.confidence)[:MOST_HINTS]
        more = [stretched(face, across, down) for face in likely]
        turned = self._turned(image, seen, more, bool(certain)) if found else self._elsewhere(image, (90, 180, 270))
        back = [stretched(face, 1 / across, 1 / down) for face in turned]
        return self._joined(found, back) if back else found, hints

    def _is_doubted(self, face: Detection) -> bool:
        """Returns whether a face may be turned: it has a low score, or one that is low for its tilt."""
        tilt = max(abs(roll(face.landmarks)) - SETTLED, 0.0)
        return face.confidence < self.sure + (1 - self.sure) * tilt / TILTED

    def _is_worth(self, face: Detection, certain: float, width: int, height: int) -> bool:
        """Returns whether to look turned at a doubted face beside a certainly upright one of the area `certain`.

        A face that the frame cuts, or a smaller one in a small picture, has a low score for this reason.
        """
        least = 0.0 if max(width, height) > LARGE else BESIDE * certain
        whole = min(face.box.x1, face.box.y1, width - face.box.x2, height - face.box.y2) >= 0
        return whole and face.box.area >= least

    def _turned(
        self, image: Halves, doubted: Sequence[Detection], hints: Sequence[Detection], certain: bool
    ) -> list[Detection]:
        """Returns the doubted faces that are turned, as they are, and others that are turned like them.

        Args:
            image: the image.
            doubted: the faces, in pixels of the image.
            hints: what may be faces if they are turned.
            certain: whether another face of the picture is certainly upright.
        """
        suspects, upright = [], False
        for number, face in enumerate((*doubted, *hints)):
            sure = face.confidence >= self.sure  # then its tilt is doubted, not where its eyes are
            look = None if sure else self._look(image, face, certain)
            if sure or abs(roll(face.landmarks)) > TILT or (look and abs(roll(look.landmarks)) > OVER):
                suspects.append((face, look or face))
            elif look and number < len(doubted):
                upright = True
        faces = list(self._upright(image, suspects))
        quarters = {round(roll(face.landmarks) / 90) * 90 % 360 for face in faces} - {0}
        if not (certain or upright or any(face.confidence >= self.sure for face in faces)):
            quarters = {90, 180, 270}
        return _distinct(faces + self._elsewhere(image, sorted(quarters)))

    def _look(self, image: Halves, face: Detection, once: bool = False) -> Detection | None:
        """Returns a face as it looks best at eight turns, drawn small and, unless `once`, large; None if in neither."""
        look = self._at_turns(image, face, self.small or self.finder, SMALL)
        return look or (None if once else self._at_turns(image, face, self.finder, LARGE))

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

    def _upright(self, image: Halves, suspects: Sequence[tuple[Detection, Detection]]) -> Iterator[Detection]:
        """Yields faces as they look upright, if that is better than how they were found.

        Args:
            image: the image.
            suspects: each face as it was found and as it looked best; the first MOST_TURNED are drawn.
        """
        for found, look in suspects[:MOST_TURNED]:
            upright = self._settled(image, look)
            if upright and upright.confidence >= LEAST_TURNED and self._is_better(upright, found):
                yield upright

    def _settled(self, image: Halves, face: Detection) -> Detection | None:
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

    def _joined(self, found: list[Detection], turned: list[Detection]) -> list[Detection]:
        """Returns the faces found upright and those found turned, the better where both are of one place."""
        better = [face for face in turned if all(self._is_better(face, each) for each in found if _is_same(face, each))]
        kept = [face for face in found if not any(_is_same(face, each) for each in better)]
        return sorted(kept + better, key=lambda face: -face.box.area)[:MOST_FACES]

    def _is_better(self, turned: Detection, found: Detection) -> bool:
        """Returns whether a face is rather as it was seen turned than as it was found."""
        gain = turned.confidence - found.confidence
        if abs(_within(roll(turned.landmarks) - roll(found.landmarks))) <= TURNED_OVER:
            return gain > -GAIN
        return gain >= GAIN or (gain > 0 and turned.confidence >= self.sure)

    def _elsewhere(self, image: Halves, turns: Sequence[int]) -> list[Detection]:
        """Returns the faces of the whole picture at quarter turns, in degrees clockwise.

        The picture is drawn no larger than the canvas, so that the finder has no reason to look closer at parts of it.
        """
        rows, columns = image.full.shape[:2]
        step = max(1.0, max(rows, columns) / self.canvas)
        upright: list[Detection] = []
        doubted: list[Detection] = []
        for turn in turns:
            size = (ceil(columns / step), ceil(rows / step))
            width, height = size if turn % 180 == 0 else size[::-1]
            view = View(columns / 2, rows / 2, step, turn, width, height)
            for seen in self.finder.detect(Halves(view.draw(image)), width, height):
                if seen.confidence >= LEAST_TURNED:
                    (doubted if self._is_doubted(seen) else upright).append(view.back(seen))
        faces = _distinct(upright + doubted)
        unclear = [(face, self._look(image, face) or face) for face in faces if any(face is each for each in doubted)]
        return _distinct(list(self._upright(image, unclear)) + faces)


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


def _distinct(faces: Sequence[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: -face.confidence):
        if not any(_is_same(face, other) for other in kept):
            kept.append(face)
    return kept


def _is_same(face: Detection, other: Detection) -> bool:
    return face.box.overlap(other.box) > SAME_FACE


def _within(degrees: float) -> float:
    """Returns the same angle in -180…180."""
    return (degrees + 180) % 360 - 180
