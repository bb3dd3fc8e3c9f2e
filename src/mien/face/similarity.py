"""Converts a cosine to the similarity that a response shows: 0–100, by how seldom two strangers score as high.

A pack's calibration is measured on impostor pairs: for each false accept rate (FAR), the cosine that such a share of
them reaches. Similarity 80 is one false match in 10,000 comparisons, 90 one in 100,000, 95 one in a million; below 80
each 20 points are one decade, so 60 is one in 1,000 and 20 one in 10. Identical embeddings have 100.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FAR_SIMILARITY = ((1e-1, 20.0), (1e-2, 40.0), (1e-3, 60.0), (1e-4, 80.0), (1e-5, 90.0), (1e-6, 95.0))
_ROUNDING = 1e-6  # a vector's cosine with itself may fall this short of 1 in float32


@dataclass(frozen=True, slots=True)
class Calibration:
    """A monotone, piecewise linear map between cosine and similarity.

    Attributes:
        cosines: float64, rising from -1 to all but 1.
        similarities: float64, rising from 0 to 100.
    """

    cosines: NDArray[np.float64]
    similarities: NDArray[np.float64]

    @classmethod
    def from_far(cls, measured: Sequence[tuple[float, float]]) -> "Calibration":
        """Builds the map from measured pairs of (FAR, cosine).

        Raises:
            ValueError: a FAR that has no similarity, or cosines that do not rise as FAR falls.
        """
        meaning = dict(FAR_SIMILARITY)
        knots = sorted((cosine, meaning[far]) for far, cosine in measured if far in meaning)
        cosines = np.array([-1.0, *(cosine for cosine, _ in knots), 1.0 - _ROUNDING])
        similarities = np.array([0.0, *(value for _, value in knots), 100.0])
        if len(knots) != len(measured) or (np.diff(cosines) <= 0).any() or (np.diff(similarities) <= 0).any():
            raise ValueError("A calibration needs known FARs and cosines that rise as FAR falls.")
        return cls(cosines, similarities)

    @property
    def is_measured(self) -> bool:
        """Whether the map was measured; without measured pairs it is linear and means nothing."""
        return len(self.cosines) > 2

    def similarity(self, cosines: NDArray[np.floating] | float) -> NDArray[np.float64]:
        """Returns the similarity, 0–100, of each cosine."""
        return np.interp(np.asarray(cosines, np.float64), self.cosines, self.similarities)

    def cosine(self, similarity: float) -> float:
        """Returns the least cosine that reaches a similarity; -1 for 0, so that threshold 0 loses nothing."""
        return float(np.interp(similarity, self.similarities, self.cosines))
