"""Shortens the vectors of faces that are close to a crowd of generated faces, between embedding and comparison.

A network finds babies, and people whose like were rare in its training data, more alike than others, so strangers among
them would match. A face that is closer to a crowd of such faces than usual gets a shorter vector. Everything compares
by the product of two vectors, which is then their cosine times both lengths, so that one bar holds for everyone, and
search, storage and users' vectors need no change. Speaker verification calls this score normalisation by a cohort
(Auckenthaler et al. 2000); here it is one number for a face, known before there is a pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Crowd:
    """The vectors of a crowd, and how strongly a face that is close to them is shortened.

    Attributes:
        middle: float32 (D,), a mean of faces' vectors, subtracted because what all faces share is no likeness.
        faces: float32 (N, D), the crowd's vectors about the middle, each of length 1.
        nearest: the number of highest cosines whose mean is a face's crowdedness.
        usual: the crowdedness up to which a vector keeps its length.
        strength: the factor in the length 1 / (1 + strength · excess) of a vector whose crowdedness exceeds `usual`.
        nearer: float32 (N,), what is added to the cosine to each face of the crowd. A group of which the crowd has few
            faces, or whose generated faces are less like its photographs, is as near as others with it.
    """

    middle: Vectors
    faces: Vectors
    nearest: int
    usual: float
    strength: float
    nearer: Vectors

    @classmethod
    def of(
        cls, vectors: Vectors, middle: Vectors, nearest: int, usual: float, strength: float,
        *, nearer: Sequence[tuple[int, float]] = (),
    ) -> "Crowd":  # fmt: skip
        """Returns the crowd of these faces' vectors, float32 (N, D), each of length 1.

        Args:
            vectors, middle, nearest, usual, strength: see the attributes.
            nearer: numbers of successive faces, and what is added to their cosines; 0 to those after them.

        Raises:
            ValueError: there are fewer faces than `nearest`, or than `nearer` counts.
        """
        if not 0 < nearest <= len(vectors):
            raise ValueError(f"a crowd of {len(vectors)} faces has no {nearest} nearest")
        counted = np.repeat([added for _, added in nearer], [count for count, _ in nearer])
        if len(counted) > len(vectors):
            raise ValueError(f"a crowd of {len(vectors)} faces has no {len(counted)} to be nearer")
        added = np.zeros(len(vectors), np.float32)
        added[: len(counted)] = counted
        return cls(middle, _unit(vectors - middle), nearest, usual, strength, added)

    def crowdedness(self, vectors: Vectors) -> NDArray[np.float32]:
        """Returns how near each face is to the crowd, float32 (N,): the mean of its highest cosines and `nearer`.

        Args:
            vectors: float32 (N, D), of any length.
        """
        cosines = _unit(_unit(vectors) - self.middle) @ self.faces.T + self.nearer
        near = np.partition(cosines, -self.nearest, axis=1)[:, -self.nearest :]
        return np.asarray(near.mean(axis=1), np.float32)

    def shortened(self, vectors: Vectors) -> Vectors:
        """Returns the vectors, shorter where they are crowded, float32 (N, D), with lengths in (0, 1]."""
        beyond = np.maximum(self.crowdedness(vectors) - np.float32(self.usual), 0)
        return np.asarray(vectors / (1 + np.float32(self.strength) * beyond)[:, None], np.float32)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)
