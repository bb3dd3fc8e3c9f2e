"""What a killed command or server leaves in files is gone after the next start."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from mien.system import leftovers
from tests import live
from tests.faults import filling
from tests.live import environment

# The command is killed at its first word of how far it is, when the copy has its first pages.
KILLED = """
import os, signal, sys
from pathlib import Path
from mien.operations.user_changes import combine
from mien.store.upkeep import backup
def tell(*_): os.kill(os.getpid(), signal.SIGKILL)
work = getattr(backup, sys.argv[1])
more = {"refuse": lambda *_: None, "mend": lambda *_: None} if sys.argv[1] == "restore" else {}
work(Path(sys.argv[2]), Path(sys.argv[3]), force=True, combine=combine, tell=tell, **more)
"""


def kill_in(command: str, source: Path, target: Path) -> None:
    """A backup or a restore that is killed while it copies."""
    arguments = [sys.executable, "-c", KILLED, command, str(source), str(target)]
    ran = subprocess.run(arguments, env=environment(), check=False, timeout=60)
    assert ran.returncode == -signal.SIGKILL


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_a_backup_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    filling.fill(tmp_path / "data", 0)
    (tmp_path / "kept").mkdir()
    source, target = tmp_path / "data" / "mien.db", tmp_path / "kept" / "backup.db"
    kill_in("backup", source, target)
    assert hidden(target.parent)
    ran = subprocess.run(
        live.command("store", "backup", str(target), "--data", str(source.parent)),
        env=environment(), check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert [path.name for path in target.parent.iterdir()] == ["backup.db"]


def test_a_server_removes_what_was_left_in_its_directory(packs: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    filling.fill(data, 0)
    shutil.copyfile(data / "mien.db", tmp_path / "backup.db")
    kill_in("restore", tmp_path / "backup.db", data / "mien.db")
    copies = hidden(data)
    assert copies  # with everybody's embeddings
    os.link(data / "mien.db", leftovers.name(data / "mien.db.before-restore"))
    leftovers.name(data / "master.key").write_bytes(bytes(32))
    nameless = [data / "snapshots" / "77" / "faces" / "a.segment", data / "snapshots" / "1" / "users" / "b.segment"]
    for path in nameless:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"embeddings")
    server = live.serve(packs, data)
    try:
        assert hidden(data) == []
        due = time.monotonic() + 20
        while any(path.exists() for path in nameless):  # in the background
            assert time.monotonic() < due
            time.sleep(0.05)
        assert (data / "mien.db").exists()
    finally:
        server.stop()
