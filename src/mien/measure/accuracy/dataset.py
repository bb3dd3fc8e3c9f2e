"""Finds the photos to compare: a folder of people, or the pairs listed in a file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError

SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of photos to compare.

    Attributes:
        photos: int64 (N, 2), indexes into a dataset's files.
        same: bool (N,), whether both show one person.
    """

    photos: NDArray[np.int64]
    same: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Photos and the people on them.

    Attributes:
        folder: the folder that names are relative to.
        files: the photos, sorted.
        names: the people, sorted: the folders that contain the photos.
        people: int64 (len(files),), indexes into `names`.
        left_out: pairs of people, as indexes into `names`, who are not compared with each other.
        pairs: the pairs to compare; None to compare all photos with each other.
        groups: the group of each photo, if a file names groups.
    """

    folder: Path
    files: tuple[Path, ...]
    names: tuple[str, ...]
    people: NDArray[np.int64]
    left_out: tuple[tuple[int, int], ...] = ()
    pairs: Pairs | None = None
    groups: tuple[str, ...] = ()


def open_groups(folder: Path, labels: Path) -> Dataset:
    """Reads a file that names the group and, in an optional column, the person of each photo.

    Without that column every photo shows another person.

    Raises:
        SetupError: the folder or a photo is missing, or the file is not what it should be.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder.")
    rows = sorted(_rows(labels, ("file", "group"), ("person",)))
    if not rows:
        raise SetupError(f"{labels} names no photos.")
    for (name, group, _), following in zip(rows, [*rows[1:], ("", "", "")], strict=True):
        if not (folder / name).is_file():
            raise SetupError(f"{labels} names {name or 'a photo without a name'}, which is not in {folder}.")
        if not group:
            raise SetupError(f"{labels} names no group for {name}.")
        if (name, group) == following[:2]:
            raise SetupError(f"{labels} names {name} twice in the group {group}; name each photo once.")
    owners = np.array([person or name for name, _, person in rows], dtype=object)
    names, people = np.unique(owners, return_inverse=True)
    files, groups = tuple(folder / name for name, *_ in rows), tuple(group for _, group, _ in rows)
    return Dataset(folder, files, tuple(map(str, names)), np.asarray(people, np.int64).ravel(), groups=groups)


def open_dataset(folder: Path, pairs: Path | None = None, leave_out: Path | None = None) -> Dataset:
    """Lists a folder and reads the files of `--pairs` and `--leave-out`.

    Raises:
        SetupError: the folder contains no people, a photo is missing, or a file is malformed.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder.")
    compared = _pairs(pairs, folder) if pairs else None
    if compared is None:
        files = tuple(sorted(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES))
    else:
        files = tuple(sorted({file for row in compared for file in row[:2]}))
    owners = [str(file.parent.relative_to(folder)) for file in files]
    names, people = np.unique(np.array(owners, dtype=object), return_inverse=True) if files else ((), np.empty(0))
    dataset = Dataset(folder, files, tuple(map(str, names)), np.asarray(people, np.int64).ravel())
    if compared is None and len(dataset.names) < 2:
        raise SetupError(
            f"{folder} must hold at least two folders of photos, each named for a person: PERSON/photo.jpg."
        )
    return Dataset(
        dataset.folder, dataset.files, dataset.names, dataset.people,
        _left_out(leave_out, dataset.names) if leave_out else (), _indexed(compared, files) if compared else None,
    )  # fmt: skip


def _rows(path: Path, columns: tuple[str, ...], others: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the values of required and optional columns; a missing optional value is empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise SetupError(f"{path} must have the columns {', '.join(columns)}; {missing[0]} is missing.")
            for row in reader:
                yield tuple((row.get(column) or "").strip() for column in (*columns, *others))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SetupError(f"{path} cannot be read: {error}.") from None


def _pairs(path: Path, folder: Path) -> list[tuple[Path, Path, bool]]:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    found = []
    for one, other, same in _rows(path, ("image_a", "image_b", "same")):
        if same.lower() not in words:
            raise SetupError(f"{path}: same must be 1 or 0, not {same!r}.")
        for name in (one, other):
            if not (folder / name).is_file():
                raise SetupError(f"{path} names {name}, which is not in {folder}.")
        found.append((folder / one, folder / other, words[same.lower()]))
    if len({same for *_, same in found}) < 2:
        raise SetupError(f"{path} must name pairs of one person (same 1) and of two (same 0).")
    return found


def _indexed(compared: list[tuple[Path, Path, bool]], files: tuple[Path, ...]) -> Pairs:
    index = {file: number for number, file in enumerate(files)}
    photos = np.array([(index[one], index[other]) for one, other, _ in compared], np.int64)
    return Pairs(photos, np.array([same for *_, same in compared], np.bool_))


def _left_out(path: Path, names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Returns the pairs of people to leave out. Pairs with a person who is not in the folder are ignored."""
    index = {name: number for number, name in enumerate(names)}
    rows = _rows(path, ("identity_a", "identity_b"))
    return tuple((index[one], index[other]) for one, other in rows if one in index and other in index)
