"""Compares measured attributes with labels for `mien eval --attributes`, each on two halves of the people.

Faces of which an attribute was not told count as wrong in "right", and are shown as "unknown".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.face.attributes.thirty import POINTS as THIRTY
from mien.face.types import Features, Verdict, Years
from mien.measure.accuracy.attribute_labels import FLAGS, Labelled
from mien.measure.accuracy.findings import aligned

HALVES = ("fitted on", "reported")
BINS = 10
DRAWS = 200
YOUNGEST, OLDEST, GROWN = 18, 75, 13  # years: those whose age counts, and those whose gender does
Pair = tuple[Labelled, Features]
Figures = dict[str, float]
Attribute = tuple[str, Callable[[Labelled], bool], Callable[[Sequence[Pair]], Figures]]  # name, who has it, figures

# iBUG's points whose mean stands for a landmark of AWS; pupils are not among them
IBUG: dict[str, tuple[int, ...]] = {
    "eyeLeft": (36, 37, 38, 39, 40, 41), "eyeRight": (42, 43, 44, 45, 46, 47), "mouthLeft": (48,), "mouthRight": (54,),
    "nose": (30,), "leftEyeBrowLeft": (17,), "leftEyeBrowRight": (21,), "leftEyeBrowUp": (19,),
    "rightEyeBrowLeft": (22,), "rightEyeBrowRight": (26,), "rightEyeBrowUp": (24,), "leftEyeLeft": (36,),
    "leftEyeRight": (39,), "leftEyeUp": (37, 38), "leftEyeDown": (40, 41), "rightEyeLeft": (42,),
    "rightEyeRight": (45,), "rightEyeUp": (43, 44), "rightEyeDown": (46, 47), "noseLeft": (31,), "noseRight": (35,),
    "mouthUp": (51,), "mouthDown": (57,), "upperJawlineLeft": (0,), "midJawlineLeft": (4,), "chinBottom": (8,),
    "midJawlineRight": (12,), "upperJawlineRight": (16,),
}  # fmt: skip
FAR_OFF = 0.08  # of the distance between the outer corners of the eyes


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one attribute on one half of the people, each by its name in words."""

    attribute: str
    half: int
    faces: int
    figures: Figures


def rates(found: Sequence[tuple[Labelled, Features | None]]) -> list[Row]:
    """Returns the rows of every attribute that is labelled; photographs without a face are left out."""
    rows = []
    for name, has, figures in (*_ATTRIBUTES, *_of_groups(sorted({each.group for each, _ in found if each.group}))):
        for half in (0, 1):
            seen = [(each, features) for each, features in found if features and each.half == half and has(each)]
            if seen:
                rows.append(Row(name, half, len(seen), figures(seen)))
    return rows


def as_text(rows: Sequence[Row]) -> str:
    """Formats the rows as a table."""
    table: list[tuple[str, ...]] = [("attribute", "people", "faces", "figures")]
    for row in rows:
        words = ", ".join(f"{name} {value:.1f}" for name, value in row.figures.items())
        table.append((row.attribute, HALVES[row.half], f"{row.faces:,}", words))
    return (
        "Attributes: shares in %, errors of landmarks in % of the distance between the eyes' outer corners\n"
        + aligned(table)
    )


