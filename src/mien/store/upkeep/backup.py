"""Copies a SQLite store while it is used, and restores a copy.

A copy is made under another name and checked before it is renamed, so that a backup is complete or absent.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mien.errors import SetupError
from mien.store.base import Cursor, Database, Row
from mien.store.engines.sqlite import SqliteDatabase
from mien.store.engines.sqlite_migrations import scripts
from mien.store.open import ASIDE
from mien.store.upkeep import key_ring
from mien.store.upkeep.check import Combine, Tell, examine
from mien.store.upkeep.schema import refuse_foreign
from mien.system import leftovers
from mien.system.leftovers import BESIDE

PAGES = 4096  # copied at a time
DUMP = b"PGDMP"  # with which a file of pg_dump begins
BRIEF = ("liveness_sessions", "video_jobs", "video_faces")  # tables that no backup has


@dataclass(frozen=True, slots=True)
class Held:
    """How much a store holds."""

    collections: int = 0
    faces: int = 0
    users: int = 0


Refuse = Callable[[Database], None]
Mend = Callable[[Database], None]


def backup(
    source: Path, target: Path, *, force: bool, combine: Combine, tell: Tell, keys: Path | None = None
) -> list[str]:
    """Copies a store as it is at one moment, without keys of portraits, sessions or video jobs. A server may use it.

    Args:
        source: the store.
        target: the backup.
        force: whether to replace a file.
        combine: makes a user's vector.
        tell: receives the progress.
        keys: the file for the keys of portraits; None for none.

    Returns:
        Findings about the store, and so about its copy (see `check.examine`), which is kept all the same.

    Raises:
        SetupError: it cannot be copied, or the copy is damaged and was removed.
    """
    if not source.exists():
        raise SetupError(f"There is no store at {source}.")
    if target.exists() and (not force or target.samefile(source)):
        raise SetupError(f"{target} is there already; name another file, or give --force to replace it.")
    if not target.parent.is_dir():
        raise SetupError(f"The directory {target.parent} does not exist.")
    if keys and keys.exists() and (not force or keys.samefile(source)):
        raise SetupError(f"{keys} is there already; name another file, or give --force to replace it.")
    with _copied(source, target, tell) as copy:
        current = _version(copy) == len(scripts())
        findings = _examined(copy, combine, tell) if current else _checked_by_sqlite(copy)
        found = key_ring.take(copy) if current else {}
        if current:
            _end_what_is_brief(copy)
        if keys:
            key_ring.write(found, keys)
        _settle(copy)
        copy.replace(target)
        _sync(target.parent)
    return findings


def restore(
    source: Path, place: Path, *, force: bool, combine: Combine, tell: Tell, refuse: Refuse, mend: Mend
) -> Path | None:
    """Puts a backup in the place of a store that no server uses.

    The backup is not trusted: before a statement runs on its copy, its schema must be exactly mien's.

    Args:
        source: the backup.
        place: path of the store.
        force: whether to accept an inconsistent backup; `refuse` applies all the same.
        combine: makes a user's vector.
        tell: receives the progress.
        refuse: raises SetupError for rows that the API would not accept.
        mend: completes the copy of the backup before it is checked.

    Returns:
        The path of the store that was there before; None if there was none.

    Raises:
        SetupError: the backup is no store, is damaged or, without `force`, inconsistent; nothing was changed.
    """
    _refuse_no_backup(source)
    aside = place.with_name(place.name + ASIDE)
    if place.exists() and aside.exists() and not force:
        raise SetupError(f"{aside} is there from an earlier restore; take it away, or give --force to replace it.")
    with _copied(source, place, tell) as copy:
        refuse_foreign(copy, source)
        findings = _examined(copy, combine, tell, refuse, mend)
        if findings and not force:
            raise SetupError(
                f"{source} does not hold together, and nothing was changed ({len(findings)} findings, the first: "
                f"{findings[0].removesuffix('.')}); --force restores it all the same."
            )
        _end_what_is_brief(copy)  # also of a backup from elsewhere
        _settle(copy)
        old = _put_aside(place, aside) if place.exists() else None
        shutil.rmtree(place.parent / "snapshots", ignore_errors=True)  # they belong to another history
        copy.replace(place)
        _sync(place.parent)
    return old


def verify(source: Path, folder: Path, *, combine: Combine, tell: Tell, refuse: Refuse) -> tuple[list[str], Held]:
    """Tries what a restore would do, on a copy that is removed, and returns findings about it and what it holds.

    Args:
        source: the backup, which is only read.
        folder: where the copy lies meanwhile, for its owner only; it is as large as the backup.
        combine: makes a user's vector.
        tell: receives the progress.
        refuse: raises SetupError for rows that the API would not accept.

    Raises:
        SetupError: the backup is no store of mien, or of a newer one, or cannot be read.
    """
    _refuse_no_backup(source)
    with _copied(source, folder / source.name, tell) as copy:
        refuse_foreign(copy, source)
        with closing(SqliteDatabase(copy)) as database:
            found = damage(database)
            if found:
                return found, Held()
            refuse(database)
            return examine(database, combine, tell), database.read(_counted)


def _refuse_no_backup(source: Path) -> None:
    if not source.is_file():
        raise SetupError(f"There is no backup at {source}.")
    with source.open("rb") as file:
        if file.read(len(DUMP)) == DUMP:
            raise SetupError(
                f"{source} is a dump of PostgreSQL: pg_restore it into an empty database, and run mien store check."
            )


def _counted(cursor: Cursor) -> Held:
    counts = cursor.rows("SELECT count(*), coalesce(sum(faces), 0), coalesce(sum(users), 0) FROM collections")
    return Held(*(int(count) for count in counts[0]))


def damage(database: SqliteDatabase) -> list[str]:
    """Returns what SQLite finds wrong with its file, a sentence each."""
    try:
        rows = database.read(lambda cursor: cursor.rows("PRAGMA integrity_check"))
    except sqlite3.DatabaseError as error:
        return [f"SQLite cannot read the file: {error}."]
    return _found(rows)


def _found(rows: Sequence[Row]) -> list[str]:
    """Returns the lines of SQLite's check as sentences."""
    lines = [line for row in rows for line in str(row[0]).splitlines() if line and not line.startswith("***")]
    return [f"SQLite finds: {line}." for line in lines if line != "ok"]


