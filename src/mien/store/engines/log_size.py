"""Warns once when SQLite's write-ahead log is large: a reader in another process keeps it from being reused."""

import logging
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
