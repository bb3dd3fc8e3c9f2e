"""Identification: who in a gallery of N people is this, and does a stranger come back empty?

A gallery holds one photo of each of N people, drawn at random. Everyone searches it: a person who is in it, with their
other photos; and everyone as a stranger, their own entry taken out. FPIR is the share of strangers' searches whose
best match reaches the bar; FNIR the share of the others' searches whose own entry does not reach it or is not the
best match. Every person weighs the same in both, however many photos they have.

Where the folder has fewer people than the gallery, the bar is the one at which N comparisons with impostors give that
FPIR together, 1 - (1 - FAR)^N, on the fitted tail, moved by what separates fit and measurement in the largest gallery
that could be measured; FNIR is then the share of same-person pairs below it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.measure.accuracy.comparison import Mates
from mien.measure.accuracy.verification import Tail

FPIRS = (0.1, 0.01)
SEARCHES = 20_000  # photos that search, at most; drawn at random
DRAWS = 10  # galleries drawn, fewer when there are many searches
MOST_SEARCHED = 50_000  # searches in all galleries together
ROWS = 512

Floats = NDArray[np.float32]
Indexes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Identification:
    """What happens in a gallery of one size at one rate of false alarms.

    Attributes:
        size: people in the gallery.
        fpir: the share of strangers' searches that bring back someone.
        cosine: the bar at which that is so.
        fnir: the share of known people's searches that do not bring them back first; NaN where nobody has two photos.
        extrapolated: whether the folder has too few people for this gallery.
    """

    size: int
    fpir: float
    cosine: float
    fnir: float
    extrapolated: bool


@dataclass(frozen=True, slots=True)
class _Searches:
    """Searches of galleries of growing sizes.

    Attributes:
        people: int64 (S,), who searches.
        strangers: float32 (S, sizes), the best match among others.
        mate: float32 (S,), the searcher's own entry.
        enrolled: bool (S, sizes), whether it is in the gallery, from another photo.
    """

    people: Indexes
    strangers: Floats
    mate: Floats
    enrolled: NDArray[np.bool_]


def identify(
    embeddings: Floats,
    people: Indexes,
    sizes: tuple[int, ...],
    *,
    mates: Mates,
    fitted: Tail,
    apart: tuple[tuple[int, int], ...] = (),
    seed: int = 0,
) -> list[Identification]:
    """Measure what the folder has people for, extrapolate the rest.

    Args:
        embeddings: float32 (F, D), rows of length 1.
        people: int64 (F,), whose face each is.
        sizes: people in a gallery, rising.
        mates: the same-person pairs.
        fitted: the tail of the impostors.
        apart: pairs of people who are not compared with each other.
        seed: of the draws.
    """
    measured = tuple(size for size in sizes if size <= len(np.unique(people)))
    found: list[Identification] = []
    if measured:
        searches = _search(embeddings, people, measured, apart, np.random.default_rng(seed))
        found += [_measured(searches, column, size, fpir) for column, size in enumerate(measured) for fpir in FPIRS]
    # the fitted bar knows nothing of strangers who resemble many; it is moved to meet the largest measured gallery
    moved = {row.fpir: row.cosine - _fitted_bar(row.size, row.fpir, fitted) for row in found}
    for size in sizes[len(measured) :]:
        for fpir in FPIRS:
            bar = min(_fitted_bar(size, fpir, fitted) + moved.get(fpir, 0.0), 1.0)
            found.append(Identification(size, fpir, bar, _missed(mates, bar), True))
    return found


def _fitted_bar(size: int, fpir: float, fitted: Tail) -> float:
    """Where `size` independent comparisons with impostors give this rate of false alarms."""
    return fitted.bar(-float(np.expm1(np.log1p(-fpir) / size)))


def _missed(mates: Mates, bar: float) -> float:
    """The share of same-person pairs not above the bar, every person weighing the same; NaN without pairs."""
    return float(equal_weights(mates.people)[mates.cosines <= bar].sum()) if len(mates.people) else float("nan")


def equal_weights(owners: Indexes) -> NDArray[np.float64]:
    """Weights that sum to 1 and to the same for each owner."""
    _, index, counts = np.unique(owners, return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[index] / max(len(counts), 1))


def _search(
    embeddings: Floats,
    people: Indexes,
    sizes: tuple[int, ...],
    apart: tuple[tuple[int, int], ...],
    random: np.random.Generator,
) -> _Searches:
    """Let photos search galleries; a smaller gallery is the beginning of a larger one, so that one pass serves all."""
    names, owner = np.unique(people, return_inverse=True)
    foes = _foes(names, apart)
    searching = np.sort(random.permutation(len(people))[:SEARCHES])
    starts = np.array([0, *sizes[:-1]])
    parts = []
    for _ in range(int(np.clip(MOST_SEARCHED // len(searching), 1, DRAWS))):
        entries = _one_each(owner, len(names), random)[random.permutation(len(names))][: sizes[-1]]
        place = np.full(len(names), -1)
        place[owner[entries]] = np.arange(len(entries))
        for first in range(0, len(searching), ROWS):
            rows = searching[first : first + ROWS]
            cosines = embeddings[rows] @ embeddings[entries].T
            own = place[owner[rows]]
            inside = np.flatnonzero(own >= 0)
            mate = np.full(len(rows), -1, np.float32)
            mate[inside] = cosines[inside, own[inside]]
            cosines[inside, own[inside]] = -1
            for row, who in enumerate(owner[rows].tolist()):
                for foe in foes.get(who, ()):
                    if place[foe] >= 0:
                        cosines[row, place[foe]] = -1
            best = np.maximum.accumulate(np.maximum.reduceat(cosines, starts, axis=1), axis=1)
            other = (own >= 0) & (entries[own] != rows)
            parts.append((people[rows], best, mate, other[:, None] & (own[:, None] < np.array(sizes))))
    return _Searches(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _foes(names: Indexes, apart: tuple[tuple[int, int], ...]) -> dict[int, list[int]]:
    """Who is not compared with whom, both ways, as places in `names`."""
    index = {int(name): number for number, name in enumerate(names)}
    found: dict[int, list[int]] = {}
    for one, other in apart:
        if one in index and other in index:
            found.setdefault(index[one], []).append(index[other])
            found.setdefault(index[other], []).append(index[one])
    return found


def _one_each(owner: Indexes, count: int, random: np.random.Generator) -> Indexes:
    """A random face of each person, in their order."""
    mixed = random.permutation(len(owner))
    chosen = np.empty(count, np.int64)
    chosen[owner[mixed]] = mixed
    return chosen


def _measured(searches: _Searches, column: int, size: int, fpir: float) -> Identification:
    best = searches.strangers[:, column]
    order = np.argsort(-best, kind="stable")
    above = np.cumsum(equal_weights(searches.people)[order])
    bar = float(best[order[min(int(np.searchsorted(above, fpir + 1e-12, side="right")), len(order) - 1)]])
    known = searches.enrolled[:, column]
    if not known.any():
        return Identification(size, fpir, bar, float("nan"), False)
    missed = (searches.mate[known] <= bar) | (searches.mate[known] <= best[known])
    return Identification(size, fpir, bar, float(equal_weights(searches.people[known])[missed].sum()), False)
