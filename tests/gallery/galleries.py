"""Every gallery is held against the same tests: add a row here to have a new one held too."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.gallery import ExactGallery, Gallery, GrowingGallery, Hits, Originals, Scanners
from mien.gallery.base import Embeddings, Keys
from mien.gallery.sketch import Sketcher
from mien.gallery.sketched import SketchedGallery

Make = Callable[[int], Gallery]
SCANNERS = Scanners(2)


class Beside:
    """A gallery and the truth it is a projection of, changed as an operation changes them: the truth first."""

    def __init__(self, make: Callable[[Originals], Gallery]) -> None:
        self.truth: dict[int, NDArray[np.float32]] = {}
        self.gallery = make(self.originals)

    def originals(self, keys: Keys) -> tuple[Keys, Embeddings]:
        known = {key: vector for key in keys.tolist() if (vector := self.truth.get(key)) is not None}
        return np.array([*known], np.int64), np.array([*known.values()], np.float32)

    def __len__(self) -> int:
        return len(self.gallery)

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        for key, vector in zip(keys.tolist(), embeddings, strict=True):
            self.truth.setdefault(key, vector.copy())
        self.gallery.add(keys, embeddings)

    def remove(self, keys: Keys) -> None:
        for key in keys.tolist():
            self.truth.pop(key, None)
        self.gallery.remove(keys)

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        return self.gallery.search(probe, limit, least)

    def memory(self) -> int:
        return self.gallery.memory()


def sketched(dimension: int) -> Gallery:
    around = Sketcher.around(np.zeros(dimension, np.float32))
    return Beside(lambda originals: SketchedGallery(around, originals, SCANNERS.pool, SCANNERS.threads))


def growing(dimension: int) -> Gallery:
    return Beside(lambda originals: GrowingGallery(dimension, originals, SCANNERS, crossover=400))


GALLERIES: dict[str, Make] = {"exact": ExactGallery, "sketched": sketched, "growing": growing}
