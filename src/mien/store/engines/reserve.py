"""Disk space set aside, so that deleting works on a full disk: what is removed is written down before it is gone."""

import os
import threading
from contextlib import suppress
from pathlib import Path

from mien.system import private

SIZE = 8 << 20  # bytes; the write-ahead log of SQLite holds half of that before it is written back


class Reserve:
    """A file that takes up space until that is needed.

    Args:
        path: where it lies.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changing = threading.Lock()

    def hold(self) -> bool:
        """Set the space aside, and say whether there is room for it and some more."""
        with self._changing:
            return self._held()

    def _held(self) -> bool:
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
        self._spent()
        return False

    def spend(self) -> bool:
        """Give the space back to the disk, and say whether there was any."""
        with self._changing:
            return self._spent()

    def _spent(self) -> bool:
        with suppress(OSError):
            held = self._path.stat().st_size
            os.truncate(self._path, 0)
            return held > 0
        return False
