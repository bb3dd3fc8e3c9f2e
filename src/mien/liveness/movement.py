"""Whether a face blinks.

How its other features move tells nothing: a photograph that is tilted to and fro seems to move them more than a living
person does who holds still.
"""

from collections.abc import Sequence

import numpy as np

from mien.liveness.seen import Seen

BLINKS = (9, 10)  # eyeBlinkLeft and eyeBlinkRight among the blendshapes
_LEAST_FRAMES = 10
_AROUND_MS = 500  # before and after a frame: a blink is over sooner, while a picture that is tilted takes longer


def blink(seen: Sequence[Seen]) -> float | None:
    """Returns by how much the lids shut for a moment, 0–1; None where too few frames have blendshapes."""
    frames = [(each.at_ms, each.blendshapes[list(BLINKS)].mean()) for each in seen if each.blendshapes is not None]
    if len(frames) < _LEAST_FRAMES:
        return None
    times, lids = np.array(frames, np.float64).T
    usual = [np.median(lids[abs(times - at) <= _AROUND_MS]) for at in times]
    return float((lids - usual).max())
