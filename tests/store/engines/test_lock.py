"""Two servers cannot share a data directory, and a dead one does not keep it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mien.errors import SetupError
from mien.store import open as stores
from tests.live import Live, command, environment


def test_a_directory_is_held_until_it_is_released(tmp_path: Path) -> None:
    held = stores.lock("", str(tmp_path))
    with pytest.raises(SetupError, match=rf"in use by another mien \(process {os.getpid()}\)"):
        stores.lock("", str(tmp_path))
    held.release()
    stores.lock("", str(tmp_path)).release()


def test_the_lock_stands_beside_a_store_that_is_named(tmp_path: Path) -> None:
    held = stores.lock(f"sqlite:///{tmp_path}/store.db", "elsewhere")
    with pytest.raises(SetupError, match="in use"):
        stores.lock("", str(tmp_path))
    held.release()


def test_a_process_that_died_does_not_keep_it(tmp_path: Path) -> None:
    take = f"import os; from mien.store import open as s; held = s.lock('', {str(tmp_path)!r}); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", take], check=False, env=environment()).returncode == 9
    stores.lock("", str(tmp_path)).release()


def test_a_second_server_on_the_same_data_exits_with_1_and_one_sentence(live: Live, packs: str) -> None:
    ran = subprocess.run(
        command("serve", "--data", str(live.data), "--packs", packs, "--port", "0"),
        capture_output=True, text=True, timeout=30, check=False, cwd=live.data.parent, env=environment(),
    )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith("mien: The data directory")
    assert f"process {live.process.pid}" in ran.stderr
    assert "--data" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert live.client().list_collections()["ResponseMetadata"]["HTTPStatusCode"] == 200  # the first goes on
