"""Writes files and folders atomically, and removes the unfinished ones of processes that were killed.

An unfinished file lies under a hidden name beside its place, locked, until it is renamed or removed. The system
releases a lock when its process ends, in any way. So an unfinished file without a lock has no owner, and is removed
when the same file is made again, or by `remove_stale`.
"""

import fcntl
import glob
import os
import re
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BESIDE = ("-wal", "-shm", "-journal")  # files that SQLite keeps beside a database
_NAME = re.compile(r"\..+\.[0-9a-f]{32}")


def name(place: Path) -> Path:
    """Returns a new hidden name beside a place, which `remove_stale` recognizes."""
    return place.with_name(f".{place.name}.{uuid.uuid4().hex}")


@contextmanager
def making(place: Path, mode: int = 0o600) -> Iterator[Path]:
    """Yields an empty file beside its place, which is removed at the end unless it was renamed.

    Args:
        place: the path that the file will have.
        mode: its permissions, less the process's umask; by default for its owner alone.

    Raises:
        OSError: it cannot be created.
    """
    remove_stale(place)
    lock = None
    while lock is None:  # again, if another process removed it before it was locked
        path = name(place)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        lock = _lock(path)
    try:
        yield path
    finally:
        _remove(path)
        os.close(lock)


def write(place: Path, data: bytes, mode: int = 0o666) -> None:
    """Writes a file, which after a crash has all of the data or its previous contents.

    Args:
        place: its path.
        data: its bytes.
        mode: its permissions, less the process's umask.

    Raises:
        OSError: it cannot be written.
    """
    with making(place, mode) as path:
        path.write_bytes(data)
        path.replace(place)


def remove_stale(place: Path) -> None:
    """Removes the unfinished files for a place that killed processes left."""
    for path in place.parent.glob(f".{glob.escape(place.name)}.*"):
        if _NAME.fullmatch(path.name) and (lock := _lock(path)) is not None:
            with suppress(OSError):
                _remove(path)
            os.close(lock)


@contextmanager
def folder(where: Path, prefix: str) -> Iterator[Path]:
    """Yields a temporary folder, for its owner alone, whose name begins with `prefix`.

    Raises:
        OSError: it cannot be created.
    """
    remove_stale_folders(where, prefix)
    lock = None
    while lock is None:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
        lock = _lock(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def remove_stale_folders(where: Path, prefix: str) -> None:
    """Removes the folders that killed processes of this user left."""
    for path in where.glob(f"{glob.escape(prefix)}*"):
        with suppress(OSError):
            found = path.lstat()
            if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
                continue
        if (lock := _lock(path)) is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _lock(path: Path) -> int | None:
    """Locks the file at a path and returns its descriptor, or None if it is gone or locked already."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.lstat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _remove(path: Path) -> None:
    for beside in ("", *BESIDE):
        path.with_name(path.name + beside).unlink(missing_ok=True)
