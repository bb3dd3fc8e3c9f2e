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
        cosines: float32 (N,), descending; equal cosines are in order of their keys. Vectors shorter than 1 have dot
            products, which are smaller.
        lengths: float32 (N,), the lengths of the vectors found.
    """

    keys: Keys
    cosines: NDArray[np.float32]
    lengths: NDArray[np.float32]

    @classmethod
    def of(cls, keys: Keys, cosines: NDArray[np.float32], embeddings: Embeddings) -> "Hits":
        """Returns hits with the lengths of their embeddings, float32 (N, D), which are in order already."""
        return cls(keys, cosines, np.asarray(np.sqrt(np.vecdot(embeddings, embeddings)), np.float32))


def nearest(keys: Keys, cosines: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """Returns the places of the `limit` nearest candidates, in order."""
    if len(cosines) <= limit:
        return np.asarray(np.lexsort((keys, -cosines)), np.int64)
    kept = np.flatnonzero(cosines >= np.partition(cosines, len(cosines) - limit)[len(cosines) - limit])
    return np.asarray(kept[np.lexsort((keys[kept], -cosines[kept]))[:limit]], np.int64)


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
