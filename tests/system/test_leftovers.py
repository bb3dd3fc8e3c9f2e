"""What is in the making is left alone while its process lives, and removed when that was killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mien.system import leftovers
from tests.live import environment

MAKING = """
import sys, time
from pathlib import Path
from mien.system import leftovers
with leftovers.making(Path(sys.argv[1])) as path, leftovers.folder(Path(sys.argv[1]).parent, "aside-") as folder:
    path.write_bytes(b"half of i")
    (folder / "within").write_bytes(b"more")
    path.with_name(path.name + "-wal").write_bytes(b"what SQLite keeps beside it")
    print("made", flush=True)
    time.sleep(60)
"""


@contextmanager
def somebody_making(place: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process in the middle of it."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKING, str(place)], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "made\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_makes_is_not(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    with somebody_making(place) as process:
        made = names(tmp_path)
        assert len(made) == 3
        leftovers.remove_stale(place)
        leftovers.remove_stale_folders(tmp_path, "aside-")
        assert names(tmp_path) == made
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert names(tmp_path) == made
    leftovers.remove_stale(tmp_path / "another.db")
    leftovers.remove_stale_folders(tmp_path, "asides")
    assert names(tmp_path) == made
    leftovers.remove_stale(place)
    leftovers.remove_stale_folders(tmp_path, "aside-")
    assert names(tmp_path) == []


def test_making_it_again_removes_what_was_left(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    with somebody_making(place):
        pass
    assert len(names(tmp_path)) == 3
    with leftovers.folder(tmp_path, "aside-"):
        leftovers.write(place, b"whole")
    assert names(tmp_path) == ["store.db"]
    assert place.read_bytes() == b"whole"


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    place.write_bytes(b"old")
    with pytest.raises(OSError, match="full"), leftovers.making(place) as path:
        path.write_bytes(b"half of i")
        raise OSError("the disk is full")
    with pytest.raises(OSError, match="full"), leftovers.folder(tmp_path, "aside-"):
        raise OSError("the disk is full")
    assert names(tmp_path) == ["store.db"]
    assert place.read_bytes() == b"old"


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """Hidden or not, with like names: only what `making` could have named is its own."""
    others = [".store.db.20261101", ".store.db.old", "store.db", "store.db-wal", f".store.db.{'a' * 31}"]
    others += [f".store.db.{'g' * 32}", f".other.db.{'a' * 32}", "aside"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / "aside-file").write_bytes(b"mine")
    (tmp_path / "aside-link").symlink_to(tmp_path)
    leftovers.remove_stale(tmp_path / "store.db")
    leftovers.remove_stale_folders(tmp_path, "aside-")
    assert names(tmp_path) == sorted([*others, "aside-file", "aside-link"])


def test_a_file_in_the_making_is_its_owners_alone(tmp_path: Path) -> None:
    with leftovers.making(tmp_path / "store.db") as path:
        assert path.stat().st_mode & 0o777 == 0o600
    with leftovers.folder(tmp_path, "aside-") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
