"""Embeds aligned faces as unit vectors: the nearer two vectors are, the likelier they are of one person."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.types import Pixels, Points

Embeddings = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedder:
    """An embedding network.

    Attributes:
        session: the network.
        points: float32 (5, 2), the landmarks' places in a crop, in pixels.
        dimension: length of the embedding.
        mirror: whether a crop is averaged with its mirror image.
        mirrored: the landmarks' places in the crop that is mirrored, if they differ. Two scales tell more than two
            crops of one scale: see `benchmarks/README.md`, "What was tried for accuracy".
        cubic: whether faces are cut out bicubically (`align`).
    """

    session: Session
    points: Points
    dimension: int
    mirror: bool
    mirrored: Points | None = None
    cubic: bool = False

    @property
    def size(self) -> int:
        """Rows and columns of a crop."""
        return self.session.shape[0]

    def embed(self, crops: Pixels, mirrored: Pixels | None = None) -> Embeddings:
        """Embeds aligned crops.

        Args:
            crops: uint8 RGB (N, size, size, 3).
            mirrored: the same faces cut out for `mirrored`, not yet mirrored; without them `crops` serve for both.

        Returns:
            float32 (N, dimension), each of length 1.

        Raises:
            ArithmeticError: an output is zero or not finite, which no face gives.
        """
        if len(crops) == 0:
            return np.empty((0, self.dimension), np.float32)
        other = crops if mirrored is None else mirrored
        batch = np.concatenate([crops, other[:, :, ::-1]]) if self.mirror else np.ascontiguousarray(crops)
        (vectors,) = self.session.run(batch).values()
        vectors = unit(vectors.reshape(len(batch), -1))
        return unit(vectors[: len(crops)] + vectors[len(crops) :]) if self.mirror else vectors


def unit(vectors: NDArray[np.float32]) -> Embeddings:
    """Scales rows to length 1.

    Raises:
        ArithmeticError: a row is zero or not finite.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 1e-6).all()):
        raise ArithmeticError("The embedding network answered zeros or no numbers.")
    return np.asarray(vectors / lengths, np.float32)
