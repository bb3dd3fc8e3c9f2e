"""A SQLite store copied while it is used, and put back.

A copy is made under another name, tried, and only then takes its name, so that a backup is whole or not there.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from mien.errors import SetupError
from mien.store.base import Database, Row
from mien.store.engines.sqlite import SqliteDatabase
from mien.store.engines.sqlite_migrations import scripts
from mien.store.open import ASIDE
from mien.store.upkeep.check import Combine, Tell, examine
from mien.store.upkeep.schema import refuse_foreign
from mien.system import leftovers
from mien.system.leftovers import BESIDE

PAGES = 4096  # copied at a time
Refuse = Callable[[Database], None]


def backup(source: Path, target: Path, *, force: bool, combine: Combine, tell: Tell) -> list[str]:
    """Copy a store, as it is at one moment, while a server may use it.

    Returns:
        What is wrong with the store, and so with its copy (see `check.examine`); the copy is kept all the same.

    Raises:
        SetupError: it cannot be copied or the copy is damaged; nothing is left behind.
    """
    if not source.exists():
        raise SetupError(f"There is no store at {source}.")
    if target.exists() and (not force or target.samefile(source)):
        raise SetupError(f"{target} is there already; name another file, or give --force to replace it.")
    if not target.parent.is_dir():
        raise SetupError(f"The directory {target.parent} does not exist.")
    with _copied(source, target, tell) as copy:
        findings = _examined(copy, combine, tell) if _version(copy) == len(scripts()) else _sound(copy)
        _settle(copy)
        copy.replace(target)
        _sync(target.parent)
    return findings


def restore(source: Path, place: Path, *, force: bool, combine: Combine, tell: Tell, refuse: Refuse) -> Path | None:
    """Put a backup in the place of a store that no server uses.

    It may be anybody's file: before a statement runs on the copy, its tables must be mien's own and nothing else.

    Args:
        source: the backup.
        place: where the store lies.
        force: whether to take a backup that does not hold together; what `refuse` refuses is refused all the same.
        combine: how a user's vector is made.
        tell: is told how far it is.
        refuse: raises SetupError for what the API would not take.

    Returns:
        Where the store lies that was there before; None when there was none.

    Raises:
        SetupError: the backup is none, is damaged or, without `force`, does not hold together; nothing was changed.
    """
    if not source.is_file():
        raise SetupError(f"There is no backup at {source}.")
    aside = place.with_name(place.name + ASIDE)
    if place.exists() and aside.exists() and not force:
        raise SetupError(f"{aside} is there from an earlier restore; take it away, or give --force to replace it.")
    with _copied(source, place, tell) as copy:
        refuse_foreign(copy, source)
        findings = _examined(copy, combine, tell, refuse)
        if findings and not force:
            raise SetupError(
                f"{source} does not hold together, and nothing was changed ({len(findings)} findings, the first: "
                f"{findings[0].removesuffix('.')}); --force restores it all the same."
            )
        _settle(copy)
        old = _put_aside(place, aside) if place.exists() else None
        shutil.rmtree(place.parent / "snapshots", ignore_errors=True)  # they are of another history
        copy.replace(place)
        _sync(place.parent)
    return old


def damage(database: SqliteDatabase) -> list[str]:
    """What SQLite itself finds wrong with its file."""
    try:
        rows = database.read(lambda cursor: cursor.rows("PRAGMA integrity_check"))
    except sqlite3.DatabaseError as error:
        return [f"SQLite cannot read the file: {error}."]
    return _found(rows)


def _found(rows: Sequence[Row]) -> list[str]:
    """What SQLite's check says, a sentence for each line of it."""
    lines = [line for row in rows for line in str(row[0]).splitlines() if line and not line.startswith("***")]
    return [f"SQLite finds: {line}." for line in lines if line != "ok"]


@contextmanager
def _copied(source: Path, target: Path, tell: Tell) -> Iterator[Path]:
    """A copy of `source` beside `target`, with its owner's permissions only; gone at the end unless it was renamed."""
    size = source.stat().st_size
    try:
        with leftovers.making(target) as copy:
            free = shutil.disk_usage(target.parent).free
            if free < size:
                raise SetupError(
                    f"Only {free / 2**20:.0f} MiB are free at {target.parent}; {size / 2**20:.0f} are needed."
                )
            with closing(_opened(source)) as reading, closing(sqlite3.connect(copy)) as writing:
                # one state is held on to; without it the copy would begin anew with every commit of a server
                reading.execute("BEGIN")
                reading.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
                reading.backup(writing, pages=PAGES, progress=lambda _, left, all_: tell("pages", all_ - left, all_))
            yield copy
    except (sqlite3.Error, OSError) as error:
        raise SetupError(f"{source} cannot be copied to {target}: {error}.") from None


def _opened(source: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _version(path: Path) -> int:
    with closing(_opened(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _examined(copy: Path, combine: Combine, tell: Tell, refuse: Refuse | None = None) -> list[str]:
    """What is wrong with a copy, which is migrated on the way.

    Raises:
        SetupError: it is damaged, or refused.
    """
    with closing(SqliteDatabase(copy)) as database:
        _refuse(damage(database))
        if refuse:
            refuse(database)
        return examine(database, combine, tell)


def _sound(copy: Path) -> list[str]:
    """Hold a copy of an older mien's store against SQLite's own check alone, and leave it as old as it is."""
    with closing(_opened(copy)) as connection:
        rows = connection.execute("PRAGMA integrity_check").fetchall()
    _refuse(_found(rows))
    return []


def _refuse(damaged: Sequence[str]) -> None:
    if damaged:
        raise SetupError(f"The copy is damaged and was thrown away. {damaged[0]}")


def _settle(path: Path) -> None:
    """Make a database one file, without others beside it, and wait until it is on the disk."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    _sync(path)


def _put_aside(place: Path, aside: Path) -> Path:
    """Give the store a second name, so that its own is never without one."""
    try:
        _settle(place)
    except sqlite3.Error as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise SetupError(
                f"The store {place} is in use by another mien command; try again when it is done."
            ) from None
        # it is damaged, which is what backups are for: all its files go aside as they are
        for beside in (place.with_name(place.name + name) for name in BESIDE):
            if beside.exists():
                beside.replace(aside.with_name(beside.name.replace(place.name, aside.name, 1)))
    second = leftovers.name(aside)
    os.link(place, second)
    second.replace(aside)
    return aside


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
