"""What a sketched gallery keeps of an embedding: a sketch of single bits to scan, and a code of bytes to re-rank by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_BITS = 256  # of a sketch; fewer lose too many faces, and a short embedding is looked at from more sides
_WORD = 64
_SEED = 20250  # of the rotation: the same in every process, so that a snapshot of one is good in another
_PEAK = 127


@dataclass(frozen=True, slots=True)
class Sketcher:
    """Makes sketches: the signs of a centred embedding's components after a random rotation.

    The share of bits in which two sketches differ is about the angle between the centred embeddings over π
    (Charikar, "Similarity estimation techniques from rounding algorithms", 2002). Centring takes away what all faces
    have in common, which would make all sketches alike; an orthogonal rotation spreads what is left evenly over the
    bits.

    Attributes:
        mean: float32 (D,), the centre, of the embeddings that the gallery began with.
        directions: float32 (D, bits).
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    @classmethod
    def around(cls, mean: NDArray[np.float32]) -> "Sketcher":
        """A sketcher with this centre, float32 (D,)."""
        dimension = len(mean)
        bits = _WORD * -(-max(dimension, LEAST_BITS) // _WORD)
        random = np.random.default_rng(_SEED)
        turns = [np.linalg.qr(random.standard_normal((dimension, dimension)))[0] for _ in range(0, bits, dimension)]
        return cls(mean, np.concatenate(turns, axis=1)[:, :bits].astype(np.float32))

    @property
    def words(self) -> int:
        """How many words of 64 bits a sketch has."""
        return int(self.directions.shape[1]) // _WORD

    def sketch(self, embeddings: NDArray[np.float32]) -> NDArray[np.uint64]:
        """Sketches, uint64 (N, words), of embeddings, float32 (N, D)."""
        signs = (embeddings - self.mean) @ self.directions > 0
        return np.packbits(signs, axis=1, bitorder="little").view("<u8")


def encode(embeddings: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes, int8 (N, D), and scales, float32 (N,), of embeddings, float32 (N, D): embedding ≈ code · scale.

    For embeddings of length 1 a cosine by codes is off by about 0.0005.
    """
    scales = np.abs(embeddings).max(axis=1) / _PEAK
    scales[scales == 0] = 1
    return np.rint(embeddings / scales[:, None]).astype(np.int8), scales.astype(np.float32)
