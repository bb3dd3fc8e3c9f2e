"""Compares all faces with each other in tiles, with memory that does not grow with the number of pairs.

Of the impostor pairs, a histogram and the highest cosines are kept; of the same-person pairs, up to MOST_OF_ONE for
each person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 20_000  # bins of the impostors' histogram, over cosines -1 … 1
TILE = 2_048  # faces on each side of a tile
TAIL = 1_000_000  # most impostor pairs of which the cosine is kept
TAIL_SHARE = 0.01  # share of the impostor pairs that is kept: the highest FAR with an exact threshold
LEAST_TAIL = 1_000  # impostor pairs that are kept in a small folder
MOST_PAIRS = 20  # a person with more same-person pairs is weighted as one with this many
MOST_OF_ONE = 200_000  # same-person pairs of one person; more are sampled at random

Floats = NDArray[np.float32]
Indexes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Impostors:
    """The cosines of impostor pairs: photos of two people.

    Attributes:
        total: the number of pairs.
        histogram: int64 (BINS,), pairs by cosine, from -1 to 1.
        cosines: float32 (T,), the highest, falling.
        faces: int64 (T, 2), their faces, as rows of the embeddings.
    """

    total: int
    histogram: Indexes
    cosines: Floats
    faces: Indexes

    def threshold(self, far: float) -> float:
        """Returns the cosine that a share `far` of the pairs exceeds: exact within the tail, else to half a bin."""
        above = int(self.total * far + 1e-9)
        if above < len(self.cosines):
            return float(self.cosines[above])
        if above >= self.total:
            return -1.0
        rising = np.cumsum(self.histogram)
        return float(2 * np.interp(self.total - above, rising, np.arange(1, BINS + 1) / BINS) - 1)


@dataclass(frozen=True, slots=True)
class Mates:
    """The cosines of mated pairs: photos of one person.

    Attributes:
        cosines: float32 (G,), falling.
        people: int64 (G,), the person of each pair.
        weights: float64 (G,); those of a person sum to min(pairs, MOST_PAIRS).
        faces: int64 (G, 2), the faces, as rows of the embeddings.
    """

    cosines: Floats
    people: Indexes
    weights: NDArray[np.float64]
    faces: Indexes


class _Tail:
    """The highest cosines seen so far."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._floor = -np.inf
        self._cosines: list[Floats] = []
        self._faces: list[Indexes] = []
        self._held = 0

    def add(self, cosines: Floats, faces: Indexes) -> None:
        self._cosines.append(cosines)
        self._faces.append(faces)
        self._held += len(cosines)
        if self._held > 2 * self._size:
            self._cut()

    def above(self, cosines: Floats) -> Indexes:
        """Returns the indexes of cosines that may belong to the tail."""
        return np.flatnonzero(cosines > self._floor)

    def falling(self) -> tuple[Floats, Indexes]:
        self._cut()
        order = np.argsort(-self._cosines[0], kind="stable")
        return self._cosines[0][order], self._faces[0][order]

    def _cut(self) -> None:
        cosines = np.concatenate([*self._cosines, np.empty(0, np.float32)])
        faces = np.concatenate([*self._faces, np.empty((0, 2), np.int64)])
        if len(cosines) > self._size:
            kept = np.argpartition(-cosines, self._size - 1)[: self._size]
            cosines, faces = cosines[kept], faces[kept]
            self._floor = float(cosines.min())
        self._cosines, self._faces, self._held = [cosines], [faces], len(cosines)


