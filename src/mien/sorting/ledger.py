"""Knows which files runs have placed, so that a later run recognizes them, and which folder is whose."""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path

from mien.sorting.file_names import key


@dataclass(frozen=True, slots=True)
class Placed:
    """A file that a run placed.

    Attributes:
        place: folder and name.
        target: its path.
        source: the photograph it was made of.
        folder: the folder's name.
        version: of the photograph, when it was placed.
        run: the last run that wanted it there.
    """

    place: str
    target: Path
    source: Path
    folder: str
    version: str
    run: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The tables `placed` and `folders` of a journal's file.

    Attributes:
        file: the file.
        run: the number of this run.
        into: the folder of the folders.
    """

    file: sqlite3.Connection
    run: int
    into: Path

    def placed(self, place: str) -> Placed | None:
        """Returns the file at a place, which also is the place of names that differ in case or accents' form."""
        row = self.file.execute(f"{_SELECT} WHERE key = ?", (_storable(key(place)),)).fetchone()
        return self._placed(row) if row else None

    def made_of(self, source: Path, version: str, folder: str) -> Placed | None:
        """Returns the file that was made in a folder of this version of a photograph."""
        row = self.file.execute(
            f"{_SELECT} WHERE source = ? AND folder = ? AND version = ?", (os.fsencode(source), folder, version)
        ).fetchone()
        return self._placed(row) if row else None

    def add(self, placed: Placed) -> None:
        """Notes a file."""
        self.file.execute(
            "INSERT OR REPLACE INTO placed VALUES (?, ?, ?, ?, ?, ?)",
            (
                _storable(key(placed.place)), os.fsencode(os.path.relpath(placed.target, self.into)),
                os.fsencode(placed.source), placed.folder, placed.version, placed.run,
            ),
        )  # fmt: skip

    def keep(self, place: str) -> None:
        """Notes that this run wants a file where it is."""
        self.file.execute("UPDATE placed SET run = ? WHERE key = ?", (self.run, _storable(key(place))))

    def left_over(self) -> Iterator[Placed]:
        """Yields the files that earlier runs placed and this one does not want there."""
        rows = self.file.execute(f"{_SELECT} WHERE placed.run < ? ORDER BY key", (self.run,)).fetchall()
        return (self._placed(row) for row in rows)

    def begin_moving(self) -> None:
        """Notes that this run placed all files, and that their originals are to be removed."""
        self.file.execute("UPDATE run SET moving = ?", (self.run,))

    def moving(self) -> Iterator[tuple[Path, list[Placed]]]:
        """Yields each original to be removed, with the files that were made of it."""
        rows = self.file.execute(f"{_SELECT} JOIN run ON placed.run = run.moving ORDER BY source").fetchall()
        for source, group in groupby(map(self._placed, rows), key=lambda placed: placed.source):
            yield source, list(group)

    def moved(self) -> None:
        """Notes that all originals are removed."""
        self.file.execute("UPDATE run SET moving = 0")

    def forget(self, place: str) -> None:
        """Forgets a file."""
        self.file.execute("DELETE FROM placed WHERE key = ?", (_storable(key(place)),))

    def folder(self, who: str, name: Callable[[int], str], *, alone: bool = False) -> str:
        """Returns the folder of someone, the same in every run.

        Args:
            who: whose it is.
            name: the names it may have, by number from 1; the first that is free is taken.
            alone: whether the folder must not be there yet, whoever made it.
        """
        row = self.file.execute("SELECT folder FROM folders WHERE who = ?", (_storable(who),)).fetchone()
        if row:
            return str(row[0])
        taken = {key(each) for (each,) in self.file.execute("SELECT folder FROM folders")}
        made = next(
            made for made in map(name, count(1))
            if key(made) not in taken and (not os.path.lexists(self.into / made)
                                           or (not alone and (self.into / made).is_dir()))
        )  # fmt: skip
        self.file.execute("INSERT INTO folders VALUES (?, ?)", (_storable(who), made))
        return made

    def rename(self, who: dict[str, str]) -> None:
        """Gives folders to others: from whom they were to whom they are now."""
        self.file.execute("BEGIN")
        for before, now in who.items():
            self.file.execute("UPDATE folders SET who = ? WHERE who = ?", (f"new {now}", before))
        self.file.execute("DELETE FROM folders WHERE who LIKE 'stranger %'")
        self.file.execute("UPDATE folders SET who = substr(who, 5) WHERE who LIKE 'new stranger %'")
        self.file.execute("COMMIT")

    def strangers(self) -> Iterator[tuple[str, Path]]:
        """Yields who an unknown person was in earlier runs, with each photograph of theirs."""
        rows = self.file.execute(
            "SELECT who, source FROM placed JOIN folders ON folders.folder = placed.folder WHERE who LIKE 'stranger %'"
        )
        return ((who, Path(os.fsdecode(source))) for who, source in rows)

    def _placed(self, row: tuple[str, bytes, bytes, str, str, int]) -> Placed:
        place, target, source, folder, version, run = row
        return Placed(place, self.into / os.fsdecode(target), Path(os.fsdecode(source)), folder, version, run)


_SELECT = "SELECT key, target, source, folder, version, placed.run FROM placed"


def _storable(text: str) -> str:
    """Returns a text without the surrogates that stand for bytes in names that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def most_alike(pairs: Counter[tuple[str, str]]) -> dict[str, str]:
    """Pairs those before with those now, each once, by how much they share.

    Args:
        pairs: how many photographs someone before and someone now have in common.
    """
    found: dict[str, str] = {}
    for (before, now), _ in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if before not in found and now not in found.values():
            found[before] = now
    return found
