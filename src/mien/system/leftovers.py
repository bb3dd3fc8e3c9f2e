"""Files and folders in the making: whole or not there, and what a process that was killed leaves of them is removed.

What is made lies under a hidden name beside its place, locked, until it takes its place or is thrown away. The system
lets go of a lock when the process dies, however it dies. So what lies there and is not locked is nobody's any more: it
goes when the same thing is made again, or when `sweep` is asked.
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
    """A hidden name beside a place, which nothing had before and `sweep` knows."""
    return place.with_name(f".{place.name}.{uuid.uuid4().hex}")


@contextmanager
def making(place: Path, mode: int = 0o600) -> Iterator[Path]:
    """An empty file beside its place; gone at the end unless it was renamed.

    Args:
        place: where it is to be.
        mode: its permissions, less what the process's umask takes; without it, its owner's only.

    Raises:
        OSError: it cannot be made.
    """
    remove_stale(place)
    lock = None
    while lock is None:  # again, if somebody swept it away before it was locked
        path = name(place)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        lock = _lock(path)
    try:
        yield path
    finally:
        _remove(path)
        os.close(lock)


def write(place: Path, data: bytes) -> None:
    """Write a file, which is there whole or as it was before.

    Raises:
        OSError: it cannot be written.
    """
    with making(place, 0o666) as path:
        path.write_bytes(data)
        path.replace(place)


def remove_stale(place: Path) -> None:
    """Remove what was being made for a place by processes that were killed."""
    for path in place.parent.glob(f".{glob.escape(place.name)}.*"):
        if _NAME.fullmatch(path.name) and (lock := _lock(path)) is not None:
            with suppress(OSError):
                _remove(path)
            os.close(lock)


@contextmanager
def folder(where: Path, prefix: str) -> Iterator[Path]:
    """A folder for a while, for its owner alone, whose name begins with `prefix`.

    Raises:
        OSError: it cannot be made.
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
    """Remove such folders of processes that were killed and were this user's."""
    for path in where.glob(f"{glob.escape(prefix)}*"):
        with suppress(OSError):
            found = path.lstat()
            if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
                continue
        if (lock := _lock(path)) is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _lock(path: Path) -> int | None:
    """A descriptor that holds the lock on what is at a path; None where it is gone, or another process has it."""
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