@contextmanager
def _copied(source: Path, target: Path, tell: Tell) -> Iterator[Path]:
    """Copies `source` beside `target`, for its owner only, and removes the copy at the end unless it was renamed."""
    size = source.stat().st_size
    try:
        with leftovers.making(target) as copy:
            free = shutil.disk_usage(target.parent).free
            if free < size:
                raise SetupError(
                    f"Only {free / 2**20:.0f} MiB are free at {target.parent}; {size / 2**20:.0f} are needed."
                )
            with closing(_opened(source)) as reading, closing(sqlite3.connect(copy)) as writing:
                # hold one state: without it the copy would start again with every commit of a server
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


def _examined(
    copy: Path, combine: Combine, tell: Tell, refuse: Refuse | None = None, mend: Mend | None = None
) -> list[str]:
    """Migrates a copy and returns the findings about it.

    Raises:
        SetupError: it is damaged, or refused.
    """
    with closing(SqliteDatabase(copy)) as database:
        _refuse(damage(database))
        if refuse:
            refuse(database)
        if mend:
            mend(database)
        return examine(database, combine, tell)


def _checked_by_sqlite(copy: Path) -> list[str]:
    """Checks a copy of an older mien's store by SQLite's own check only, without migrating it."""
    with closing(_opened(copy)) as connection:
        rows = connection.execute("PRAGMA integrity_check").fetchall()
    _refuse(_found(rows))
    return []


def _refuse(damaged: Sequence[str]) -> None:
    if damaged:
        raise SetupError(f"The copy is damaged and was removed. {damaged[0]}")


def _end_what_is_brief(copy: Path) -> None:
    """Deletes what lives for minutes or days from a copy: Face Liveness sessions, and video jobs with their results."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        for table in BRIEF:
            connection.execute(f"DELETE FROM {table}")


def _settle(path: Path) -> None:
    """Makes a database one file, without others beside it, and waits until it is on disk."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    _sync(path)


def _put_aside(place: Path, aside: Path) -> Path:
    """Links the store to a second name, so that its path always has a store."""
    try:
        _settle(place)
    except sqlite3.Error as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise SetupError(
                f"The store {place} is in use by another mien command; try again when it is done."
            ) from None
        # it is damaged, which is what backups are for: all its files are moved as they are
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
