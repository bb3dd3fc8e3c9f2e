"""Locks a data directory, so that one server uses it at a time."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from mien.errors import SetupError
from mien.system import private

AGAIN = 0.05  # seconds between two attempts


class DirectoryInUseError(SetupError):
    """A server that still runs holds the data directory."""


class DirectoryLock:
    """A lock on a data directory for the life of a server; the system releases it when the process dies.

    Workers inherit it from their parent, so it is also released when the last of them dies.

    Args:
        directory: the data directory.
        patience: seconds to wait for the processes of a server that was just killed.

    Raises:
        DirectoryInUseError: a server holds it.
    """

    def __init__(self, directory: Path, patience: float = 0.0) -> None:
        path = directory / "lock"
        private.file(path)
        self._file: IO[str] = path.open("a+")
        self._taken = False
        until = time.monotonic() + patience
        while not self._is_taken() and time.monotonic() < until:
            time.sleep(AGAIN)
        if not self._taken:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise DirectoryInUseError(
                f"The data directory {directory} is in use by another mien (process {holder or 'unknown'}); "
                "stop it, or name another directory with --data."
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def _is_taken(self) -> bool:
        with suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._taken = True
        return self._taken

    def release(self) -> None:
        """Releases the lock."""
        self._file.close()
