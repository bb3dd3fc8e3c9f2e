"""Draws an image at falling scales on one canvas, for a detector that knows one size of face.

One static input holds every scale, so that one compiled network runs once. Scales fall by √½. Levels lie at even
offsets, so that they meet the grid of a network with stride 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from mien.face.halves import Halves
from mien.face.types import Pixels

STEP = 0.5**0.5
GREY = (127, 127, 127)  # zero to a network that takes (pixel - 127.5) / 128


@dataclass(frozen=True, slots=True)
class Level:
    """A square of the canvas: its left and top pixel, and its side."""

    x: int
    y: int
    side: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """The place of the image in a level: left and top pixel, width and height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Pyramid:
    """The layout of the scales on the canvas.

    Attributes:
        side: pixels of the largest level; even.
        least: the side below which a level shows the network nothing.
    """

    side: int
    least: int

    @cached_property
    def levels(self) -> list[Level]:
        """All levels, the largest first, each in the corner of the smallest gap that holds it."""
        gaps = [(0, 0, 4 * self.side, self.side)]  # x, y, width, height; wider than all levels in a row
        levels = []
        for side in self._sides():
            gap = min((gap for gap in gaps if min(gap[2:]) >= side), key=lambda gap: gap[2] * gap[3])
            gaps.remove(gap)
            x, y, width, height = gap
            levels.append(Level(x, y, side))
            gaps += [(x, y + side, side, height - side), (x + side, y, width - side, height)]
        return levels

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Height and width of the canvas."""
        return self.side, max(level.x + level.side for level in self.levels)

    def draw(self, halves: Halves) -> tuple[Pixels, list[Drawn]]:
        """Draws an image on the canvas at every scale at which its shorter side has `least` pixels or more.

        Returns:
            uint8 RGB (height, width, 3), black beside the images, and their places, the largest first.
        """
        canvas = np.zeros((*self.shape, 3), np.uint8)
        drawn: list[Drawn] = []
        sources: list[Pixels] = []
        image = halves.full
        for level in self.levels:
            factor = level.side / max(image.shape[:2])
            height, width = (max(1, round(side * factor)) for side in image.shape[:2])
            if min(height, width) < self.least:
                break
            # two levels up is twice the size, and averaging by two is fast
            source = sources[-2] if len(sources) > 1 else halves.nearest(1 / factor)[0]
            place = canvas[level.y : level.y + height, level.x : level.x + width]
            method = cv2.INTER_AREA if len(sources) > 1 else cv2.INTER_LINEAR
            cv2.resize(source, (width, height), dst=place, interpolation=method)
            sources.append(place)
            drawn.append(Drawn(level.x, level.y, width, height))
        return canvas, drawn

    def _sides(self) -> Iterator[int]:
        side = float(self.side)
        while side >= self.least:
            yield 2 * round(side / 2)
            side *= STEP
