"""Locks a data directory, so that one server uses it at a time."""

import fcntl
import os
from pathlib import Path
from typing import IO

from mien.errors import SetupError
from mien.system import private


class DirectoryInUseError(SetupError):
    """A server that still runs holds the data directory."""


class DirectoryLock:
    """A lock on a data directory for the life of a server; the system releases it when the process dies."""

    def __init__(self, directory: Path) -> None:
        path = directory / "lock"
        private.file(path)
        self._file: IO[str] = path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
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

    def release(self) -> None:
        """Releases the lock."""
        self._file.close()
