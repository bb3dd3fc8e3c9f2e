"""Finds photographs whose attributes are known: CSV files of labels in a folder, and folders named for a label.

A CSV has a column `file` or `photo`, and columns of attributes: 1 or 0 for a yes or no, `gender` male or female, `age`
in years, `emotion` by name, and x0, y0 to x67, y67 for the points of iBUG; an empty cell is not known. `group` names
people for whom gender and age are also reported apart. A photograph is looked for by its path in the folder, in
`photos`, or in a folder named like the CSV, and by its name in the folders beside. `emotions/NAME/` and
`occluded/masked/` and `occluded/bare/` name the label of what lies in them.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError
from mien.measure.accuracy.dataset import SUFFIXES

FLAGS = (
    "eyeglasses", "sunglasses", "beard", "mustache", "smile", "mouth_open", "eyes_open", "face_occluded",
)  # fmt: skip
POINTS = "landmarks"
_WORDS = {"1": True, "0": False, "male": True, "female": False}
_FOLDERS = {"emotions": "emotions", "occluded": "face_occluded"}
_EMOTIONS = {"angry": "anger", "calm": "neutral", "disgusted": "disgust", "surprised": "surprise"}  # other words
_OCCLUDED = {"masked": True, "bare": False}
_NUMBERED = re.compile(r"_\d{4}\.\w+$")  # LFW's photographs of one person


@dataclass(slots=True)
class Labelled:
    """A photograph and what is known of its face.

    Attributes:
        file: the photograph.
        person: whose photographs stay in one half.
        known: an attribute's name → True or False, years, or an emotion's name.
        points: float64 (68, 2), iBUG's points from the edge of the first pixel; None if they are not known.
        group: of the person, for which gender and age are reported apart; "" for none.
    """

    file: Path
    person: str
    known: dict[str, bool | float | str] = field(default_factory=dict)
    points: NDArray[np.float64] | None = None
    group: str = ""

    @property
    def half(self) -> int:
        """The half of the people: 0 for those whom scalars were fitted on, 1 for those who are reported."""
        return int(hashlib.sha1(self.person.encode(), usedforsecurity=False).hexdigest(), 16) % 2


def open_labels(folder: Path) -> list[Labelled]:
    """Reads all labels of a folder; labels of one photograph from several files are joined.

    Raises:
        SetupError: the folder holds none, a file is malformed, or a photograph is missing.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder.")
    found: dict[Path, Labelled] = {}
    names = _Names(folder)
    for labelled in [*_of_folders(folder), *_of_files(folder, names)]:
        known = found.setdefault(labelled.file, labelled)
        known.known |= labelled.known
        known.points = labelled.points if known.points is None else known.points
        known.group = known.group or labelled.group
    if not found:
        raise SetupError(f"{folder} holds no labels: no CSV with the column file or photo, and no folder of a label.")
    return sorted(found.values(), key=lambda each: each.file)


class _Names:
    """Finds photographs by path, and by name in the folders beside, which are listed once and only if need be."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._names = folder, dict[str, Path]()

    def __call__(self, name: str, source: Path) -> Path:
        for place in (self._folder, self._folder / "photos", self._folder / source.stem):
            if (place / name).is_file():
                return place / name
        if not self._names:
            self._names = {path.name: path for path in self._folder.resolve().parent.rglob("*.jpg")}
        if Path(name).name not in self._names:
            raise SetupError(f"{source} names {name}, which is neither in {self._folder} nor in the folders beside.")
        return self._names[Path(name).name]


def _of_folders(folder: Path) -> Iterator[Labelled]:
    for place, attribute in _FOLDERS.items():
        for file in sorted((folder / place).glob("*/*")):
            if file.suffix.lower() in SUFFIXES:
                label = file.parent.name
                known: bool | str = _OCCLUDED.get(label, False) if place == "occluded" else _EMOTIONS.get(label, label)
                yield Labelled(file, f"{label}/{file.name}", {attribute: known})


def _of_files(folder: Path, find: _Names) -> Iterator[Labelled]:
    for source in sorted(folder.glob("*.csv")):
        try:
            with source.open(newline="", encoding="utf-8-sig") as text:
                for row in csv.DictReader(text):
                    name = row.get("file") or row.get("photo")
                    if name:
                        known, points = _known(row, source), _points(row)
                        yield Labelled(
                            find(name, source), _person(name), known, points, (row.get("group") or "").strip()
                        )
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise SetupError(f"{source} cannot be read: {error}.") from None


def _person(name: str) -> str:
    """Returns the person of a photograph: LFW numbers them behind a name, and elsewhere each shows another one."""
    return _NUMBERED.sub("", Path(name).name) if _NUMBERED.search(name) else name


def _known(row: Mapping[str, str | None], source: Path) -> dict[str, bool | float | str]:
    known: dict[str, bool | float | str] = {}
    for column in (*FLAGS, "gender"):
        word = (row.get(column) or "").strip().lower()
        if word and word not in _WORDS:
            raise SetupError(f"{source}: {column} must be 1 or 0, or male or female, not {word!r}.")
        if word:
            known[column] = _WORDS[word]
    if row.get("age"):
        known["age_range"] = float(str(row["age"]))
    if row.get("emotion"):
        emotion = str(row["emotion"]).lower()
        known["emotions"] = _EMOTIONS.get(emotion, emotion)
    return known


def _points(row: Mapping[str, str | None]) -> NDArray[np.float64] | None:
    """Returns iBUG's points, which it counts from 1 at the middle of the first pixel."""
    if "x67" not in row:
        return None
    return np.array([(float(str(row[f"x{each}"])), float(str(row[f"y{each}"]))) for each in range(68)]) - 0.5
