"""A server whose store has vanished refuses to start, says what to do, and creates no empty one.

Seen: a `mien.db` of no bytes beside snapshots started as an empty, ready store.
"""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from mien.errors import SetupError
from mien.store import open as stores
from tests import live
from tests.congruence import faces


def made(data: Path) -> Path:
    with closing((store := stores.open_store("", str(data))).database):
        faces.make(store)
    return data / "mien.db"


def refused(data: Path, words: str) -> None:
    with pytest.raises(SetupError, match=words) as caught:
        stores.open_store("", str(data))
    assert "move" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", ["empty", "gone"])
def test_a_store_that_was_there_is_missed(tmp_path: Path, how: str) -> None:
    place = made(tmp_path)
    place.write_bytes(b"") if how == "empty" else place.unlink()
    refused(tmp_path, f"is {how}")
    (tmp_path / "mien.db.made").unlink()
    (tmp_path / "snapshots" / "1").mkdir(parents=True)
    refused(tmp_path, f"is {how}.*snapshots")
    shutil.rmtree(tmp_path / "snapshots")
    made(tmp_path)  # on purpose


@pytest.mark.parametrize("beside", ["master.key", "mien.db-wal"])
def test_an_empty_file_beside_what_a_store_leaves_is_refused(tmp_path: Path, beside: str) -> None:
    (tmp_path / "mien.db").touch()
    (tmp_path / beside).write_bytes(bytes(32))
    refused(tmp_path, "is empty")


def test_a_fresh_directory_a_start_that_was_killed_and_a_key_that_was_brought_begin(tmp_path: Path) -> None:
    made(tmp_path / "fresh")
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed" / "mien.db").touch()
    made(tmp_path / "killed")
    (tmp_path / "brought").mkdir()
    (tmp_path / "brought" / "master.key").write_bytes(bytes(32))
    made(tmp_path / "brought")


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    place = made(tmp_path)
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    refused(tmp_path, "cut short")
    place.write_bytes(b"certainly no database" * 500)
    refused(tmp_path, "cannot be used")
    place.unlink()
    place.mkdir()
    refused(tmp_path, "not a file")


def test_a_server_says_so_in_a_sentence(packs: str, tmp_path: Path) -> None:
    made(tmp_path / "data").write_bytes(b"")
    process, log = live.launch(packs, tmp_path / "data")
    assert process.wait(60) == 1
    assert process.stdout is not None
    process.stdout.close()
    said = log.read_text()
    assert said.startswith("mien: The store")
    assert said.count("\n") == 1
