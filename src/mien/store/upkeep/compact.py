"""Compacts a SQLite store: removes old history, expired tokens, deleted rows and empty pages."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mien.errors import SetupError
from mien.store.base import Cursor
from mien.store.engines.sqlite import SqliteDatabase
from mien.store.tables.tokens import KEPT
from mien.store.upkeep.check import Tell
from mien.store.upkeep.sweep import sweep_all, sweep_sessions, sweep_video

_SPARE = 16 * 2**20  # bytes that must be free besides


@dataclass(frozen=True, slots=True)
class Freed:
    """Counts of the removed records and tokens, and the file's bytes before and after compacting."""

    removals: int
    tokens: int
    before: int
    after: int


def compact(place: Path, tell: Tell) -> Freed:
    """Makes a SQLite store that no server uses as small as possible.

    Raises:
        SetupError: there is no store, the disk is too small, or another process has it open; the store is unchanged
            except for trimmed records.
    """
    if not place.exists():
        raise SetupError(f"There is no store at {place}.")
    before = size(place)
    with closing(SqliteDatabase(place)) as database:
        tell("sweeping", 0, 3)
        sweep_all(database)
        while sweep_sessions(database) or sweep_video(database):
            pass
        tell("trimming", 1, 3)
        removals, tokens = database.write(trim)
    tell("vacuuming", 2, 3)
    _vacuum(place)
    tell("done", 3, 3)
    return Freed(removals, tokens, before, size(place))


def trim(cursor: Cursor) -> tuple[int, int]:
    """Deletes the records of removals, and expired tokens; returns how many of each.

    A follower at an earlier revision than the collection's must start again (`HistoryGoneError`).
    """
    for table in ("removals", "user_removals"):
        recorded = f"SELECT 1 FROM {table} WHERE {table}.collection = collections.id"
        cursor.run(f"UPDATE collections SET floor = revision WHERE EXISTS ({recorded})")
    removals = cursor.run("DELETE FROM removals") + cursor.run("DELETE FROM user_removals")
    floor = "(SELECT floor FROM collections WHERE collections.id = collection)"
    cursor.run(f"DELETE FROM histories WHERE revision < {floor}")
    cursor.run("DELETE FROM portrait_keys WHERE live = 0")
    return removals, cursor.run("DELETE FROM tokens WHERE created <= ?", time.time() - KEPT)


def size(place: Path) -> int:
    """Returns the bytes of the database and its write-ahead log."""
    files = (place, place.with_name(f"{place.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _vacuum(place: Path) -> None:
    """Rewrites the file, which takes twice its space: in a temporary file, then in the write-ahead log."""
    with closing(sqlite3.connect(place, isolation_level=None, timeout=5)) as connection:
        pages, empty, each = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        needed, free = 2 * (pages - empty) * each + _SPARE, shutil.disk_usage(place.parent).free
        if free < needed:
            raise SetupError(
                f"Compacting {place} needs {needed / 2**20:.0f} MiB for a while, and {free / 2**20:.0f} are free."
            )
        given = os.environ.get("SQLITE_TMPDIR")
        os.environ["SQLITE_TMPDIR"] = str(place.parent.absolute())  # on the disk whose space was checked
        try:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise SetupError(f"The store {place} cannot be compacted: {error}.") from None
        finally:
            os.environ.pop("SQLITE_TMPDIR")
            if given is not None:
                os.environ["SQLITE_TMPDIR"] = given
