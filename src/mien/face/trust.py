"""Decides how far the vector of a doubtful face may be compared: blurred, covered, drawn, negative, noisy, …

What a network cannot recognise it finds alike: a fault of the picture moves the vectors of all faces in one direction,
and strangers under the same fault would match. Two steps follow embedding. First the part of a vector that lies along
such a direction is taken out, as far as it exceeds what good pictures have (after nuisance attribute projection:
Campbell, Sturim, Reynolds and Solomonoff 2006). Then the vector is shortened by what else speaks against the face: a
short output of the network, which comes with faces it knows little about, and parts of the face that show nothing,
of which the eyes weigh most.
Everything compares by the product of two vectors, so nothing after this needs to know.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Floats = NDArray[np.float32]

LEAST = 0.25  # of the length that is left; a product with it reaches no threshold, and the direction is still stored
_STEPS = 2  # faults taken out of one face; further ones change nothing that was measured


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks against faces beside their vectors.

    Attributes:
        lengths: for each network the lengths of its outputs, float32 (N,) each.
        blank: 0–1, float32 (N,), the share of each face that shows nothing.
        eyes_blank: 0–1, float32 (N,), the same of the band of the eyes.
    """

    lengths: list[Floats]
    blank: Floats
    eyes_blank: Floats


@dataclass(frozen=True, slots=True)
class Trust:
    """The directions of faults, and what the signs of a doubtful face weigh.

    Attributes:
        middle: float32 (D,), a mean of faces' vectors.
        filters: float32 (K, D); the product of one with a vector about the middle says how strongly the face has that
            fault, in deviations of good pictures (a matched filter, whitened by the vectors of good pictures).
        faults: float32 (K, D), what one deviation of each fault adds to a vector.
        usual: the strength of a fault that good pictures reach as well.
        fault: the weight of the strongest fault, in multiples of `usual`.
        lengths: the usual length of each network's output.
        length: the weight of the logarithm of usual length over length, for each network.
        blank: the weight of the share of the face that shows nothing (`Quality.blank`).
        most_blank: 0–1, the share beyond which more of it does not count.
        eyes_blank: the weight of the share of the band of the eyes that shows nothing (`Quality.eyes_blank`).
        most_eyes_blank: 0–1, the share of it beyond which more does not count.
        allowance: the doubt up to which a vector keeps its length.
    """

    middle: Vectors
    filters: Vectors
    faults: Vectors
    usual: float
    fault: float
    lengths: tuple[float, ...]
    length: tuple[float, ...]
    blank: float
    most_blank: float
    eyes_blank: float
    most_eyes_blank: float
    allowance: float

    def cleared(self, vectors: Vectors) -> tuple[Vectors, Floats]:
        """Takes out what the strongest faults add to vectors beyond the usual.

        A strength s above the usual u becomes u² / s: a strong fault says nothing about who it is.

        Args:
            vectors: float32 (N, D), each of length 1.

        Returns:
            The vectors without it, float32 (N, D), and how strongly each face had its strongest fault, float32 (N,).
        """
        rows = np.arange(len(vectors))
        left, found = vectors - self.middle, []
        for _ in range(_STEPS):
            strengths = left @ self.filters.T
            strongest = strengths.argmax(axis=1)
            found.append(strengths[rows, strongest])
            strength = np.maximum(found[-1], self.usual)
            beyond = strength - self.usual**2 / strength
            left = left - beyond[:, None] * self.faults[strongest]
        return np.asarray(left + self.middle, np.float32), np.asarray(found[0], np.float32)

    def doubt(self, strengths: Floats, signs: Signs) -> Floats:
        """Returns how much speaks against each face, float32 (N,); for good pictures at most `allowance`.

        Args:
            strengths: of each face's strongest fault.
            signs: what else speaks against the faces.
        """
        found = self.fault / self.usual * strengths
        found = found + self.blank * np.minimum(signs.blank, self.most_blank)
        found = found + self.eyes_blank * np.minimum(signs.eyes_blank, self.most_eyes_blank)
        for usual, weight, length in zip(self.lengths, self.length, signs.lengths, strict=True):
            found = found + weight * np.log(usual / length)
        return np.asarray(found, np.float32)

    def applied(self, vectors: Vectors, signs: Signs) -> Vectors:
        """Returns the vectors, cleared and shortened, float32 (N, D), of lengths LEAST to 1.

        Args:
            vectors: float32 (N, D), each of length 1.
            signs: what speaks against the faces beside their vectors.
        """
        cleared, strengths = self.cleared(vectors)
        factor = 1 / (1 + np.maximum(self.doubt(strengths, signs) - self.allowance, 0))
        had = np.maximum(np.linalg.norm(cleared, axis=1), 1e-6)
        return np.asarray(cleared * (np.clip(had * factor, LEAST, 1) / had)[:, None], np.float32)
