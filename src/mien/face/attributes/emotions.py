"""Tells what a face expresses: five emotions that a network knows, and three that nothing measures."""

from contextlib import suppress

import numpy as np

from mien.face.attributes.evidence import EMOTIONS, Evidence, UnclearError
from mien.face.attributes.hidden import mouth_hidden
from mien.face.types import Emotions

# an exponent and a factor, fitted so that the network's probabilities are as true as they say
_SHARPNESS = 0.75
_CALM = 1.25  # it says neutral too seldom
_LEAST = 1e-3
_UNMEASURED = ("fear", "disgust", "confusion")  # answered near 0 and not invented
_REST = 1e-3


def emotions(evidence: Evidence) -> Emotions | None:
    """Tells the probability of each emotion; None where the mouth is hidden. It needs no mesh."""
    with suppress(UnclearError):
        if mouth_hidden(evidence) > 0:
            return None
    drawn = (evidence.emotions.astype(np.float64) + _LEAST) ** _SHARPNESS
    drawn[EMOTIONS.index("neutral")] *= _CALM
    shares = drawn / drawn.sum() * (1 - _REST * len(_UNMEASURED))
    return dict(zip(EMOTIONS, map(float, shares), strict=True)) | dict.fromkeys(_UNMEASURED, _REST)