def impostors(embeddings: Floats, people: Indexes, left_out: tuple[tuple[int, int], ...] = ()) -> Impostors:
    """Compares every face with every face of another person.

    Args:
        embeddings: float32 (F, D), rows of length 1.
        people: int64 (F,), the person of each face.
        left_out: pairs of people who are not compared with each other.
    """
    skipped = _skipped_faces(people, left_out)
    counts = np.bincount(people)
    total = (len(people) ** 2 - int((counts**2).sum())) // 2 - len(skipped)
    tail = _Tail(min(TAIL, max(LEAST_TAIL, int(total * TAIL_SHARE) + 1)))
    histogram = np.zeros(BINS, np.int64)
    for top in range(0, len(people), TILE):
        for left in range(top, len(people), TILE):
            rows, columns = slice(top, top + TILE), slice(left, left + TILE)
            cosines = embeddings[rows] @ embeddings[columns].T
            strangers = people[rows, None] != people[None, columns]
            if top == left:
                strangers = np.triu(strangers)
            inside = skipped[(skipped[:, 0] // TILE == top // TILE) & (skipped[:, 1] // TILE == left // TILE)] - (
                top,
                left,
            )
            strangers[inside[:, 0], inside[:, 1]] = False
            places = np.flatnonzero(strangers)
            scores = cosines.ravel()[places]
            histogram += binned(scores)
            high = tail.above(scores)
            row, column = np.divmod(places[high], strangers.shape[1])
            tail.add(scores[high], np.stack([row + top, column + left], axis=1))
    highest, faces = tail.falling()
    return Impostors(total, histogram, highest, faces)


def strangers_above(embeddings: Floats, people: Indexes, bars: Sequence[float]) -> tuple[list[Indexes], Indexes]:
    """Counts for each person the pairs with any other person, so that each pair counts twice.

    Args:
        embeddings: float32 (F, D).
        people: int64 (F,), the person of each face, from 0 on.
        bars: the scores that a pair must reach.

    Returns:
        for each bar int64 (P,), the pairs that reach it, and int64 (P,), all pairs.
    """
    owned = np.bincount(people)
    above = [np.zeros(len(owned), np.int64) for _ in bars]
    for top in range(0, len(people), TILE):
        rows = people[top : top + TILE]
        scores = embeddings[top : top + TILE] @ embeddings.T
        scores[rows[:, None] == people[None]] = -np.inf
        for counted, bar in zip(above, bars, strict=True):
            np.add.at(counted, rows, np.count_nonzero(scores >= bar, axis=1))
    return above, owned * (len(people) - owned)


def _skipped_faces(people: Indexes, left_out: tuple[tuple[int, int], ...]) -> Indexes:
    """Returns the pairs of faces, int64 (K, 2), of people who are not compared; the smaller row first."""
    found = {
        (min(one, other), max(one, other))
        for a, b in left_out
        if a != b
        for one in np.flatnonzero(people == a).tolist()
        for other in np.flatnonzero(people == b).tolist()
    }
    return np.array(sorted(found), np.int64).reshape(-1, 2)


def binned(cosines: NDArray[np.floating], weights: NDArray[np.float64] | None = None, bins: int = BINS) -> Indexes:
    """Counts the cosines, or sums their weights, in each of `bins` equal parts of -1 … 1."""
    places = np.clip(((cosines + 1) * (bins / 2)).astype(np.int64), 0, bins - 1)
    return np.asarray(np.bincount(places, weights, minlength=bins))


def mates(embeddings: Floats, people: Indexes, seed: int = 0) -> Mates:
    """Compares every face with every other face of the same person. Arguments are those of `impostors`."""
    random = np.random.default_rng(seed)
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.diff(people[order], prepend=-1))
    found = [
        _of_one(embeddings, faces, int(people[faces[0]]), random)
        for faces in np.split(order, starts[1:])
        if len(faces) > 1
    ]
    if not found:
        return Mates(*_sorted(np.empty(0, np.float32), np.empty(0, np.int64), np.empty(0), np.empty((0, 2), np.int64)))
    cosines, owners, weights, faces = (np.concatenate(each) for each in zip(*found, strict=True))
    return Mates(*_sorted(cosines, owners, weights, faces))


def _of_one(
    embeddings: Floats, faces: Indexes, person: int, random: np.random.Generator
) -> tuple[Floats, Indexes, NDArray[np.float64], Indexes]:
    count = len(faces) * (len(faces) - 1) // 2
    if count <= MOST_OF_ONE:
        one, other = np.triu_indices(len(faces), 1)
    else:
        one = random.integers(len(faces), size=MOST_OF_ONE)
        other = (one + random.integers(1, len(faces), size=MOST_OF_ONE)) % len(faces)
    pairs = np.stack([faces[one], faces[other]], axis=1)
    cosines = np.einsum("ij,ij->i", embeddings[pairs[:, 0]], embeddings[pairs[:, 1]])
    weight = min(count, MOST_PAIRS) / len(pairs)
    return cosines, np.full(len(pairs), person, np.int64), np.full(len(pairs), weight), pairs


def _sorted(
    cosines: Floats, owners: Indexes, weights: NDArray[np.float64], faces: Indexes
) -> tuple[Floats, Indexes, NDArray[np.float64], Indexes]:
    order = np.argsort(-cosines, kind="stable")
    return cosines[order], owners[order], weights[order], faces[order]


def named_pairs(
    embeddings: Floats, people: Indexes, pairs: Indexes, same: NDArray[np.bool_]
) -> tuple[Impostors, Mates]:
    """Compares the pairs of a file, each with weight 1.

    Args:
        embeddings: float32 (F, D).
        people: int64 (F,), the person of each face; the bootstrap draws people.
        pairs: int64 (N, 2), rows of the embeddings.
        same: bool (N,).
    """
    cosines = np.einsum("ij,ij->i", embeddings[pairs[:, 0]], embeddings[pairs[:, 1]])
    order = np.argsort(-cosines[~same], kind="stable")
    scores, faces = cosines[~same][order], pairs[~same][order]
    strangers = Impostors(len(scores), binned(scores), scores, faces)
    ours = pairs[same]
    return strangers, Mates(*_sorted(cosines[same], people[ours[:, 0]], np.ones(len(ours)), ours))
