"""A face as a unit vector: the nearer two vectors, the likelier they are of one person."""

from dataclasses import dataclass

import cv2
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
        zoom: how much larger the face is in the crop than in the mirror image, if there is one. Two scales are two
            opinions, where two crops alike but for the side are nearly one (`benchmarks/README.md`).
        cubic: how crops are interpolated (`align`).
    """

    session: Session
    points: Points
    dimension: int
    mirror: bool
    zoom: float = 1.0
    cubic: bool = False

    @property
    def size(self) -> int:
        """Rows and columns of a crop."""
        return self.session.shape[0]

    def embed(self, crops: Pixels) -> Embeddings:
        """Embed aligned crops.

        Args:
            crops: uint8 RGB (N, size, size, 3).

        Returns:
            float32 (N, dimension), each of length 1.

        Raises:
            ArithmeticError: the network answered zeros or no numbers, which no face does.
        """
        if len(crops) == 0:
            return np.empty((0, self.dimension), np.float32)
        batch = np.concatenate([self._zoomed(crops), crops[:, :, ::-1]]) if self.mirror else np.ascontiguousarray(crops)
        (vectors,) = self.session.run(batch).values()
        vectors = unit(vectors.reshape(len(batch), -1))
        return unit(vectors[: len(crops)] + vectors[len(crops) :]) if self.mirror else vectors

    def _zoomed(self, crops: Pixels) -> Pixels:
        """The crops, enlarged about their middle; what would lie outside is cut off."""
        if self.zoom == 1:
            return crops
        rest = (self.size - 1) / 2 * (1 - self.zoom)
        matrix = np.array([[self.zoom, 0, rest], [0, self.zoom, rest]])
        shape = (self.size, self.size)
        way = cv2.INTER_CUBIC if self.cubic else cv2.INTER_LINEAR
        return np.stack([cv2.warpAffine(crop, matrix, shape, flags=way) for crop in crops])


def unit(vectors: NDArray[np.float32]) -> Embeddings:
    """Scale rows to length 1.

    Raises:
        ArithmeticError: a row is zero or not finite.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 1e-6).all()):
        raise ArithmeticError("The embedding network answered zeros or no numbers.")
    return np.asarray(vectors / lengths, np.float32)
