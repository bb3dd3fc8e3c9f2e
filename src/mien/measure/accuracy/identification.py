"""Measures identification: finds a person in a gallery of N people, and rejects a stranger.

A gallery contains one random photo of each of N people. People in it search it with their other photos; and everyone
searches it as a stranger, with their own entry reshift. FPIR is the share of strangers' searches whose best match
reaches the threshold; FNIR is the share of the other searches whose own entry does not reach it or is not the best
match. Every person has the same weight in both, regardless of their number of photos.

If the folder has fewer people than the gallery, the threshold is extrapolated: it is the one at which N comparisons
with impostors give that FPIR, 1 - (1 - FAR)^N, on the fitted tail, shifted by the difference between fit and
measurement in the largest measured gallery. FNIR is then the share of same-person pairs below it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.measure.accuracy.comparison import Mates
from mien.measure.accuracy.verification import Tail

FPIRS = (0.1, 0.01)
SEARCHES = 20_000  # most photos that search; drawn at random
DRAWS = 10  # galleries drawn, fewer when there are many searches
MOST_SEARCHED = 50_000  # searches in all galleries together
ROWS = 512

Floats = NDArray[np.float32]
Indexes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Identification:
    """The figures of a gallery of one size at one FPIR.

    Attributes:
        size: the number of people in the gallery.
        fpir: the share of strangers' searches that match someone.
        cosine: the threshold with that FPIR.
        fnir: the share of known people's searches that miss them; NaN if no person has two photos.
        extrapolated: whether the folder has too few people for this gallery.
    """

    size: int
    fpir: float
    cosine: float
    fnir: float
    extrapolated: bool


@dataclass(frozen=True, slots=True)
class _Searches:
    """Searches of galleries of increasing sizes.

    Attributes:
        people: int64 (S,), the person who searches.
        strangers: float32 (S, sizes), the cosine of the best match among others.
        mate: float32 (S,), the cosine of the person's own entry.
        enrolled: bool (S, sizes), whether that entry is in the gallery, from another photo.
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
    left_out: tuple[tuple[int, int], ...] = (),
    seed: int = 0,
) -> list[Identification]:
    """Measures the galleries for which the folder has enough people, and extrapolates the others.

    Args:
        embeddings: float32 (F, D), rows of length 1.
        people: int64 (F,), the person of each face.
        sizes: numbers of people in a gallery, rising.
        mates: the same-person pairs.
        fitted: the fitted tail of the impostors.
        left_out: pairs of people who are not compared with each other.
        seed: the seed of the random draws.
    """
    measured = tuple(size for size in sizes if size <= len(np.unique(people)))
    found: list[Identification] = []
    if measured:
        searches = _search(embeddings, people, measured, left_out, np.random.default_rng(seed))
        found += [_measured(searches, column, size, fpir) for column, size in enumerate(measured) for fpir in FPIRS]
    # the fit ignores strangers who resemble many people; it is shifted to agree with the largest measured gallery
    shift = {row.fpir: row.cosine - _fitted_threshold(row.size, row.fpir, fitted) for row in found}
    for size in sizes[len(measured) :]:
        for fpir in FPIRS:
            threshold = min(_fitted_threshold(size, fpir, fitted) + shift.get(fpir, 0.0), 1.0)
            found.append(Identification(size, fpir, threshold, _missed(mates, threshold), True))
    return found


def _fitted_threshold(size: int, fpir: float, fitted: Tail) -> float:
    """Returns the threshold at which `size` independent comparisons with impostors give this FPIR."""
    return fitted.threshold(-float(np.expm1(np.log1p(-fpir) / size)))


def _missed(mates: Mates, threshold: float) -> float:
    """Returns the share of same-person pairs at or below the threshold, weighting people equally; NaN without pairs."""
    return float(equal_weights(mates.people)[mates.cosines <= threshold].sum()) if len(mates.people) else float("nan")


def equal_weights(owners: Indexes) -> NDArray[np.float64]:
    """Returns weights that sum to 1, and to the same value for each owner."""
    _, index, counts = np.unique(owners, return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[index] / max(len(counts), 1))


def _search(
    embeddings: Floats,
    people: Indexes,
    sizes: tuple[int, ...],
    left_out: tuple[tuple[int, int], ...],
    random: np.random.Generator,
) -> _Searches:
    """Searches galleries with photos. A smaller gallery is a prefix of a larger one, so that one pass serves all."""
    names, owner = np.unique(people, return_inverse=True)
    excluded = _excluded(names, left_out)
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
                for other_person in excluded.get(who, ()):
                    if place[other_person] >= 0:
                        cosines[row, place[other_person]] = -1
            best = np.maximum.accumulate(np.maximum.reduceat(cosines, starts, axis=1), axis=1)
            other = (own >= 0) & (entries[own] != rows)
            parts.append((people[rows], best, mate, other[:, None] & (own[:, None] < np.array(sizes))))
    return _Searches(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _excluded(names: Indexes, left_out: tuple[tuple[int, int], ...]) -> dict[int, list[int]]:
    """Returns, for each person, the people who are not compared with them, as indexes into `names`."""
    index = {int(name): number for number, name in enumerate(names)}
    found: dict[int, list[int]] = {}
    for one, other in left_out:
        if one in index and other in index:
            found.setdefault(index[one], []).append(index[other])
            found.setdefault(index[other], []).append(index[one])
    return found


def _one_each(owner: Indexes, count: int, random: np.random.Generator) -> Indexes:
    """Returns the index of a random face of each person, in the order of people."""
    mixed = random.permutation(len(owner))
    chosen = np.empty(count, np.int64)
    chosen[owner[mixed]] = mixed
    return chosen


def _measured(searches: _Searches, column: int, size: int, fpir: float) -> Identification:
    best = searches.strangers[:, column]
    order = np.argsort(-best, kind="stable")
    above = np.cumsum(equal_weights(searches.people)[order])
    threshold = float(best[order[min(int(np.searchsorted(above, fpir + 1e-12, side="right")), len(order) - 1)]])
    known = searches.enrolled[:, column]
    if not known.any():
        return Identification(size, fpir, threshold, float("nan"), False)
    missed = (searches.mate[known] <= threshold) | (searches.mate[known] <= best[known])
    return Identification(size, fpir, threshold, float(equal_weights(searches.people[known])[missed].sum()), False)
