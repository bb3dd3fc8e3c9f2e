"""Finds the faces of a user that do not look like the rest, such as one that was given the wrong name."""

import numpy as np
from numpy.typing import NDArray

from mien.gallery.base import Embeddings


def resemblance(embeddings: Embeddings) -> NDArray[np.float32]:
    """Returns the mean score of each face with the others, float32 (N,); of a single face, its score with itself."""
    if len(embeddings) < 2:
        return np.asarray(np.vecdot(embeddings, embeddings), np.float32)
    rest = embeddings.sum(axis=0, dtype=np.float64) - embeddings
    return np.asarray(np.vecdot(embeddings, rest) / (len(embeddings) - 1), np.float32)


def unlike(embeddings: Embeddings) -> NDArray[np.int64]:
    """Returns the order of a user's faces, int64 (N,), the one that is most unlike the rest first.

    Args:
        embeddings: float32 (N, D), of one user.
    """
    return np.argsort(resemblance(embeddings), kind="stable")
