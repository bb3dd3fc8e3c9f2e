"""Quantises embeddings for a sketched gallery: a sketch of single bits to scan, and a code of bytes for re-ranking."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The step of a sketch's bits, as the scan reads them. Fewer lose too many faces, so a short embedding is rotated
# several times; for one between two steps the smaller does as well (`benchmarks/README.md`).
STEP_BITS = 256
LEVELS = 5  # bits of a weight, as `kernels.scan` reads them
_HEAVIEST = 2**LEVELS - 1
_WORD = 64
_SEED = 20250  # of the rotation: the same in every process, so that a snapshot of one is valid in another
_PEAK = 127
_EMPTY = 1e-5  # of the largest variance: a direction that varies less tells no two faces apart
_ENOUGH = 16  # embeddings for each dimension, from which the empty directions can be told


@dataclass(frozen=True, slots=True)
class Sketcher:
    """Makes sketches: the signs of a centred embedding's components after a random rotation.

    The share of bits in which two sketches differ is approximately the angle between the centred embeddings over π
    (Charikar, "Similarity estimation techniques from rounding algorithms", 2002). Centring removes what all faces
    have in common, which would make all sketches similar; an orthogonal rotation spreads the rest evenly over the bits.

    Attributes:
        mean: float32 (D,), the mean of the embeddings that the gallery started with.
        directions: float32 (D, bits).
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    @classmethod
    def around(cls, mean: NDArray[np.float32]) -> "Sketcher":
        """Returns a sketcher with this mean, float32 (D,)."""
        return cls(mean, _turned(np.eye(len(mean))))

    @classmethod
    def of(cls, embeddings: NDArray[np.float32]) -> "Sketcher":
        """Returns a sketcher for embeddings like these, float32 (N, D).

        It leaves out directions in which they do not vary, as far as more are left than a sketch has bits: a bit that
        looks along one is noise. `benchmarks/README.md`, "Galleries", has what that saves.
        """
        mean = embeddings.mean(axis=0)
        count, dimension = embeddings.shape
        if count < _ENOUGH * dimension:
            return cls.around(mean)
        variances, axes = np.linalg.eigh(np.cov(embeddings.T))
        varying = np.count_nonzero(variances > _EMPTY * variances[-1])
        return cls(mean, _turned(axes[:, -max(varying, min(_bits(dimension), dimension)) :]))

    @property
    def words(self) -> int:
        """Returns the number of 64-bit words of a sketch."""
        return int(self.directions.shape[1]) // _WORD

    def sketch(self, embeddings: NDArray[np.float32]) -> NDArray[np.uint64]:
        """Returns the sketches, uint64 (N, words), of embeddings, float32 (N, D)."""
        signs = (embeddings - self.mean) @ self.directions > 0
        return np.packbits(signs, axis=1, bitorder="little").view("<u8")

    def weights(self, probe: NDArray[np.float32]) -> NDArray[np.uint64]:
        """Returns the weight of each bit of a probe's sketch, uint64 (words, LEVELS): word `l` has bit `l` of each.

        The further a component is from 0, the more surely another embedding's sign differs because it is unlike. So the
        sum of the weights of the bits that differ has less noise than their number, and needs no other bytes (Gao and
        Long, "RaBitQ", 2024, where queries keep their numbers too).
        """
        sizes = np.abs(probe @ self.directions)
        steps = np.rint(sizes * (_HEAVIEST / max(float(sizes.max()), _EMPTY))).astype(np.uint8)
        levels = steps >> np.arange(LEVELS, dtype=np.uint8)[:, None] & 1
        return np.ascontiguousarray(np.packbits(levels, axis=1, bitorder="little").view("<u8").T)


def _bits(dimension: int) -> int:
    """Returns the bits of a sketch."""
    return STEP_BITS * max(dimension // STEP_BITS, 1)


def _turned(axes: NDArray[np.float64]) -> NDArray[np.float32]:
    """Returns random directions, float32 (D, bits), within the space of some axes, (D, K) and orthogonal."""
    (dimension, kept), random = axes.shape, np.random.default_rng(_SEED)
    bits = _bits(dimension)
    turns = [np.linalg.qr(random.standard_normal((kept, kept)))[0] for _ in range(0, bits, kept)]
    return np.asarray(axes @ np.concatenate(turns, axis=1)[:, :bits], np.float32)


def encode(embeddings: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Returns codes, int8 (N, D), and scales, float32 (N,), of embeddings, float32 (N, D): embedding ≈ code · scale.

    For the error of a cosine by codes see `SLACK` in `sketched`.
    """
    scales = np.abs(embeddings).max(axis=1) / _PEAK
    scales[scales == 0] = 1
    return np.rint(embeddings / scales[:, None]).astype(np.int8), scales.astype(np.float32)
