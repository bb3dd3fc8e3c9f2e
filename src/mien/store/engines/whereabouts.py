"""Compares the file that SQLite has open with the one at its path.

A store that is restored by renaming a file leaves a running server with connections to a file without a name, whose
writes are lost without an error. The write-ahead log at the path belongs to the old file, and SQLite would replay it
into the new one.
"""

from dataclasses import dataclass
from pathlib import Path

from mien.store.base import StoreUnavailableError

Identity = tuple[int, int]  # device and inode
_BESIDE = ("-wal", "-shm")
_HEADER = 32  # bytes; SQLite's file format: the page size at 16, the number of pages at 28
_LARGEST = 65_536  # bytes of a page, which the header has as 1


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The identities of a store's files when it was opened.

    Attributes:
        path: of the database.
        database: device and inode of that file.
        beside: those of the files that SQLite keeps beside it.
    """

    path: Path
    database: Identity | None
    beside: tuple[tuple[Path, Identity | None], ...]

    @classmethod
    def of(cls, path: Path) -> "Whereabouts":
        """Returns the identities of the files as they are now."""
        beside = tuple(path.with_name(path.name + name) for name in _BESIDE)
        return cls(path, _identity(path), tuple((each, _identity(each)) for each in beside))

    def is_in_place(self) -> bool:
        """Returns whether the database is still at its path."""
        return _identity(self.path) == self.database

    def abandon(self) -> None:
        """Removes the old files beside a new database, so that the old log is not replayed into it.

        Raises:
            StoreUnavailableError: there is no whole database at the path; nothing is removed.
        """
        if not _is_whole(self.path):
            raise StoreUnavailableError(f"there is no whole database at {self.path}; put it back there")
        for each, was in self.beside:
            if was is not None and _identity(each) == was:
                each.unlink(missing_ok=True)


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_whole(path: Path) -> bool:
    """Returns whether a file is as long as its header says, which an unfinished copy is not."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
        size = path.stat().st_size
    except OSError:
        return False
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    return len(header) == _HEADER and 0 < pages * (_LARGEST if page == 1 else page) <= size
