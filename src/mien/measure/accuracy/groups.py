"""`mien eval --groups`: measures false matches, and matches of one person, within each group at each similarity.

A false match rate is only as good as that of the group with the most false matches.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.face.similarity import Calibration
from mien.measure.accuracy import comparison, intervals
from mien.measure.accuracy.findings import aligned
from mien.measure.accuracy.intervals import Counts, Share

SIMILARITIES = (60.0, 80.0, 90.0, 95.0, 99.0)
_HEADING: tuple[str, ...] = ("group", "faces", "pairs", *(f"{similarity:g}" for similarity in SIMILARITIES), "")


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one group.

    Attributes:
        name: as the file calls it.
        faces: photographs in which a face was found.
        impostors: pairs of two people of the group.
        mates: pairs of one person.
        far: the share of impostor pairs at or above each of SIMILARITIES.
        tar: the share of pairs of one person, weighted as in `comparison.Mates`; NaN where there are none.
    """

    name: str
    faces: int
    impostors: int
    mates: int
    far: tuple[Share, ...]
    tar: tuple[Share, ...]


def measure(
    embeddings: NDArray[np.float32], people: NDArray[np.int64], groups: NDArray[np.str_], calibration: Calibration
) -> list[Group]:
    """Compares all faces of each group with each other.

    Args:
        embeddings: float32 (F, D).
        people: int64 (F,), the person of each face.
        groups: (F,), the group of each face.
        calibration: converts similarities to scores.
    """
    bars = [calibration.score(similarity) for similarity in SIMILARITIES]
    return [_group(str(name), embeddings[groups == name], people[groups == name], bars) for name in np.unique(groups)]


def _group(name: str, embeddings: NDArray[np.float32], people: NDArray[np.int64], bars: list[float]) -> Group:
    _, owners = np.unique(people, return_inverse=True)
    above, compared = comparison.strangers_above(embeddings, owners, bars)
    far = tuple(intervals.of_strangers(each, compared) for each in above)
    mates = comparison.mates(embeddings, owners)
    tar = tuple(_tar(mates, bar) for bar in bars)
    return Group(name, len(embeddings), int(compared.sum()) // 2, len(mates.cosines), far, tar)


def _tar(mates: comparison.Mates, bar: float) -> Share:
    def weights(passing: NDArray[np.bool_]) -> Counts:
        return np.bincount(mates.people, mates.weights * passing)

    return intervals.of_mates(weights(mates.cosines >= bar), weights(np.ones_like(mates.cosines, np.bool_)))


def as_dict(groups: list[Group]) -> dict[str, Any]:
    """Returns the figures as JSON-ready values."""
    return {
        each.name: {
            "faces": each.faces,
            "impostor_pairs": each.impostors,
            "same_person_pairs": each.mates,
            "far": _at_each(each.far),
            "far_interval_95": _intervals(each.far),
            "tar": _at_each(each.tar),
            "tar_interval_95": _intervals(each.tar),
        }
        for each in groups
    }


def as_text(groups: list[Group]) -> str:
    """Returns tables of false matches in 10,000 pairs of strangers and, if there are mates, of those that match."""
    rows = [_HEADING]
    rows += [(each.name, f"{each.faces:,}", f"{each.impostors:,}", *map(_in_10000, each.far), "") for each in groups]
    text = (
        "False matches in 10,000 comparisons of strangers of one group, at each similarity, and their 95% intervals:\n"
        + aligned(rows)
    )
    if any(each.mates for each in groups):
        rows = [_HEADING]
        rows += [(each.name, f"{each.faces:,}", f"{each.mates:,}", *map(_percent, each.tar), "") for each in groups]
        text += "\n\nPairs of one person that match, in %:\n" + aligned(rows)
    return text


def _at_each(shares: tuple[Share, ...]) -> dict[str, float | None]:
    return {f"{similarity:g}": _number(each.value) for similarity, each in zip(SIMILARITIES, shares, strict=True)}


def _intervals(shares: tuple[Share, ...]) -> dict[str, list[float | None]]:
    ends = ([_number(each.low), _number(each.high)] for each in shares)
    return {f"{similarity:g}": each for similarity, each in zip(SIMILARITIES, ends, strict=True)}


def _number(share: float) -> float | None:
    return None if np.isnan(share) else round(share, 8)


def _in_10000(far: Share) -> str:
    return "–" if np.isnan(far.value) else f"{1e4 * far.value:.1f} ({1e4 * far.low:.1f}–{1e4 * far.high:.1f})"


def _percent(tar: Share) -> str:
    return "–" if np.isnan(tar.value) else f"{100 * tar.value:.1f} ({100 * tar.low:.1f}–{100 * tar.high:.1f})"
