"""Whether all frames show one and the same person."""

from collections.abc import Callable, Sequence

import numpy as np

from mien.liveness.finding import Evidence, ramp
from mien.liveness.seen import Seen

Similarity = Callable[[float, float], float]  # as `Calibration.similarity`: a product and that of both lengths → 0–100

_SAME = (70.0, 99.0)  # similarities scored 0 and 1


def sameness(seen: Sequence[Seen], similarity: Similarity) -> Evidence:
    """Compares each embedded frame with each, and scores by those that are least alike."""
    vectors = [np.asarray(each.embedding, np.float64) for each in seen if each.embedding is not None]
    if len(vectors) < 2:
        return Evidence("same person", 0.0, "Too few frames were embedded to tell whether they show one person.")
    lengths = [float(np.linalg.norm(each)) for each in vectors]
    found = [
        float(similarity(float(vectors[one] @ vectors[other]), lengths[one] * lengths[other]))
        for one in range(len(vectors))
        for other in range(one)
    ]
    least = float(np.percentile(found, 10))
    return Evidence("same person", ramp(least, *_SAME), f"Its frames are alike by {least:.1f} or more.")
