"""`mien eval --groups`: measures false matches, and matches of one person, within each group at each similarity.

A false match rate is only as good as that of the group with the most false matches.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.face.similarity import Calibration
from mien.measure.accuracy import comparison, verification
from mien.measure.accuracy.findings import aligned

SIMILARITIES = (60.0, 80.0, 90.0, 95.0, 99.0)


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one group.

    Attributes:
        name: as the file calls it.
        faces: photographs in which a face was found.
        impostors: pairs of two people of the group.
        mates: pairs of one person.
        far: the share of impostor pairs at or above each of SIMILARITIES, 0–1.
        tar: the share of pairs of one person, weighted as in `verification.tar`; NaN where there are none.
    """

    name: str
    faces: int
    impostors: int
    mates: int
    far: tuple[float, ...]
    tar: tuple[float, ...]


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
    strangers, mates = comparison.impostors(embeddings, people), comparison.mates(embeddings, people)
    far = tuple(strangers.above(bar) / strangers.total if strangers.total else float("nan") for bar in bars)
    tar = tuple(verification.tar(mates, bar) for bar in bars)
    return Group(name, len(embeddings), strangers.total, len(mates.cosines), far, tar)


def as_dict(groups: list[Group]) -> dict[str, Any]:
    """Returns the figures as JSON-ready values."""
    return {
        each.name: {
            "faces": each.faces,
            "impostor_pairs": each.impostors,
            "same_person_pairs": each.mates,
            "far": {f"{similarity:g}": _number(far) for similarity, far in zip(SIMILARITIES, each.far, strict=True)},
            "tar": {f"{similarity:g}": _number(tar) for similarity, tar in zip(SIMILARITIES, each.tar, strict=True)},
        }
        for each in groups
    }


def as_text(groups: list[Group]) -> str:
    """Returns tables of false matches in 10,000 pairs of strangers and, if there are mates, of those that match."""
    heading = ("group", "faces", "pairs", *(f"{similarity:g}" for similarity in SIMILARITIES), "")
    rows: list[tuple[str, ...]] = [heading]
    rows += [(each.name, f"{each.faces:,}", f"{each.impostors:,}", *map(_share, each.far), "") for each in groups]
    text = "False matches in 10,000 comparisons of strangers of one group, at each similarity:\n" + aligned(rows)
    if any(each.mates for each in groups):
        rows = [heading]
        rows += [(each.name, f"{each.faces:,}", f"{each.mates:,}", *map(_percent, each.tar), "") for each in groups]
        text += "\n\nPairs of one person that match, in %:\n" + aligned(rows)
    return text


def _number(share: float) -> float | None:
    return None if np.isnan(share) else round(share, 8)


def _share(far: float) -> str:
    return "–" if np.isnan(far) else f"{1e4 * far:.1f}"


def _percent(tar: float) -> str:
    return "–" if np.isnan(tar) else f"{100 * tar:.1f}"
