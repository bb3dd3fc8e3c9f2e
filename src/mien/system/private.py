"""Files for their owner alone: made so, whatever the umask, and made so where something left them open to others.

Only what this process's user owns is changed; what is another's and open is refused.
"""

import os
import stat
from pathlib import Path

from mien.errors import SetupError
from mien.system.leftovers import BESIDE

FILE, FOLDER = 0o600, 0o700
_OTHERS = 0o077
_MARKS = ("mien.db", "master.key", "snapshots", "imports")  # a folder that holds one of these is mien's


def folder(path: Path) -> None:
    """Close a data directory that is there to others.

    Raises:
        SetupError: it is open to others, and is not mien's own to close: another user's, or one that holds other
            things, as a home or /tmp does.
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
    """Make an empty file where there is none, and close one to others.

    A file that is there is not opened: closing it would give up the locks that SQLite holds on it in this process.

    Raises:
        OSError: it cannot be made.
        SetupError: it is open to others and another user's.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE))
    except FileExistsError:
        _close(path)


def database(path: Path) -> None:
    """Make the file of a SQLite database, and close it and those that SQLite keeps beside it, which get its mode.

    Raises:
        OSError: as `file`.
        SetupError: as `file`.
    """
    file(path)
    for beside in BESIDE:
        _close(path.with_name(path.name + beside))


def tree(path: Path) -> None:
    """Close what lies in a folder of mien's, and the folder, to others, as far as it is this user's."""
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
    if not stat.S_ISREG(facts.st_mode) or not mode & _OTHERS:  # what a link leads to is for whoever made the link
        return
    if facts.st_uid != os.getuid():
        raise SetupError(f"{path} is open to other users (mode {mode:04o}) and not this user's: chmod 600 {path}")
    _change(path, mode & ~_OTHERS)


def _change(path: Path, mode: int) -> None:
    try:
        path.chmod(mode)
    except OSError as error:
        raise SetupError(f"{path} is open to other users and cannot be closed to them: {error.strerror}.") from None
