"""Finds who may be one person although the grouping did not say so: groups and users, and users among themselves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.face.similarity import Calibration, Floats
from mien.gallery.base import Embeddings

Indexes = NDArray[np.int64]
_TOGETHER = 2048  # vectors compared with all others at a time


@dataclass(frozen=True, slots=True)
class Alike:
    """Pairs of vectors, the most similar first.

    Attributes:
        ones, others: int64 (P,), places of the vectors.
        similarities: float64 (P,), 0–100.
    """

    ones: Indexes
    others: Indexes
    similarities: Floats


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Who may be one person.

    Attributes:
        groups: pairs of a group, by its label, and a user, by its place.
        users: pairs of users, by their places.
    """

    groups: Alike
    users: Alike


def combined(means: NDArray[np.floating], lengths: NDArray[np.floating]) -> Embeddings:
    """Returns one vector for each group, as users have them, from its mean and its faces' mean length, (N, D) and (N,).

    The formula is that of `operations.user_changes.combine`.
    """
    relative = np.linalg.norm(means, axis=1) / np.maximum(lengths, 1e-6)
    return np.asarray(means / np.maximum(np.sqrt(relative), 1e-12)[:, None], np.float32)


def alike(
    ones: Embeddings, others: Embeddings, calibration: Calibration, least: float, most: int, *, once: bool = False
) -> Alike:
    """Returns the most similar pairs of two sets of vectors, float32 (N, D) and (M, D).

    Args:
        ones, others: the vectors.
        calibration: of the pack that made them.
        least: the least similarity of a pair.
        most: how many pairs are returned.
        once: whether both sets are the same one, of which each pair is wanted once.
    """
    none = np.empty(0, np.int64)
    best = Alike(none, none, np.empty(0))
    if not len(ones) or not len(others):
        return best
    first, second = (np.sqrt(np.vecdot(each, each)) for each in (ones, others))
    bar = calibration.score(least)
    for start in range(0, len(ones), _TOGETHER):
        scores = ones[start : start + _TOGETHER] @ others.T
        if once:
            scores = np.triu(scores, start + 1)
        rows, columns = np.nonzero(scores >= bar)
        same = first[start + rows] * second[columns]
        similarities = calibration.similarity(scores[rows, columns], same)
        found = np.concatenate([best.similarities, similarities])
        rows, columns = np.concatenate([best.ones, start + rows]), np.concatenate([best.others, columns])
        order = np.lexsort((columns, rows, -found))[:most]
        best = Alike(rows[order], columns[order], found[order])
    return best
