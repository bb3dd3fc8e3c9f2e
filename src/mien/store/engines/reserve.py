"""Reserves disk space, so that deleting works on a full disk, since a deletion is first written to the log."""

import os
import threading
from contextlib import suppress
from pathlib import Path

from mien.system import private

SIZE = 8 << 20  # bytes; the write-ahead log of SQLite holds half of that before it is written back


class Reserve:
    """A file that takes up space until it is needed.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changing = threading.Lock()

    def hold(self) -> bool:
        """Reserves the space, and returns whether there is room for it and some more."""
        with self._changing:
            return self._allocate()

    def _allocate(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY, private.FILE)
            try:
                os.fchmod(descriptor, private.FILE)
                os.posix_fallocate(descriptor, 0, SIZE)
                room = os.fstatvfs(descriptor)
                if room.f_bavail * room.f_frsize >= SIZE // 8:
                    return True
            finally:
                os.close(descriptor)
        except OSError:
            pass
        self._free()
        return False

    def spend(self) -> bool:
        """Frees the space, and returns whether any was reserved."""
        with self._changing:
            return self._free()

    def _free(self) -> bool:
        with suppress(OSError):
            held = self._path.stat().st_size
            os.truncate(self._path, 0)
            return held > 0
        return False
