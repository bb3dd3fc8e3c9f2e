"""An image at falling scales side by side on one canvas, for a network that knows one size of face.

One static input holds every scale, so one compiled network is run once. The scales fall by √½; a level's place is even
both ways, so that it meets the grid of a network with stride 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from mien.face.halves import Halves
from mien.face.types import Pixels

STEP = 0.5**0.5
GREY = (127, 127, 127)  # nought to a network that takes (pixel - 127.5) / 128


@dataclass(frozen=True, slots=True)
class Level:
    """A square of the canvas: its left and top pixel, and its side."""

    x: int
    y: int
    side: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """Where the image lies in a level: left and top pixel, width and height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Pyramid:
    """Where each scale lies.

    Attributes:
        side: of the largest level's square, pixels; even.
        least: side below which a level shows the network nothing.
    """

    side: int
    least: int

    @cached_property
    def levels(self) -> list[Level]:
        """Every level, the largest first: each in the corner of the smallest gap that holds it."""
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

    def draw(self, halves: "Halves") -> tuple[Pixels, list[Drawn]]:
        """Lay an image on the canvas at every scale that shows a side of `least` or more.

        Returns:
            uint8 RGB (height, width, 3), black where no image lies, and what was drawn, the largest first.
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
