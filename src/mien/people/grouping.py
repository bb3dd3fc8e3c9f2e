"""Groups faces by person, with what people said of them, and keeps what it compared while faces come and go.

The groups follow from the faces and the verdicts alone, not from the order in which they came, so that every process
with the same faces has the same groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mien.face.similarity import Calibration
from mien.gallery.base import Embeddings, Keys
from mien.people.linkage import Apart, Indexes, Linkage
from mien.people.nearest import Nearest
from mien.people.suggestions import Alike, Suggestions, alike, combined

LEAST = 90.0  # similarity of two groups that are one
STRANGERS = 0.1  # strangers, on average, that reach the bar for one face among all
_TOGETHER = 8192  # faces that are added up at a time
_RARE = 1e6  # from a similarity of 90 on, what is missing to 100 is a million times the FAR


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What people said of faces, by their keys.

    Attributes:
        same: int64 (N,) each, faces of one person.
        different: pairs of int64 (N,) and (M,); no face of one is of the same person as a face of the other.
    """

    same: Sequence[Keys] = ()
    different: Sequence[tuple[Keys, Keys]] = ()


def bar(count: int) -> float:
    """Returns the mean similarity from which two groups of so many faces are one.

    Among many faces a face has more strangers that resemble it, so that the bar rises with their number.
    """
    return 100 - min(100 - LEAST, _RARE * STRANGERS / max(count, 1))


class Grouping:
    """Faces, and their groups. Used by one thread at a time.

    Args:
        dimension: of the embeddings.
        calibration: of the pack that made them.
    """

    def __init__(self, dimension: int, calibration: Calibration) -> None:
        self._calibration = calibration
        self._nearest = Nearest(dimension, calibration.score(LEAST))
        self._photographs = np.empty(0, np.int64)  # of each face, in the order of its keys

    def __len__(self) -> int:
        """Returns the number of faces."""
        return len(self._nearest)

    @property
    def keys(self) -> Keys:
        """The keys of its faces, int64 (N,), in any order."""
        return self._nearest.keys

    def add(self, keys: Keys, embeddings: Embeddings, photographs: Keys) -> None:
        """Adds faces with new keys, and compares them with all others.

        Args:
            keys: int64 (N,).
            embeddings: float32 (N, D), each of length 1 at most.
            photographs: int64 (N,), the photograph that each face is in.
        """
        self._photographs = np.concatenate([self._photographs, photographs])
        self._nearest.add(keys, embeddings)

    def remove(self, keys: Keys) -> None:
        """Removes faces, and ignores keys that it does not hold."""
        self._photographs = self._photographs[~np.isin(self._nearest.keys, keys)]
        self._nearest.remove(keys)

    def close(self) -> None:
        """Forgets all faces."""
        self.remove(self._nearest.keys)

    def memory(self) -> int:
        """Returns its bytes in memory, between two calls."""
        return self._nearest.memory() + self._photographs.nbytes

    def groups(self, verdicts: Verdicts | None = None) -> tuple[Keys, Keys]:
        """Returns all keys, int64 (N,) ascending, and the group of each, int64 (N,): the lowest key in it.

        Two faces of one photograph, and two that were judged different, are never in one group. A verdict that says
        otherwise of their groups has no effect.
        """
        verdicts = verdicts or Verdicts()
        order = np.argsort(self._nearest.keys)
        keys, rank = self._nearest.keys[order], np.argsort(order)
        pairs = np.stack([rank[self._nearest.pairs.rows], rank[self._nearest.pairs.others]], axis=1)
        same = [_rows(keys, each) for each in verdicts.same]
        nodes = np.unique(np.concatenate([pairs.ravel(), *same]))  # only these can be in a group of several
        place = np.full(len(keys), -1)
        place[nodes] = np.arange(len(nodes))
        apart = _apart(keys[nodes], self._photographs[order[nodes]], verdicts)
        least = self._calibration.score(bar(len(keys)))
        linkage = Linkage(self._nearest.embeddings[order[nodes]], apart, least)
        linkage.join(place[pairs])
        _complete(linkage, np.flatnonzero(self._nearest.is_full[order[nodes]]))
        for rows in same:  # last, since the groups of the faces are meant, and not these faces alone
            for one, other in pairwise(place[rows].tolist()):
                linkage.unite_groups(one, other)
        labels = keys.copy()
        labels[nodes] = keys[nodes[linkage.labels]]
        return keys, labels

    def suggestions(self, labels: Keys, users: Embeddings, least: float, most: int) -> Suggestions:
        """Returns which groups may be which users, and which users may be one person, the most similar first.

        Args:
            labels: int64 (N,), as `groups` returned them for the faces that are here now.
            users: float32 (U, D), the vectors of users.
            least: the least similarity, 0–100.
            most: pairs of each kind, at most.
        """
        groups, vectors = self._vectors(labels)
        found = alike(vectors, users, self._calibration, least, most)
        named = Alike(groups[found.ones], found.others, found.similarities)
        return Suggestions(named, alike(users, users, self._calibration, least, most, once=True))

    def _vectors(self, labels: Keys) -> tuple[Keys, Embeddings]:
        """Returns the groups, int64 (G,), and a vector for each, float32 (G, D)."""
        order = np.argsort(self._nearest.keys)
        groups, numbers, sizes = np.unique(labels, return_inverse=True, return_counts=True)
        sums = np.zeros((len(groups), self._nearest.embeddings.shape[1]), np.float32)
        lengths = np.zeros(len(groups))
        for start in range(0, len(labels), _TOGETHER):
            some = numbers[start : start + _TOGETHER]
            embeddings = self._nearest.embeddings[order[start : start + _TOGETHER]].astype(np.float32)
            np.add.at(sums, some, embeddings)
            np.add.at(lengths, some, np.linalg.norm(embeddings, axis=1))
        sums /= sizes[:, None]
        return groups, combined(sums, lengths / sizes)


def _apart(keys: Keys, photographs: Keys, verdicts: Verdicts) -> Apart:
    """Returns what keeps faces apart, by their rows: ascending keys, int64 (N,), and their photographs, int64 (N,)."""
    _, photographs = np.unique(photographs, return_inverse=True)
    rows, matters, sides = [np.arange(len(keys))], [photographs], [np.arange(len(keys))]
    for number, (one, other) in enumerate(verdicts.different):
        for side, faces in enumerate((one, other[~np.isin(other, one)])):
            rows.append(_rows(keys, faces))
            matters.append(np.full(len(rows[-1]), -1 - number))
            sides.append(np.full(len(rows[-1]), side))
    return Apart(np.concatenate(rows), np.concatenate(matters), np.concatenate(sides))


def _complete(linkage: Linkage, full: Indexes) -> None:
    """Joins groups that no known pair connects, since their faces have nearer ones: rows of faces, int64 (F,)."""
    before = linkage.labels
    while True:
        large = np.unique(linkage.labels[full])
        linkage.join(linkage.near(large))
        if np.array_equal(before, linkage.labels):
            return
        before = linkage.labels


def _rows(keys: Keys, faces: Keys) -> Indexes:
    """Returns the rows of some faces in ascending keys, without those that are not among them."""
    return np.asarray(np.searchsorted(keys, faces[np.isin(faces, keys)]), np.int64)
