"""Whether the store that was in a directory is still there, before a new one is made in its place.

A file beside the store says that there was one. Where it, or what only a store leaves, lies there and the store itself
is gone or empty, a new one would hide that.
"""

from contextlib import suppress
from pathlib import Path

from mien.errors import SetupError
from mien.system import private

MARK = ".made"  # follows the store's name, as the file that says that it was made
_HEAD = b"SQLite format 3\0"


def hold(place: Path) -> None:
    """Refuse to make a store where one was.

    Raises:
        SetupError: the store that was there is gone, empty, cut short or something else.
    """
    if place.exists() and not place.is_file():
        raise SetupError(f"The store {place} is not a file; move it away, and restore a backup or start again.")
    size = place.stat().st_size if place.exists() else 0
    if size:
        _whole(place, size)
        return
    left = [each for each in _traces(place, empty=place.exists()) if each.exists()]
    if left:
        what = "is empty" if place.exists() else "is gone"
        raise SetupError(
            f"The store {place} {what}, though there was one: restore a backup with `mien store restore FILE`, or, to "
            f"begin with an empty store on purpose, move away {', '.join(each.name for each in left)} beside it."
        )


def note(place: Path) -> None:
    """Leave the mark that a store was made; a disk that takes no writes has none."""
    with suppress(OSError):
        private.file(place.with_name(place.name + MARK))


def _traces(place: Path, empty: bool) -> list[Path]:
    log, snapshots = place.with_name(place.name + "-wal"), place.parent / "snapshots"
    found = [place.with_name(place.name + MARK)]
    found += [log] if log.exists() and log.stat().st_size else []
    found += [snapshots] if snapshots.is_dir() and any(snapshots.iterdir()) else []
    # a master key may be brought to a directory before its store is; an empty store beside it was not
    return [*found, place.parent / "master.key"] if empty else found


def _whole(place: Path, size: int) -> None:
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
