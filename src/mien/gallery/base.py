"""What a gallery promises: embeddings under keys, added, removed and searched at the same time from many threads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Embeddings = NDArray[np.float32]

# Keys → those of them that are still known and their embeddings, float32 (N, D), in full precision. In any order.
Originals = Callable[[Keys], tuple[Keys, Embeddings]]


@dataclass(frozen=True, slots=True)
class Hits:
    """What a probe found, the nearest first.

    Attributes:
        keys: int64 (N,).
        cosines: float32 (N,), falling; equal cosines are in order of their keys.
    """

    keys: Keys
    cosines: NDArray[np.float32]

    @classmethod
    def best(cls, keys: Keys, cosines: NDArray[np.float32], limit: int) -> "Hits":
        """The `limit` nearest of what was found, in order."""
        if len(cosines) > limit:
            bar = np.partition(cosines, len(cosines) - limit)[len(cosines) - limit]
            keys, cosines = keys[cosines >= bar], cosines[cosines >= bar]
        order = np.lexsort((keys, -cosines))[:limit]
        return cls(keys[order], cosines[order])


class Gallery(Protocol):
    """Embeddings of length 1 at most under keys that are never used twice."""

    def __len__(self) -> int:
        """How many embeddings it holds."""

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        """Take in embeddings, float32 (N, D); a key that is already there is left as it is."""

    def remove(self, keys: Keys) -> None:
        """Forget embeddings; a key that is not there is passed over."""

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Find what is nearest to `probe`, float32 (D,): at most `limit`, no cosine below `least`.

        What is added or removed while a search runs may or may not be in its answer; all else is.
        """

    def memory(self) -> int:
        """How many bytes it holds in memory."""


ROUNDING = 1e-6  # a cosine may fall this short of the bar by the order of its additions
