"""Disks that fail in ways a server lives through: one that is full, one that takes no more writing.

Both are real: a file system of its own in a file, which needs root and a loop device, and files marked immutable,
which the kernel refuses to write to even for whoever has them open. (Remounting read-only is refused while a file is
open for writing, and taking the permission away does nothing to files that are open, nor to root.)
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SIZE = 128 << 20
CHUNK = 1 << 16


@contextmanager
def volume(folder: Path) -> Iterator[Path]:
    """A file system of its own, mounted; skips the test where that cannot be had."""
    image, place = folder / "volume.img", folder / "volume"
    image.touch()
    os.truncate(image, SIZE)
    place.mkdir()
    for command in (["mkfs.ext4", "-q", "-m", "0", str(image)], ["mount", "-o", "loop", str(image), str(place)]):
        _must(command)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False, capture_output=True)
        if place.is_mount():
            subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)
        image.unlink()


def _must(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"{command[0]} is not here")
    if done.returncode:
        pytest.skip(f"a file system of its own cannot be had here: {done.stderr.strip()}")


@contextmanager
def full(place: Path) -> Iterator[None]:
    """No room on the file system of this folder until the end of the block."""
    ballast = place / "ballast"
    fill(ballast)
    try:
        yield
    finally:
        ballast.unlink()


def fill(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file:
        with suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, os.statvfs(ballast.parent).f_bavail * 4096 - (1 << 20))
        for size in (CHUNK, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
        os.fsync(file.fileno())


@contextmanager
def immutable(data: Path) -> Iterator[None]:
    """Nothing in this folder can be written until the end of the block, not even to files that are open.

    What SQLite shares between connections is spared: it is mapped, not written, and a signal would be the answer.
    """
    there = [data, *data.rglob("*")]
    marked = [str(path) for path in there if path.is_dir() or path.name in ("mien.db", "mien.db-wal")]
    _mark("+i", marked)
    try:
        with (data / "mien.db").open("r+b"):
            _mark("-i", marked)
            pytest.skip("files cannot be made immutable here")
    except PermissionError:
        pass
    try:
        yield
    finally:
        _mark("-i", marked)


def _mark(what: str, paths: list[str]) -> None:
    try:
        subprocess.run(["chattr", what, *paths], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        subprocess.run(["chattr", "-i", *paths], check=False, capture_output=True)
        pytest.skip("files cannot be made immutable here")
