"""Joins faces to groups by average linkage: two groups become one while their faces score high enough on average.

The mean of all scores between two groups is the product of their mean embeddings, so no matrix of scores is needed.
Groups whose mean score reaches the bar have at least one pair of faces that reaches it, and such pairs are given. All
pairs of groups that are nearest to each other are joined at the same time, which gives what joining the best pair of
all would give, since joining two groups brings neither nearer to a third (Bruynooghe, "Classification ascendante
hiérarchique des grands ensembles de données", 1978). The same holds with groups that must stay apart, which count as
if they scored nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.face.similarity import Floats, compensated
from mien.people.nearest import ROUNDING

Indexes = NDArray[np.int64]
Labels = NDArray[np.int64]
_TOGETHER = 8192  # pairs whose mean scores are computed at a time


@dataclass(frozen=True, slots=True)
class Apart:
    """What is never in one group: two faces that are on different sides of one matter.

    A photograph is a matter in which each face has a side of its own; so is a verdict that some faces differ from
    others.

    Attributes:
        rows: int64 (A,), the row of a face.
        matters: int64 (A,).
        sides: int64 (A,).
    """

    rows: Indexes
    matters: Indexes
    sides: Indexes

    def broken(self, labels: Labels, among: NDArray[np.bool_]) -> Labels:
        """Returns the labels of groups with two sides of one matter, of those for which `among` is set."""
        concerned = np.flatnonzero(among[labels[self.rows]])
        found, matters, sides = labels[self.rows[concerned]], self.matters[concerned], self.sides[concerned]
        order = np.lexsort((sides, matters, found))
        found, matters, sides = found[order], matters[order], sides[order]
        both = (found[1:] == found[:-1]) & (matters[1:] == matters[:-1]) & (sides[1:] != sides[:-1])
        return np.asarray(found[1:][both], np.int64)


class Linkage:
    """Groups in the making; a group's label is the row of its first face.

    Args:
        embeddings: (N, D).
        apart: faces that are never in one group.
        bar: the mean score from which two groups are one.

    Attributes:
        labels: int64 (N,).
    """

    def __init__(self, embeddings: NDArray[np.floating], apart: Apart, bar: float) -> None:
        self._apart, self._bar = apart, bar
        self.labels = np.arange(len(embeddings), dtype=np.int64)
        self._sums = np.array(embeddings, np.float32)
        self._lengths = np.sqrt(np.vecdot(self._sums, self._sums))  # summed, as the embeddings are
        self._sizes = np.ones(len(embeddings), np.int64)

    def join(self, pairs: Indexes) -> None:
        """Joins groups as long as two that a pair of faces connects, int64 (P, 2), reach the bar."""
        pairs, scores = self._reaching(self.labels[pairs])
        while len(pairs):
            nearest = _mutual(pairs, scores, len(self.labels))
            refused = self.unite(pairs[nearest])
            gone = np.zeros(len(pairs), np.bool_)
            gone[np.flatnonzero(nearest)[refused]] = True
            changed = np.zeros(len(self.labels), np.bool_)
            changed[pairs[nearest]] = True
            stale = changed[pairs].any(axis=1)
            again, scored = self._reaching(self.labels[pairs[stale & ~gone]])
            pairs = np.concatenate([pairs[~stale], again])
            scores = np.concatenate([scores[~stale], scored])

    def unite(self, pairs: Indexes) -> NDArray[np.bool_]:
        """Makes one group of each pair of labels, of which no two share a label; returns which it refused.

        It refuses those that would hold faces which are to be apart.
        """
        low, high = pairs.min(axis=1), pairs.max(axis=1)
        target = np.arange(len(self.labels))
        target[high] = low
        among = np.zeros(len(self.labels), np.bool_)
        among[low] = True
        refused = np.isin(low, self._apart.broken(target[self.labels], among))
        low, high = low[~refused], high[~refused]
        target = np.arange(len(self.labels))
        target[high] = low
        self.labels = target[self.labels]
        self._sums[low] += self._sums[high]
        self._lengths[low] += self._lengths[high]
        self._sizes[low] += self._sizes[high]
        return refused

    def unite_groups(self, one: int, other: int) -> None:
        """Makes one group of those of two faces, unless it would hold faces which are to be apart."""
        if self.labels[one] != self.labels[other]:
            self.unite(self.labels[[[one, other]]])

    def near(self, labels: Labels) -> Indexes:
        """Returns pairs of labels, int64 (P, 2), among which all are that reach the bar."""
        means = self._sums[labels] / self._sizes[labels][:, None]
        found = [np.empty((0, 2), np.int64)]
        for start in range(0, len(labels), _TOGETHER):
            one, other = np.nonzero(means[start : start + _TOGETHER] @ means.T >= self._bar - ROUNDING)
            found.append(np.stack([labels[start + one], labels[other]], axis=1))
        return np.concatenate(found)

    def _reaching(self, pairs: Indexes) -> tuple[Indexes, Floats]:
        """Returns the pairs of different labels that reach the bar, each once, and their mean scores."""
        pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
        _, once = np.unique(pairs[:, 0] * len(self.labels) + pairs[:, 1], return_index=True)
        pairs = pairs[once]
        parts = [pairs[start : start + _TOGETHER] for start in range(0, len(pairs), _TOGETHER)]
        scores = np.concatenate([np.empty(0), *(self._scores(part) for part in parts)])
        reaching = scores >= self._bar
        return pairs[reaching], scores[reaching]

    def _scores(self, pairs: Indexes) -> NDArray[np.float64]:
        sums = np.vecdot(self._sums[pairs[:, 0]], self._sums[pairs[:, 1]])
        return compensated(sums / self._sizes[pairs].prod(axis=1), (self._lengths / self._sizes)[pairs].prod(axis=1))


def _mutual(pairs: Indexes, scores: Floats, count: int) -> NDArray[np.bool_]:
    """Returns which pairs are the best of both their labels; among equal scores, that of the lowest labels."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -scores))
    rank = np.empty(len(pairs), np.int64)
    rank[order] = np.arange(len(pairs))
    best = np.full(count, len(pairs))
    np.minimum.at(best, pairs, rank[:, None])
    return np.asarray((best[pairs] == rank[:, None]).all(axis=1), np.bool_)
