"""Whether a face that comes nearer has depth: its nose then grows more than its ears, and a picture's does not.

However a flat picture is held, its points move by a projective map of eight numbers. What such a map leaves unexplained
is compared with what the depth of the mesh lets expect: a point that lies nearer than the others moves outwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.liveness.seen import Seen

Values = NDArray[np.float64]

# Points of the mesh on all sides of the face and at all depths, which the mouth and the lids move least.
POINTS = (
    10, 9, 8, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 33, 133, 362, 263, 127, 356, 234, 454, 93, 323, 50, 280, 101, 330,
    36, 266, 227, 447, 116, 345, 117, 346, 151, 67, 297, 109, 338,
)  # fmt: skip
_LEAST_FRAMES = 10
_NONE = 1e-6  # of what nothing is expected
_ALIKE = 4  # frames that tell as much as one, since what moves a face takes longer than a frame


@dataclass(frozen=True, slots=True)
class Depth:
    """How much depth a face has.

    Attributes:
        shown: the face's width by its distance from the camera at the end, as its depth tells it; 0 of a flat picture,
            0.2 or more of a face before a camera.
        error: by how much that may be wrong, as two standard errors. It is large where the face comes little nearer,
            or turns much meanwhile, as a picture that is tilted to and fro.
        grows: how much larger the face is near than far away.
    """

    shown: float
    error: float
    grows: float


def depth(seen: Sequence[Seen]) -> Depth | None:
    """Measures the depth of a face; None where too few frames have a mesh.

    A face of width W whose distance falls from D0 to D1 = D0 / g grows g times, and a point of it that lies z nearer
    than the middle 1 + z (1/D1 - 1/D0) times more. So the slope of what is seen over z in widths is W/D1 (1 - 1/g), and
    the slopes of all frames lie on a line over their 1 - 1/g.
    """
    meshes = [np.asarray(each.mesh, np.float64)[list(POINTS)] for each in seen if each.mesh is not None]
    if len(meshes) < _LEAST_FRAMES:
        return None
    shapes = np.stack(meshes)
    widths = np.ptp(shapes[:, :, 0], axis=1)
    shapes = (shapes - shapes.mean(axis=1, keepdims=True)) / widths[:, None, None]
    order = np.argsort(widths)
    small, large = order[: max(5, len(order) // 6)], order[-(len(order) // 2) :]
    far, near = shapes[small].mean(axis=0), shapes[large].mean(axis=0)
    expected = _unbent(far[:, :2], -near[:, 2:] * far[:, :2])
    power = max(float((expected**2).sum()), _NONE)
    slopes = np.array([float((_unexplained(far[:, :2], each[:, :2]) * expected).sum()) for each in shapes]) / power
    shown, error = _line(1 - np.median(widths[small]) / widths, slopes)
    return Depth(shown, error, float(np.median(widths[large]) / np.median(widths[small])))


def _line(places: Values, values: Values) -> tuple[float, float]:
    """Returns the slope of the line that fits values best, and two standard errors of it."""
    away = places - places.mean()
    spread = max(float(np.linalg.norm(away)), _NONE)
    slope = float((away * values).sum()) / spread**2
    rest = float(np.linalg.norm(values - values.mean() - slope * away)) / np.sqrt(len(values) - 2)
    return slope, float(2 * rest * np.sqrt(_ALIKE) / spread)


def _unexplained(one: Values, other: Values) -> Values:
    """Returns how far points lie from the projective map of others that fits them best, (N, 2)."""
    found = np.append(np.linalg.lstsq(_rows(one, other), other.T.ravel(), rcond=None)[0], 1.0).reshape(3, 3)
    there = np.column_stack([one, np.ones(len(one))]) @ found.T
    return np.asarray(other - there[:, :2] / there[:, 2:])


def _unbent(places: Values, moves: Values) -> Values:
    """Returns small moves of points without what a projective map near to none explains of them, (N, 2)."""
    rows = _rows(places, places)
    flat = moves.T.ravel()
    return np.asarray((flat - rows @ np.linalg.lstsq(rows, flat, rcond=None)[0]).reshape(2, -1).T)


def _rows(one: Values, other: Values) -> Values:
    """Returns the equations, (2 N, 8), of the projective map from points to others (direct linear transformation)."""
    ones, zero = np.column_stack([one, np.ones(len(one))]), np.zeros((len(one), 3))
    return np.vstack([np.hstack([ones, zero, -other[:, :1] * one]), np.hstack([zero, ones, -other[:, 1:] * one])])