def as_dict(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Returns the rows for a program."""
    return [
        {"attribute": row.attribute, "people": HALVES[row.half], "faces": row.faces}
        | {name: round(value, 3) for name, value in row.figures.items()}
        for row in rows
    ]


def _verdicts(name: str) -> Callable[[Sequence[Pair]], Figures]:
    def figures(seen: Sequence[Pair]) -> Figures:
        truth = np.array([bool(each.known[name]) for each, _ in seen])
        given = [features.answers.get(name) for _, features in seen]
        said = [each if isinstance(each, Verdict) else None for each in given]
        told = np.array([each is not None for each in said])
        yes = np.array([bool(each and each.value) for each in said])
        sure = np.array([each.confidence if each else 0.5 for each in said])
        right = told & (yes == truth)
        return {
            "right": _percent(right),
            "of yes": _percent(right[truth]),
            "of no": _percent(right[~truth]),
            "balanced": (_percent(right[truth]) + _percent(right[~truth])) / 2,
            "precision": _percent(truth[told & yes]),
            "yes": float(truth.sum()),
            "unknown": _percent(~told),
            "off by": 100 * miscalibration(sure[told], right[told]),
            "by chance": 100 * chance(sure[told]),
        }

    return figures


def miscalibration(sure: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Returns the mean distance between what was said and what is true, over ten bins of as many answers each, 0–1."""
    order = np.argsort(sure, kind="stable")
    bins = [each for each in np.array_split(order, BINS) if len(each)]
    gaps = [abs(float(sure[each].mean()) - float(right[each].mean())) * len(each) for each in bins]
    return float(sum(gaps) / len(sure)) if len(sure) else float("nan")


def chance(sure: NDArray[np.floating]) -> float:
    """Returns the miscalibration that so few answers show on average if each is right as often as it says, 0–1."""
    random = np.random.default_rng(0)
    return float(np.mean([miscalibration(sure, random.random(len(sure)) < sure) for _ in range(DRAWS)]))


def _ages(seen: Sequence[Pair]) -> Figures:
    told = [(float(each.known["age_range"]), answer) for each, features in seen
            if isinstance(answer := features.answers.get("age_range"), Years)]  # fmt: skip
    if not told:
        return {"unknown": 100.0}
    truth = np.array([age for age, _ in told])
    low, high = (np.array([getattr(answer, end) for _, answer in told], float) for end in ("low", "high"))
    grown = (truth >= YOUNGEST) & (truth <= OLDEST)
    off = (low + high) / 2 - truth
    return {
        "mean error at 18–75": float(np.abs(off[grown]).mean()),
        "bias at 18–75": float(off[grown].mean()),
        "mean error": float(np.abs(off).mean()),
        "held": _percent((low <= truth) & (truth <= high)),
        "years wide": float((high - low).mean()),
        "unknown": 100 * (1 - len(told) / len(seen)),
    }


def _emotions(names: Sequence[str]) -> Callable[[Sequence[Pair]], Figures]:
    def figures(seen: Sequence[Pair]) -> Figures:
        given = [(str(each.known["emotions"]), features.answers.get("emotions")) for each, features in seen]
        told = [(truth, answer) for truth, answer in given if isinstance(answer, dict)]
        first = [(truth, max(answer, key=lambda kind: answer[kind]), max(answer.values())) for truth, answer in told]
        right = np.array([truth == said for truth, said, _ in first], bool)
        of_each = {kind: _percent(right[[truth == kind for truth, *_ in first]]) for kind in names}
        return {
            "right": 100 * float(right.sum()) / len(seen),
            **of_each,
            "unknown": 100 * (1 - len(told) / len(seen)),
            "off by": 100 * miscalibration(np.array([sure for *_, sure in first]), right),
            "by chance": 100 * chance(np.array([sure for *_, sure in first])),
        }

    return figures


def _landmarks(seen: Sequence[Pair]) -> Figures:
    errors, places = [], [list(THIRTY).index(name) for name in IBUG]
    for each, features in seen:
        if features.landmarks is not None and each.points is not None:
            truth = np.array([each.points[list(points)].mean(axis=0) for points in IBUG.values()])
            eyes = float(np.hypot(*(each.points[45] - each.points[36])))
            errors.append(float(np.linalg.norm(features.landmarks[places] - truth, axis=1).mean()) / eyes)
    off = np.array(errors)
    return {
        "mean error": 100 * float(off.mean()) if errors else float("nan"),
        "over 8%": _percent(off > FAR_OFF),
        "unknown": 100 * (1 - len(errors) / len(seen)),
    }


def _percent(hits: NDArray[np.bool_]) -> float:
    return 100 * float(hits.mean()) if len(hits) else float("nan")


def _labelled(name: str) -> Callable[[Labelled], bool]:
    return lambda each: name in each.known


def _grown(each: Labelled) -> bool:
    return "gender" in each.known and float(each.known.get("age_range", GROWN)) >= GROWN


def _one_of(names: Iterable[str]) -> Callable[[Labelled], bool]:
    wanted = set(names)
    return lambda each: each.known.get("emotions") in wanted


def _of_groups(groups: Sequence[str]) -> list[Attribute]:
    """Returns gender and age of each group of people."""
    measured = {"gender": _verdicts("gender"), "age_range": _ages}
    return [
        (f"{name}, {group}", _of_group(name, group), figures) for name, figures in measured.items() for group in groups
    ]


def _of_group(name: str, group: str) -> Callable[[Labelled], bool]:
    return lambda each: name in each.known and each.group == group


_FIVE = ("neutral", "happy", "sad", "surprise", "anger")
_SEVEN = (*_FIVE, "fear", "disgust")
_ATTRIBUTES: tuple[Attribute, ...] = (
    ("landmarks", lambda each: each.points is not None, _landmarks),
    ("gender", _labelled("gender"), _verdicts("gender")),
    ("gender from 13 years on", _grown, _verdicts("gender")),
    ("age_range", _labelled("age_range"), _ages),
    *((name, _labelled(name), _verdicts(name)) for name in FLAGS),
    ("emotions, five", _one_of(_FIVE), _emotions(_FIVE)),
    ("emotions, seven", _one_of(_SEVEN), _emotions(_SEVEN)),
)
