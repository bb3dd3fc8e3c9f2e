"""Restricts files and folders to their owner, whatever the umask is and however they were created.

Only files of this process's user are changed; another user's file that is open to others is refused.
"""

import os
import stat
from pathlib import Path

from mien.errors import SetupError
from mien.system.leftovers import BESIDE

FILE, FOLDER = 0o600, 0o700
_OTHERS = 0o077
_MARKS = ("mien.db", "master.key", "snapshots", "imports")  # names by which a data directory of mien is recognized


def folder(path: Path) -> None:
    """Restricts an existing data directory to its owner.

    Raises:
        SetupError: it is open to others, and another user's or not mien's alone, such as a home directory or /tmp.
    """
    facts = path.stat()
    mode = stat.S_IMODE(facts.st_mode)
    if not mode & _OTHERS:
        return
    is_own = facts.st_uid == os.getuid() and not mode & stat.S_ISVTX
    if not is_own or not (any((path / name).exists() for name in _MARKS) or not any(path.iterdir())):
        raise SetupError(
            f"The data directory {path} is open to other users (mode {mode:04o}), and "
            f"{'holds other things than' if is_own else 'is not'} mien's: chmod 700 {path}, or name a directory of "
            "mien's own with --data."
        )
    _change(path, mode & ~_OTHERS)


def file(path: Path) -> None:
    """Creates an empty file, or restricts an existing one to its owner.

    An existing file is not opened: closing it would release the locks that SQLite holds on it in this process.

    Raises:
        OSError: it cannot be created.
        SetupError: it is open to others and another user's.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE))
    except FileExistsError:
        _close(path)


def database(path: Path) -> None:
    """Creates the file of a SQLite database, and restricts it and the files beside it, which get its mode.

    Raises:
        OSError: as `file`.
        SetupError: as `file`.
    """
    file(path)
    for beside in BESIDE:
        _close(path.with_name(path.name + beside))


def tree(path: Path) -> None:
    """Restricts a folder of mien and all in it to the owner, as far as this user owns it."""
    for where, _, names in os.walk(path):
        for each in (Path(where), *(Path(where) / name for name in names)):
            facts = each.lstat()
            if facts.st_uid == os.getuid() and facts.st_mode & _OTHERS and not stat.S_ISLNK(facts.st_mode):
                _change(each, stat.S_IMODE(facts.st_mode) & ~_OTHERS)


def _close(path: Path) -> None:
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(facts.st_mode)
    if not stat.S_ISREG(facts.st_mode) or not mode & _OTHERS:  # the target of a link is its maker's concern
        return
    if facts.st_uid != os.getuid():
        raise SetupError(f"{path} is open to other users (mode {mode:04o}) and not this user's: chmod 600 {path}")
    _change(path, mode & ~_OTHERS)


def _change(path: Path, mode: int) -> None:
    try:
        path.chmod(mode)
    except OSError as error:
        raise SetupError(f"{path} is open to other users and cannot be closed to them: {error.strerror}.") from None
