"""Refuses to make a new store where one was, before a SQLite file is opened.

A mark beside the store records that it was made. If that, or another trace of a store, exists and the store itself is
missing or empty, a new one would hide the loss.
"""

from contextlib import suppress
from pathlib import Path

from mien.errors import SetupError
from mien.system import private

MARK = ".made"  # follows the store's name in that of its mark
_HEAD = b"SQLite format 3\0"


def require(place: Path) -> None:
    """Raises if a store that existed is missing or damaged.

    Raises:
        SetupError: the store is missing, empty, cut short or no database.
    """
    if place.exists() and not place.is_file():
        raise SetupError(f"The store {place} is not a file; move it away, and restore a backup or start again.")
    size = place.stat().st_size if place.exists() else 0
    if size:
        _require_whole(place, size)
        return
    left = [each for each in _traces(place, empty=place.exists()) if each.exists()]
    if left:
        what = "is empty" if place.exists() else "is gone"
        raise SetupError(
            f"The store {place} {what}, though there was one: restore a backup with `mien store restore FILE`, or, to "
            f"begin with an empty store on purpose, move away {', '.join(each.name for each in left)} beside it."
        )


def mark(place: Path) -> None:
    """Writes the mark that a store was made, unless the disk refuses writes."""
    with suppress(OSError):
        private.file(place.with_name(place.name + MARK))


def _traces(place: Path, empty: bool) -> list[Path]:
    log, snapshots = place.with_name(place.name + "-wal"), place.parent / "snapshots"
    found = [place.with_name(place.name + MARK)]
    found += [log] if log.exists() and log.stat().st_size else []
    found += [snapshots] if snapshots.is_dir() and any(snapshots.iterdir()) else []
    # a master key may be copied to a directory before its store is made, but not beside an empty store
    return [*found, place.parent / "master.key"] if empty else found


def _require_whole(place: Path, size: int) -> None:
    with place.open("rb") as file:
        head = file.read(100)
    if not head.startswith(_HEAD):
        raise SetupError(
            f"The store {place} cannot be used: it is not an SQLite database; restore a backup with `mien store "
            "restore FILE`, or move it away."
        )
    page, pages = int.from_bytes(head[16:18]), int.from_bytes(head[28:32])
    log = place.with_name(place.name + "-wal")
    if size < pages * (65536 if page == 1 else page) and not (log.exists() and log.stat().st_size):
        raise SetupError(
            f"The store {place} is cut short: restore a backup with `mien store restore FILE`, or move it away."
        )
