"""Converts a score to the similarity that a response shows: 0–100, by how seldom two strangers score as high.

A score is the product of two vectors: their cosine, less for faces that are close to a crowd (`face.crowd`). A pack's
calibration is measured on impostor pairs: for each false accept rate (FAR), the score that such a share reaches.
Similarity 80 is one false match in 10,000 comparisons, 90 one in 100,000, 99 one in a million, and above that each nine
is one decade more; below 80 each 20 points are one decade, so 60 is one in 1,000 and 20 one in 10. The same picture has
100.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

FAR_SIMILARITY = (
    (1e-1, 20.0), (1e-2, 40.0), (1e-3, 60.0), (1e-4, 80.0), (1e-5, 90.0), (1e-6, 99.0), (1e-7, 99.9),
    (1e-8, 99.99),
)  # fmt: skip
_RAREST = (1e-7, 1e-8)  # where these were not measured, the two before them lead to them
_ROUNDING = 1e-6  # a vector's score with itself may fall this short in float32
_NEARING = 32  # power of the cosine by which lost length is compensated
_STEPS = 32  # straight pieces that stand for the curve between two knots
_NORMAL = NormalDist()

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A monotone, smooth map between score and similarity, as a table to interpolate in.

    Attributes:
        scores: float64, rising from -1 to all but 1.
        similarities: float64, rising from 0 to 100.
        is_measured: whether it was measured; without measured pairs the map is linear, and means nothing.
    """

    scores: Floats
    similarities: Floats
    is_measured: bool

    @classmethod
    def from_far(cls, measured: Sequence[tuple[float, float]]) -> "Calibration":
        """Builds the map from measured pairs of (FAR, score).

        Raises:
            ValueError: a FAR that has no similarity, or scores that do not rise as FAR falls.
        """
        meaning = dict(FAR_SIMILARITY)
        knots = sorted((score, meaning[far]) for far, score in _with_rarest(measured) if far in meaning)
        scores = np.array([-1.0, *(score for score, _ in knots), 1.0 - _ROUNDING])
        similarities = np.array([0.0, *(value for _, value in knots), 100.0])
        known = all(far in meaning for far, _ in measured)
        if not known or (np.diff(scores) <= 0).any() or (np.diff(similarities) <= 0).any():
            raise ValueError("A calibration needs known FARs and scores that rise as FAR falls.")
        return cls(*_smooth(scores, similarities), bool(knots))

    def similarity(self, scores: NDArray[np.floating] | float, same: NDArray[np.floating] | float = 1.0) -> Floats:
        """Returns the similarity, 0–100, of each score (see `compensated`)."""
        return np.interp(compensated(scores, same), self.scores, self.similarities)

    def score(self, similarity: float) -> float:
        """Returns the least score that reaches a similarity; -1 for 0, so that threshold 0 loses nothing."""
        return float(np.interp(similarity, self.similarities, self.scores))


def compensated(scores: NDArray[np.floating] | float, same: NDArray[np.floating] | float = 1.0) -> Floats:
    """Returns scores whose loss of length is compensated as the cosine nears 1.

    So the same picture scores 100 for every face; at a cosine of 0.85, which strangers hardly reach, 0.5% is.

    Args:
        scores: products of vectors.
        same: for each the product of both lengths, which is the score of a picture with itself.
    """
    scores, whole = np.asarray(scores, np.float64), np.asarray(same, np.float64)
    cosines = np.clip(scores / np.maximum(whole, 1e-6), 0, 1)
    return np.asarray(scores + (1 - whole) * cosines**_NEARING, np.float64)


def _with_rarest(measured: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Returns the measured pairs, and pairs for the rarest FARs on the straight line that strangers' scores follow.

    Scores of strangers are near normal in their tail (`measure.accuracy.verification.Tail`), so that on a normal
    quantile plot the pairs lie on a line.
    """
    known = sorted(measured, reverse=True)
    if len(known) < 2:
        return known
    for far in _RAREST:
        (commoner, low), (rarer, high) = known[-2:]
        if far < rarer:
            one, other, wanted = (_NORMAL.inv_cdf(1 - each) for each in (commoner, rarer, far))
            known.append((far, min(high + (high - low) * (wanted - other) / (other - one), (high + 1) / 2)))
    return known


def _smooth(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Returns points on a smooth, rising curve through rising knots.

    The monotone cubic of Fritsch and Butland (1984): at a knot the slope is a harmonic mean of those beside it.
    """
    if len(x) < 3:
        return x, y
    width, slope = np.diff(x), np.diff(y) / np.diff(x)
    near, far = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
    inner = (near + far) / (near / slope[:-1] + far / slope[1:])
    tangent = np.concatenate([slope[:1], inner, slope[-1:]])
    part = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
    left, right, rise = part * (1 - part) ** 2, part**2 * (part - 1), part**2 * (3 - 2 * part)
    values = y[:-1] + np.diff(y) * rise + width * (tangent[:-1] * left + tangent[1:] * right)
    places = x[:-1] + width * part
    return np.append(places.T.ravel(), x[-1]), np.append(values.T.ravel(), y[-1])
