"""Defines the interface of a gallery, which many threads change and search at the same time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Embeddings = NDArray[np.float32]

# Keys → the keys that still exist and their embeddings, float32 (N, D), in full precision, in any order.
Originals = Callable[[Keys], tuple[Keys, Embeddings]]


@dataclass(frozen=True, slots=True)
class Hits:
    """The results of a search, the nearest first.

    Attributes:
        keys: int64 (N,).
        cosines: float32 (N,), descending; equal cosines are in order of their keys.
    """

    keys: Keys
    cosines: NDArray[np.float32]

    @classmethod
    def best(cls, keys: Keys, cosines: NDArray[np.float32], limit: int) -> "Hits":
        """Returns the `limit` nearest of some candidates, in order."""
        if len(cosines) > limit:
            bar = np.partition(cosines, len(cosines) - limit)[len(cosines) - limit]
            keys, cosines = keys[cosines >= bar], cosines[cosines >= bar]
        order = np.lexsort((keys, -cosines))[:limit]
        return cls(keys[order], cosines[order])


class Gallery(Protocol):
    """Holds embeddings of length 1 at most under keys that are never reused."""

    def __len__(self) -> int:
        """Returns how many embeddings it holds."""

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        """Adds embeddings, float32 (N, D), and ignores keys that it holds."""

    def remove(self, keys: Keys) -> None:
        """Removes embeddings, and ignores keys that it does not hold."""

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Returns the embeddings nearest to `probe`, float32 (D,): at most `limit`, no cosine below `least`.

        An embedding added or removed while a search runs may or may not be found.
        """

    def memory(self) -> int:
        """Returns its size in memory, in bytes."""


ROUNDING = 1e-6  # a cosine may fall this far below the threshold by the order of its additions
