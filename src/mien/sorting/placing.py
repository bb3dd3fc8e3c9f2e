"""Puts photographs into folders by copying, linking or moving: whole or not at all, and never over another file."""

import errno
import filecmp
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from mien.errors import SetupError
from mien.sorting import file_names
from mien.sorting.ledger import Ledger, Placed

BESIDE = "changed"  # the version of a sidecar that is changed where it is placed
WAYS = ("copy", "hardlink", "symlink", "move")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


@dataclass(frozen=True, slots=True)
class Placer:
    """Puts files into the folders of one place.

    Attributes:
        into: the folder of the folders.
        way: one of WAYS; a moved file is placed first, and its original removed by
            `remove_originals`.
        ledger: knows what earlier runs placed.
        unfinished: a folder in `into` for files in the making; None in a dry run, which makes nothing.
    """

    into: Path
    way: str
    ledger: Ledger
    unfinished: Path | None
    _numbers: dict[str, int] = field(default_factory=dict)  # of names that many files have: the next that may be free

    def place(self, source: Path, folder: str, version: str) -> tuple[Path, bool]:
        """Puts a file into a folder under its own name, or that name with a number.

        Returns:
            Its path there, and whether it was not there before.

        Raises:
            OSError: it cannot be read or made.
            SetupError: no further file can be made either.
        """
        known = self.ledger.made_of(source, version, folder)
        if known is not None and os.path.lexists(known.target):
            self.ledger.keep(known.place)
            return known.target, False
        first = f"{folder}/{file_names.numbered(source.stem, 1, source.suffix)}"
        for number in count(self._numbers.get(first, 1)):
            name = file_names.numbered(source.stem, number, source.suffix)
            target, place = self.into / folder / name, f"{folder}/{name}"
            there, known = os.path.lexists(target), self.ledger.placed(place)
            if known is not None and (there or known.run == self.ledger.run):
                continue
            if there and not same(source, target):
                continue
            if there or self._make(source, target, self.way):
                self.ledger.add(Placed(place, target, source, folder, version, self.ledger.run))
                if number > 1:
                    self._numbers[first] = number + 1
                return target, not there
        raise AssertionError  # the numbers do not end

    def along(self, source: Path, target: Path, folder: str, *, is_changed: bool) -> None:
        """Puts a file that belongs to another beside it, unless there is one.

        Args:
            source: the file.
            target: its path there.
            folder: the folder's name.
            is_changed: whether it will be changed there, so that a link does not serve.

        Raises:
            OSError: it cannot be read or made.
        """
        place = f"{folder}/{target.name}"
        known = self.ledger.placed(place)
        if known is not None and known.source == source and os.path.lexists(target):
            self.ledger.keep(place)
        elif not os.path.lexists(target) and self._make(source, target, "copy" if is_changed else self.way):
            self.ledger.add(Placed(place, target, source, folder, BESIDE if is_changed else "", self.ledger.run))

    def _make(self, source: Path, target: Path, way: str) -> bool:
        """Makes a file; returns False if another has that name by now."""
        if self.unfinished is None:
            return True
        try:
            target.parent.mkdir(exist_ok=True)
            _MAKERS[way](source, target, self.unfinished)
        except FileExistsError:
            if target.parent.is_dir():
                return False
            raise
        except OSError as error:
            if error.errno in _FULL:
                raise SetupError(f"{self.into} cannot take more files: {error.strerror}.") from None
            raise
        return True


def refuse(way: str, source: Path, into: Path) -> None:
    """Refuses a way in which files of one folder cannot get into the other.

    Raises:
        SetupError: hard links would lead from one file system to another.
    """
    if way == "hardlink" and source.stat().st_dev != into.stat().st_dev:
        raise SetupError(
            f"{into} lies on another file system than {source}, and hard links do not reach there: use --by copy or "
            "--by symlink."
        )


def remove_originals(ledger: Ledger, tell: Callable[[Path, str], None]) -> int:
    """Removes the originals of moved files, each once it is wherever it belongs; returns how many failed.

    Args:
        ledger: the ledger, whose run placed all files.
        tell: is told of a file that stays where it is, and why.
    """
    failed = 0
    for source, placed in ledger.moving():
        try:
            if not source.exists():
                continue  # removed before an interruption
            if all(same(source, each.target) or (each.version == BESIDE and each.target.exists()) for each in placed):
                source.unlink()
                continue
            why = "it differs from its copy, so it stays where it is"
        except OSError as error:
            why = error.strerror or str(error)
        failed += 1
        tell(source, why)
    ledger.moved()
    return failed


def unchanged(placed: Placed) -> bool:
    """Returns whether a file that was placed is still what its original is, so that removing it loses nothing."""
    return placed.source.exists() and same(placed.source, placed.target)


def _copy(source: Path, target: Path, unfinished: Path) -> None:
    made = unfinished / uuid.uuid4().hex
    try:
        shutil.copy2(source, made)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        _publish(made, target)
    finally:
        made.unlink(missing_ok=True)


def _publish(made: Path, target: Path) -> None:
    """Gives a finished file its name, which no other may have.

    Raises:
        FileExistsError: another file has it.
    """
    try:
        os.link(made, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))  # memory cards know no links
        made.replace(target)


def _hard_link(source: Path, target: Path, _: Path) -> None:
    os.link(os.path.realpath(source), target)


def _symbolic_link(source: Path, target: Path, _: Path) -> None:
    target.symlink_to(os.path.relpath(os.path.realpath(source), os.path.realpath(target.parent)))


def _move(source: Path, target: Path, unfinished: Path) -> None:
    try:
        _hard_link(source, target, unfinished)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(source, target, unfinished)


def same(one: Path, other: Path) -> bool:
    """Returns whether two paths lead to one file, or to files of the same bytes."""
    try:
        return one.samefile(other) or (
            other.is_file() and one.stat().st_size == other.stat().st_size and filecmp.cmp(one, other, shallow=False)
        )
    except OSError:
        return False


_MAKERS: dict[str, Callable[[Path, Path, Path], None]] = {
    "copy": _copy, "hardlink": _hard_link, "symlink": _symbolic_link, "move": _move,
}  # fmt: skip
