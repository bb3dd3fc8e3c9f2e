"""Keeps for each face the faces nearest to it, as faces come and go.

Every face is compared with every other one, exactly; only pairs that score high are kept, and of these the `MOST` best
of a face. So memory grows with the number of faces, however many pictures one person has.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.gallery.base import Embeddings, Keys

MOST = 32  # pairs that are kept of a face
ROWS, COLUMNS = 1024, 8192  # faces compared at a time; one block of scores takes 32 MiB
PENDING = 2_000_000  # pairs found before they are sorted in
ROUNDING = 1e-5  # a score may fall this far short by the order of its additions
NEAR = 0.9  # of what a face scores with itself: all of that is a pair, however short its vector is

Indexes = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Directed pairs: a face, one of its nearest, and the score of both.

    Attributes:
        rows, others: int64 (P,), rows of the faces.
        scores: float32 (P,).
    """

    rows: Indexes
    others: Indexes
    scores: Scores

    @classmethod
    def joined(cls, parts: "list[Pairs]") -> "Pairs":
        """Returns the pairs of several."""
        return cls(
            np.concatenate([each.rows for each in parts]),
            np.concatenate([each.others for each in parts]),
            np.concatenate([each.scores for each in parts]),
        )

    def turned(self) -> "Pairs":
        """Returns the pairs as those of the others."""
        return Pairs(self.others, self.rows, self.scores)

    def __getitem__(self, which: NDArray[np.bool_] | Indexes) -> "Pairs":
        return Pairs(self.rows[which], self.others[which], self.scores[which])


_NONE = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


class Nearest:
    """The nearest faces of each of some faces. Used by one thread at a time.

    Args:
        dimension: of the embeddings.
        least: the least score of a pair.

    Attributes:
        keys: int64 (N,), in any order.
        embeddings: float16 (N, D), which is how the store keeps them.
        pairs: the pairs of each face.
        is_full: bool (N,), whether a face may have more pairs than are kept.
    """

    def __init__(self, dimension: int, least: float) -> None:
        self._least = least
        self.keys = np.empty(0, np.int64)
        self.embeddings = np.empty((0, dimension), np.float16)
        self.pairs = _NONE
        self.is_full = np.empty(0, np.bool_)
        self._bars = np.empty(0, np.float32)  # a pair of the face scores as high
        self._worst = np.empty(0, np.float32)  # a further pair of the face scores as high
        self._pending: list[Pairs] = []

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, keys: Keys, embeddings: Embeddings) -> None:
        """Adds faces, float32 (N, D), with keys that it does not hold, and compares them with all."""
        first = len(self.keys)
        lengths = np.vecdot(embeddings, embeddings)
        bars = np.minimum(self._least, NEAR * lengths).astype(np.float32) - np.float32(ROUNDING)
        self.keys = np.concatenate([self.keys, keys])
        self.embeddings = np.concatenate([self.embeddings, embeddings.astype(np.float16)])
        self.is_full = np.concatenate([self.is_full, np.zeros(len(keys), np.bool_)])
        self._bars, self._worst = np.concatenate([self._bars, bars]), np.concatenate([self._worst, bars])
        for start in range(first, len(self.keys), ROWS):
            stop = min(start + ROWS, len(self.keys))
            self._compare(np.arange(start, stop), stop, shared=start)
        self._settle()

    def remove(self, keys: Keys) -> None:
        """Removes faces, and ignores keys that it does not hold."""
        stays = ~np.isin(self.keys, keys)
        if stays.all():
            return
        lost = ~stays[self.pairs.others]
        short = np.zeros(len(self.keys), np.bool_)
        short[self.pairs.rows[lost]] = True
        short &= self.is_full & stays
        place = np.cumsum(stays) - 1
        kept = self.pairs[stays[self.pairs.rows] & ~lost & ~short[self.pairs.rows]]
        self.pairs = Pairs(place[kept.rows], place[kept.others], kept.scores)
        self.is_full[short], self._worst[short] = False, self._bars[short]
        self.keys, self.embeddings = self.keys[stays], self.embeddings[stays]
        self.is_full, self._bars, self._worst = self.is_full[stays], self._bars[stays], self._worst[stays]
        again = place[np.flatnonzero(short)]  # these had more pairs than were kept
        for start in range(0, len(again), ROWS):
            self._compare(again[start : start + ROWS], len(self.keys), shared=0)
        self._settle()

    def memory(self) -> int:
        """Returns its bytes in memory, between two calls."""
        arrays = (self.keys, self.embeddings, self.is_full, self._bars, self._worst)
        pairs = (self.pairs.rows, self.pairs.others, self.pairs.scores)
        return sum(each.nbytes for each in (*arrays, *pairs))

    def _compare(self, rows: Indexes, count: int, shared: int) -> None:
        """Finds the pairs of some faces with the first `count`; also as pairs of the others, of the first `shared`."""
        probes = self.embeddings[rows].astype(np.float32)
        for start in range(0, count, COLUMNS):
            stop = min(start + COLUMNS, count)
            scores = probes @ self.embeddings[start:stop].astype(np.float32).T
            least = np.minimum(self._bars[rows], self._bars[start:stop].min())
            found, columns = np.divmod(np.flatnonzero(scores >= least[:, None]), stop - start)
            pairs = Pairs(rows[found], start + columns, scores[found, columns])
            mine = (pairs.rows != pairs.others) & (pairs.scores >= self._worst[pairs.rows])
            theirs = (pairs.others < shared) & (pairs.scores >= self._worst[pairs.others])
            self._pending += [pairs[mine], pairs[theirs].turned()]
            if sum(len(each.rows) for each in self._pending) > PENDING:
                self._settle()

    def _settle(self) -> None:
        """Sorts in the pairs that were found, and keeps the best of each face."""
        if not any(len(each.rows) for each in self._pending):
            self._pending = []
            return
        every = Pairs.joined([self.pairs, *self._pending])
        self._pending = []
        every = every[np.lexsort((self.keys[every.others], -every.scores, every.rows))]
        counts = np.bincount(every.rows, minlength=len(self.keys))
        rank = np.arange(len(every.rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        last = rank == MOST - 1
        self._worst[every.rows[last]] = every.scores[last]
        self.is_full |= counts > MOST
        self.pairs = every[rank < MOST]
