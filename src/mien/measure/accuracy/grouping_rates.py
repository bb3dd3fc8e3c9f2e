"""`mien eval --groups-of-faces`: measures how well faces are grouped by person, and how mislabelled ones are found.

All photographs are grouped as a server groups the faces that nobody has named. Pairs of faces count, and faces (B³, of
Bagga and Baldwin 1998): for a face, precision is the share of its group that is its person's, and recall the share of
its person that is in its group.
"""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.face.similarity import Calibration
from mien.measure.accuracy.findings import aligned
from mien.people.grouping import Grouping
from mien.people.unlike import unlike

FACES = 5  # of a person, from which a stranger's face is planted among them
PLANTS = 10  # strangers for each person
FIRST = 3  # of the faces that are most unlike the rest

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
Embeddings = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Grouped:
    """How well the faces of some people were grouped, by themselves; shares are 0–1.

    Attributes:
        of: which people.
        people, faces, groups: how many there are.
        precision: of the pairs of faces in one group, the share that are of one person.
        recall: of the pairs of one person, the share that are in one group.
        f1: B³, the harmonic mean of the faces' mean precision and mean recall.
    """

    of: str
    people: int
    faces: int
    groups: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Planted:
    """How often a stranger's face among a person's was one of the first that are most unlike the rest, 0–1.

    Attributes:
        of: whose face it was.
        trials: number of planted faces.
        first: the share that came first of all.
        among: the share that was among the first `FIRST`.
    """

    of: str
    trials: int
    first: float
    among: float


@dataclass(frozen=True, slots=True)
class Rates:
    """The figures of `--groups-of-faces`."""

    grouped: list[Grouped]
    planted: list[Planted]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Faces and their people.

    Attributes:
        embeddings: float32 (F, D).
        people: int64 (F,), indexes into `names`.
        names: the people.
        left_out: pairs of people whose labels are wrong, or who are alike beyond what a face tells.
    """

    embeddings: Embeddings
    people: Numbers
    names: tuple[str, ...]
    left_out: tuple[tuple[int, int], ...] = ()


def measure(faces: Labelled, calibration: Calibration) -> Rates:
    """Groups all people and each half of them, and plants strangers' faces.

    Args:
        faces: the faces.
        calibration: of the pack that embedded them.
    """
    half = np.array([hashlib.sha256(name.encode()).digest()[0] % 2 for name in faces.names])[faces.people]
    grouped = [
        _grouped(name, faces, which, calibration)
        for name, which in (("half A", half == 0), ("half B", half == 1), ("all", half >= 0))
        if which.any()
    ]
    return Rates(grouped, [_planted("a stranger", faces, False), _planted("the stranger most alike", faces, True)])


def _grouped(of: str, faces: Labelled, which: NDArray[np.bool_], calibration: Calibration) -> Grouped:
    people, embeddings = faces.people[which], faces.embeddings[which]
    grouping = Grouping(embeddings.shape[1], calibration)
    grouping.add(np.arange(len(people)), embeddings, np.arange(len(people)))
    _, labels = grouping.groups()
    precision, recall, f1 = agreement(labels, people, faces.left_out)
    return Grouped(of, len(np.unique(people)), len(people), len(np.unique(labels)), precision, recall, f1)


def agreement(labels: Numbers, people: Numbers, left_out: tuple[tuple[int, int], ...] = ()) -> tuple[float, ...]:
    """Returns pairwise precision and recall, and B³'s F1, of groups of faces.

    Args:
        labels: int64 (F,), the group of each face.
        people: int64 (F,), the person of each face.
        left_out: pairs of people whose faces count neither as one person's nor as two people's.
    """
    count = int(people.max(initial=0)) + 1
    _, labels = np.unique(labels, return_inverse=True)
    cells, faces = np.unique(labels * count + people, return_counts=True)  # faces of one person in one group
    group, person = np.divmod(cells, count)
    sizes = np.bincount(labels)[group] - _left_out(cells, faces, count, left_out)  # of the group, for that person
    whole = np.bincount(people)
    together, right = _pairs(faces).sum(), float((whole * (whole - 1.0) / 2).sum())
    joined = float((faces * (sizes - 1.0) / 2).sum())
    precision, recall = (faces * faces / sizes).sum() / len(people), (faces * faces / whole[person]).sum() / len(people)
    return (
        float(together / joined) if joined else float("nan"),
        float(together / right) if right else float("nan"),
        float(2 * precision * recall / (precision + recall)),
    )


def _pairs(faces: Numbers) -> Floats:
    return faces * (faces - 1.0) / 2


def _left_out(cells: Numbers, faces: Numbers, count: int, pairs: tuple[tuple[int, int], ...]) -> Numbers:
    """Returns for each cell the faces in its group of people with whom its person is not compared."""
    held = dict(zip(cells.tolist(), faces.tolist(), strict=True))
    found = np.zeros(len(cells), np.int64)
    for one, other in [*pairs, *(pair[::-1] for pair in pairs)]:
        for place in np.flatnonzero(cells % count == one):
            found[place] += held.get(int(cells[place]) - one + other, 0)
    return found


def _planted(of: str, faces: Labelled, alike: bool) -> Planted:
    """Plants faces among each person's and returns how early they are found."""
    random = np.random.default_rng(1)
    places = []
    for person in np.flatnonzero(np.bincount(faces.people) >= FACES):
        own = faces.embeddings[faces.people == person]
        known = [other for pair in faces.left_out if person in pair for other in pair]
        strangers = faces.embeddings[~np.isin(faces.people, np.array([person, *known]))]
        if not len(strangers):
            continue
        scores = strangers @ own.mean(axis=0)
        chosen = np.argsort(-scores)[:PLANTS] if alike else random.choice(len(strangers), PLANTS)
        for each in chosen:
            places.append(int(np.flatnonzero(unlike(np.vstack([own, strangers[each]])) == len(own))[0]))
    found = np.array(places)
    share = [float((found < most).mean()) if len(found) else float("nan") for most in (1, FIRST)]
    return Planted(of, len(found), *share)


def as_dict(rates: Rates) -> dict[str, Any]:
    """Returns the figures as JSON-ready values."""
    return {
        "grouped": [_rounded(asdict(each)) for each in rates.grouped],
        "planted": [_rounded(asdict(each)) for each in rates.planted],
    }


def as_text(rates: Rates) -> str:
    """Returns the figures as two tables."""
    rows: list[tuple[str, ...]] = [("people", "", "faces", "groups", "precision", "recall", "B³ F1", "")]
    for each in rates.grouped:
        counts = (f"{each.people:,}", f"{each.faces:,}", f"{each.groups:,}")
        rows.append((each.of, *counts, *map(_percent, (each.precision, each.recall, each.f1)), ""))
    text = "Faces grouped by person, of all people and of each half of them by itself:\n" + aligned(rows)
    rows = [("a face planted among a person's", "trials", "the most unlike", f"among the {FIRST} most unlike", "")]
    rows += [(each.of, f"{each.trials:,}", _percent(each.first), _percent(each.among), "") for each in rates.planted]
    return f"{text}\n\nOf people with {FACES} faces or more, with one face of somebody else:\n" + aligned(rows)


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.2f}%"


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    def of(value: Any) -> Any:
        return value if not isinstance(value, float) else None if np.isnan(value) else round(value, 6)

    return {name: of(value) for name, value in figures.items()}
