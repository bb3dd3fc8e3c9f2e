"""Measures the colours of the skin of a face, and of the ground beside it, in a frame.

The light of a screen reaches nose, forehead and cheeks that face it more than temples and jaw, and hardly the ground
behind a person; it reaches all of a photograph alike. So the colours are kept apart by cell of the face.
"""

import numpy as np
from numpy.typing import NDArray

from mien.liveness.told import Rectangle

# Points of the mesh on bare skin: forehead, between the brows, nose, cheeks, chin; then temples, sides and jaw.
FRONT = (151, 9, 67, 297, 195, 5, 50, 280, 205, 425, 101, 330, 199)
SIDES = (127, 356, 227, 447, 123, 352, 213, 433, 172, 397)
CELLS = FRONT + SIDES
_RADIUS = 0.035  # of a cell, in widths of the face
_BESIDE = (0.57, 1.1)  # the ground: its distance from the middle of the face, in widths of it; ears end at 0.55
_HEIGHTS = (-0.75, 0.1)  # and its place, in heights of the face from its middle, above the shoulders
_LEAST = 4  # rows and columns of ground from which its colour is measured

# Where those points lie in the box of a detector, as shares of its width and height, for a face without a mesh.
_PLACES = np.array(
    [(0.50, 0.12), (0.50, 0.30), (0.33, 0.12), (0.67, 0.12), (0.50, 0.45), (0.50, 0.52), (0.24, 0.52), (0.76, 0.52),
     (0.28, 0.66), (0.72, 0.66), (0.34, 0.52), (0.66, 0.52), (0.50, 0.90), (0.08, 0.40), (0.92, 0.40), (0.09, 0.48),
     (0.91, 0.48), (0.13, 0.60), (0.87, 0.60), (0.18, 0.72), (0.82, 0.72), (0.17, 0.80), (0.83, 0.80)]
)  # fmt: skip


def colours(pixels: NDArray[np.uint8], mesh: NDArray[np.floating] | None, box: Rectangle) -> NDArray[np.float32]:
    """Returns the mean colours of cells of the face, and of the ground to its left and right.

    Args:
        pixels: uint8 BGR (H, W, 3).
        mesh: (478, 2 or 3), in pixels of the frame; None where there is none, and the box says where the cells are.
        box: around the face.

    Returns:
        float32 (len(CELLS) + 2, 3), RGB 0–255; NaN for what lies outside the frame.
    """
    x1, y1, x2, y2 = box
    if mesh is None:
        points = np.array([x1, y1]) + _PLACES * (x2 - x1, y2 - y1)
    else:
        points = np.asarray(mesh[list(CELLS), :2], np.float64)
        (x1, y1), (x2, y2) = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    radius = max(1.0, _RADIUS * (x2 - x1))
    middle, level = (x1 + x2) / 2, (y1 + y2) / 2
    top, bottom = (level + share * (y2 - y1) for share in _HEIGHTS)
    near, far = (share * (x2 - x1) for share in _BESIDE)
    cells = [(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    ground = [(middle - far, top, middle - near, bottom), (middle + near, top, middle + far, bottom)]
    return np.stack([*(_mean(pixels, each, 1) for each in cells), *(_mean(pixels, each, _LEAST) for each in ground)])


def _mean(pixels: NDArray[np.uint8], rectangle: Rectangle, least: int) -> NDArray[np.float32]:
    """Returns the mean RGB of a rectangle, float32 (3,), without what lies outside the frame; NaN if that is little."""
    x1, y1, x2, y2 = rectangle
    rows, columns = pixels.shape[:2]
    top, bottom = (min(rows, max(0, round(each))) for each in (y1, y2))
    left, right = (min(columns, max(0, round(each))) for each in (x1, x2))
    shown = pixels[top:bottom, left:right]
    if min(shown.shape[:2]) < least:
        return np.full(3, np.nan, np.float32)
    return np.asarray(shown.reshape(-1, 3).mean(axis=0)[::-1], np.float32)
