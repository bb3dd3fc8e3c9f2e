"""Whether a face moves as living ones do: its lids, and its features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mien.liveness.seen import Seen

BLINKS = (9, 10)  # eyeBlinkLeft and eyeBlinkRight among the blendshapes
_LEAST_FRAMES = 10


@dataclass(frozen=True, slots=True)
class Movement:
    """What moves in a face.

    Attributes:
        blink: by how much the lids shut more than they mostly do, 0–1.
        mimics: spread of the blendshapes over the film, without what changes from frame to frame only.
    """

    blink: float
    mimics: float


def movement(seen: Sequence[Seen]) -> Movement | None:
    """Measures how a face moves; None where too few frames have blendshapes."""
    frames = [np.asarray(each.blendshapes, np.float64) for each in seen if each.blendshapes is not None]
    if len(frames) < _LEAST_FRAMES:
        return None
    shapes = np.stack(frames)
    lids = shapes[:, BLINKS].mean(axis=1)
    smooth = np.stack([np.convolve(column, np.ones(3) / 3, "valid") for column in shapes.T], axis=1)
    return Movement(float(lids.max() - np.median(lids)), float(np.linalg.norm(smooth.std(axis=0))))
