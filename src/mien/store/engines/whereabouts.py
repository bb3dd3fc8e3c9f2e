"""Whether the file that SQLite has open is still the one at its path.

A store that is put back by renaming a file leaves a server with connections to a file without a name: what it then
writes is lost, without an error. And the write-ahead log at the old name is of the old file; SQLite would play it into
the new one.
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
    """The files that were at a store's path when it was opened.

    Attributes:
        path: of the database.
        database: which file that was.
        beside: which files were SQLite's own beside it.
    """

    path: Path
    database: Identity | None
    beside: tuple[tuple[Path, Identity | None], ...]

    @classmethod
    def of(cls, path: Path) -> "Whereabouts":
        """The files that are there now."""
        beside = tuple(path.with_name(path.name + name) for name in _BESIDE)
        return cls(path, _identity(path), tuple((each, _identity(each)) for each in beside))

    def is_in_place(self) -> bool:
        """Returns whether the database is still at its path."""
        return _identity(self.path) == self.database

    def abandon(self) -> None:
        """Removes what is left beside another database now, so that it is not played into that.

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
    """Whether a file is as long as its header says: a copy in the making is not."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
        size = path.stat().st_size
    except OSError:
        return False
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    return len(header) == _HEADER and 0 < pages * (_LARGEST if page == 1 else page) <= size
