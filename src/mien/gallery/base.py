"""What a gallery promises: embeddings under keys, added, removed and searched at the same time from many threads."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Hits:
    """What a probe found, the nearest first.

    Attributes:
        keys: int64 (N,).
        cosines: float32 (N,), falling; equal cosines are in order of their keys.
    """

    keys: NDArray[np.int64]
    cosines: NDArray[np.float32]


class Gallery(Protocol):
    """Embeddings of length 1 under keys that are never used twice."""

    def __len__(self) -> int:
        """How many embeddings it holds."""

    def add(self, keys: NDArray[np.int64], embeddings: NDArray[np.float32]) -> None:
        """Take in embeddings, float32 (N, D); a key that is already there is left as it is."""

    def remove(self, keys: NDArray[np.int64]) -> None:
        """Forget embeddings; a key that is not there is passed over."""

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Find what is nearest to `probe`, float32 (D,): at most `limit`, no cosine below `least`.

        What is added or removed while a search runs may or may not be in its answer; all else is.
        """
