"""Warns once when SQLite's write-ahead log is large, which a reader in another process keeps from being reused.

Empties it where it must not hold what was deleted.
"""

import logging
import sqlite3
from contextlib import suppress
from pathlib import Path

LARGE = 1 << 30  # bytes
EVERY = 1_000  # commits between two looks at the file


class LogSize:
    """Watches the size of a write-ahead log; used by one writer at a time.

    Args:
        database: the path of the database.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + "-wal")
        self._commits = 0
        self._is_large = False

    def committed(self) -> None:
        """Counts a commit, and warns if the log has become large."""
        self._commits += 1
        if self._commits % EVERY:
            return
        try:
            size = self._path.stat().st_size
        except OSError:
            return
        if size >= LARGE and not self._is_large:
            logging.getLogger("mien").warning(
                "the write-ahead log of the store is large: another process reads the store without end; stop it",
                extra={"facts": {"bytes": size}},
            )
        self._is_large = size >= LARGE


def empty_log(writer: sqlite3.Connection, waits: float) -> bool:
    """Empties the write-ahead log; returns False if a reader still needs it.

    Args:
        writer: the connection that writes.
        waits: seconds that it waits for other connections otherwise.
    """
    writer.execute("PRAGMA busy_timeout = 0")
    busy = True
    with suppress(sqlite3.Error):
        busy = bool(writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
    writer.execute(f"PRAGMA busy_timeout = {1000 * waits:.0f}")
    return not busy
