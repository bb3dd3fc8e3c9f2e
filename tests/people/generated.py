"""Generated people: embeddings around a centre for each, and the calibration of strangers drawn that way."""

import numpy as np
from numpy.typing import NDArray

from mien.face.similarity import Calibration
from mien.people.grouping import Grouping

DIMENSION = 64
# of the cosines of random directions, whose deviation is 1/8
CALIBRATION = Calibration.from_far([(1e-2, 0.288), (1e-3, 0.383), (1e-4, 0.458), (1e-5, 0.521), (1e-6, 0.576)])

Vectors = NDArray[np.float32]
Numbers = NDArray[np.int64]


def drawn(sizes: list[int], seed: int = 0, spread: float = 0.6, dimension: int = DIMENSION) -> tuple[Vectors, Numbers]:
    """People with so many faces each, in random order: embeddings as float16 keeps them, and owners."""
    random = np.random.default_rng(seed)
    owners = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres = random.standard_normal((len(sizes), dimension))
    vectors = centres[owners] + spread * random.standard_normal((len(owners), dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32), owners


def grouping(vectors: Vectors, photographs: Numbers | None = None, keys: Numbers | None = None) -> Grouping:
    """A grouping of these faces, with keys from 0 and a photograph each unless they are named."""
    made = Grouping(vectors.shape[1], CALIBRATION)
    numbers = np.arange(len(vectors)) if keys is None else keys
    made.add(numbers, vectors, np.arange(len(vectors)) if photographs is None else photographs)
    return made


def together(labels: Numbers) -> NDArray[np.bool_]:
    """Which pairs of faces are in one group, bool (N, N)."""
    return np.asarray(labels[:, None] == labels[None], np.bool_)
