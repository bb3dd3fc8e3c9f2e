"""Decides where a detector looks closer for small faces: squares of the picture, and the signs that they are worth it.

A face of 40 pixels in a picture of 1920 × 1080 has 13 on a canvas of 640, where the network misses most. On a tile it
has 36. Tiles cost up to MOST_TILES runs of the canvas, so a picture of large faces must not pay for them. How often
small faces are found, and at what cost: see `benchmarks/README.md`, "Small faces".
"""

from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

PICTURE = 1920 * 1080  # pixels; in a larger picture small faces are proportionally larger
SCALE = 0.9  # of such a picture on its tiles
MOST_TILES = 6
OVERLAP = 96  # pixels of the canvas that neighbouring tiles share; what is larger shows on the whole picture's canvas
SEAM = 4  # pixels of the canvas; what comes nearer to a neighbouring tile may be cut, and is whole there
AS_GOOD = 0.92  # share of the largest scale that is worth no further tile
SHOWS = 0.8  # of the tiles' scale; a canvas of the whole image that has as much needs no tiles
SMALL = 0.1  # of the image's longer side; beside so small a face there may be smaller ones

SURER = 0.375  # of what a detector's bar lacks of 1: a tile shows more texture, and asks so much more of a face's score

Squares = NDArray[np.float32]  # (N, 4): x1, y1, x2, y2 in pixels of the picture; they may reach beyond it
Boxes = NDArray[np.float32]  # (N, 4): x1, y1, x2, y2


@lru_cache(maxsize=64)
def tiles(columns: int, rows: int, side: int, reduction: float = 1.0) -> Squares:
    """Returns the squares that cover an image and show small faces on a canvas of `side` pixels.

    The fewest are taken that allow nearly the largest scale; there are none where the whole image's canvas shows
    nearly as much.

    Args:
        columns: of the image.
        rows: of the image.
        side: rows and columns of the canvas.
        reduction: from the image's full resolution.
    """
    full = columns * rows * reduction**2
    most = SCALE * reduction * min(1.0, sqrt(PICTURE / full))
    step = side - OVERLAP

    def scale(across: int, down: int) -> float:
        return min(most, (across * step + OVERLAP) / columns, (down * step + OVERLAP) / rows)

    grids = [(across, down) for down in range(1, MOST_TILES + 1) for across in range(1, MOST_TILES // down + 1)]
    enough = AS_GOOD * max(scale(*grid) for grid in grids)
    across, down = min((grid for grid in grids if scale(*grid) >= enough), key=lambda grid: grid[0] * grid[1])
    if side / max(columns, rows) >= SHOWS * scale(across, down):
        return np.empty((0, 4), np.float32)
    extent = side / scale(across, down)
    lefts, tops = _spread(columns, extent, across), _spread(rows, extent, down)
    return np.array([(x, y, x + extent, y + extent) for y in tops for x in lefts], np.float32)


def around(boxes: Boxes, columns: int, rows: int, extent: float) -> Squares:
    """Returns a square of `extent` around each box, moved into the image as far as it fits."""
    room = np.maximum(np.array([columns, rows]) - extent, 0)
    corners = np.clip((boxes[:, :2] + boxes[:, 2:]) / 2 - extent / 2, 0, room)
    return np.concatenate([corners, corners + extent], axis=1).astype(np.float32)


def whole(boxes: Boxes, square: NDArray[np.float32], columns: int, rows: int, scale: float) -> NDArray[np.bool_]:
    """Returns which boxes in a square of an image are small enough for a tile, and do not reach a seam.

    Args:
        boxes: in pixels of the image.
        square: the square.
        columns: of the image.
        rows: of the image.
        scale: from the image to the canvas.
    """
    seam = SEAM / scale
    fits = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) <= OVERLAP / scale - 2 * seam
    low = np.where(square[:2] > 0, square[:2] + seam, -np.inf)
    high = np.where(square[2:] < (columns, rows), square[2:] - seam, np.inf)
    return np.asarray(fits & (boxes[:, :2] > low).all(axis=1) & (boxes[:, 2:] < high).all(axis=1))


def _spread(length: int, extent: float, count: int) -> list[float]:
    """Returns where `count` tiles begin that cover the length evenly."""
    return [index * max(length - extent, 0) / max(count - 1, 1) for index in range(count)]
