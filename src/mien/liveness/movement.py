"""Whether a face moves as living ones do: its lids, and its skin as no stiff surface could.

A photograph that is moved is seen as a projective map of itself, however it is held. So such a map is taken out of what
the mesh becomes when the face comes nearer; what remains of a photograph is the noise of the mesh.
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
BLINKS = (9, 10)  # eyeBlinkLeft and eyeBlinkRight among the blendshapes
_LEAST_FRAMES = 10


@dataclass(frozen=True, slots=True)
class Movement:
    """What moves in a face.

    Attributes:
        blink: by how much the lids shut more than they mostly do, 0–1.
        mimics: spread of the blendshapes over the film.
        parallax: what no projective map explains between the face far away and near, in thousandths of its width.
        grows: how much larger the face is near than far away.
    """

    blink: float
    mimics: float
    parallax: float
    grows: float


def movement(seen: Sequence[Seen]) -> Movement | None:
    """Measures how a face moves; None where too few frames have a mesh."""
    frames = [each for each in seen if each.mesh is not None and each.blendshapes is not None]
    if len(frames) < _LEAST_FRAMES:
        return None
    meshes = np.stack([np.asarray(each.mesh, np.float64)[:, :2] for each in frames])
    shapes = np.stack([np.asarray(each.blendshapes, np.float64) for each in frames])
    widths = np.ptp(meshes[:, :, 0], axis=1)
    outlines = meshes[:, POINTS] - meshes[:, POINTS].mean(axis=1, keepdims=True)
    outlines /= widths[:, None, None]
    order = np.argsort(widths)
    small, large = order[: max(4, len(order) // 6)], np.sort(order[-(len(order) // 2) :])
    far, near = outlines[small], outlines[large]
    lids = shapes[:, BLINKS].mean(axis=1)
    smooth = np.stack([np.convolve(column, np.ones(3) / 3, "valid") for column in shapes.T], axis=1)
    return Movement(
        blink=float(lids.max() - np.median(lids)),
        mimics=float(np.linalg.norm(smooth.std(axis=0))),
        parallax=1000 * _unexplained(far.mean(axis=0), near.mean(axis=0)),
        grows=float(np.median(widths[large]) / np.median(widths[small])),
    )


def _unexplained(one: Values, other: Values) -> float:
    """Returns how far, root mean square, points lie from the projective map of others that fits them best."""
    x, y, zero, unit = one[:, 0], one[:, 1], np.zeros(len(one)), np.ones(len(one))
    rows = [
        np.column_stack([x, y, unit, zero, zero, zero, -other[:, 0] * x, -other[:, 0] * y]),
        np.column_stack([zero, zero, zero, x, y, unit, -other[:, 1] * x, -other[:, 1] * y]),
    ]
    found = np.append(np.linalg.lstsq(np.vstack(rows), other.T.ravel(), rcond=None)[0], 1.0).reshape(3, 3)
    there = np.column_stack([one, unit]) @ found.T
    away = there[:, :2] / there[:, 2:] - other
    return float(np.sqrt((away**2).sum(axis=1).mean()))
