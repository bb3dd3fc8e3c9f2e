"""A face as a unit vector: the nearer two vectors, the likelier they are of one person."""

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
        session: what runs it.
        points: float32 (5, 2), where a crop must have its landmarks, in pixels of the crop.
        dimension: length of the embedding.
        mirror: whether a crop is averaged with its mirror image.
        mirrored: where the mirrored crop must have them, if elsewhere. A face seen at two scales gives two opinions;
            two crops alike but for the side give nearly one (`benchmarks/README.md`).
        cubic: how faces are cut out (`align`).
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
        """Embed aligned crops.

        Args:
            crops: uint8 RGB (N, size, size, 3).
            mirrored: the same faces cut out for `mirrored`, not mirrored yet; without them `crops` serve for both.

        Returns:
            float32 (N, dimension), each of length 1.

        Raises:
            ArithmeticError: the network answered zeros or no numbers, which no face does.
        """
        if len(crops) == 0:
            return np.empty((0, self.dimension), np.float32)
        other = crops if mirrored is None else mirrored
        batch = np.concatenate([crops, other[:, :, ::-1]]) if self.mirror else np.ascontiguousarray(crops)
        (vectors,) = self.session.run(batch).values()
        vectors = unit(vectors.reshape(len(batch), -1))
        return unit(vectors[: len(crops)] + vectors[len(crops) :]) if self.mirror else vectors


def unit(vectors: NDArray[np.float32]) -> Embeddings:
    """Scale rows to length 1.

    Raises:
        ArithmeticError: a row is zero or not finite.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 1e-6).all()):
        raise ArithmeticError("The embedding network answered zeros or no numbers.")
    return np.asarray(vectors / lengths, np.float32)
