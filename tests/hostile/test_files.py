"""Other users of the machine may read no file of mien's, whatever the umask and earlier permissions."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import live as servers
from tests import photos
from tests.live import command, environment
from tests.locked import key, mien

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")


def modes(folder: Path) -> dict[str, int]:
    """Returns the permissions of a folder and of all it contains."""
    found = {str(each.relative_to(folder)): each for each in (folder, *folder.rglob("*"))}
    return {name: stat.S_IMODE(each.lstat().st_mode) for name, each in found.items()}


def others(folder: Path) -> dict[str, str]:
    return {name: f"{mode:04o}" for name, mode in modes(folder).items() if mode & 0o077}


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_what_a_server_and_commands_write_is_their_users_alone(packs: str, tmp_path: Path) -> None:
    """Seen: `mien.db` was 0644."""
    data = tmp_path / "data"
    server = servers.serve(packs, data)
    client = server.client()
    client.create_collection(CollectionId="a")
    client.index_faces(CollectionId="a", Image={"Bytes": photos.pair()})
    client.search_faces_by_image(CollectionId="a", Image={"Bytes": photos.pair()})
    assert {"mien.db", "mien.db-wal", "mien.db-shm", "master.key", "lock"} <= modes(data).keys()
    assert others(data) == {}
    key(data, "admin")
    album = tmp_path / "album" / "ann"
    album.mkdir(parents=True)
    (album / "1.jpg").write_bytes(photos.pair())
    made = mien("import", str(album.parent), "--collection", "b", "--data", str(data), "--endpoint", server.address)
    assert others(data) == {}, made.stderr
    server.stop()
    for arguments in (
        ("store", "backup", str(tmp_path / "backup")),
        ("export", str(tmp_path / "export")),
        ("store", "restore", str(tmp_path / "backup")),
        ("store", "compact"),
    ):
        done = mien(*arguments, "--data", str(data), *(("--packs", packs) if arguments[0] == "export" else ()))
        assert done.returncode == 0, done.stderr
    assert others(data) == {}
    for name in ("backup", "export"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_what_an_earlier_mien_left_open_is_closed(packs: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    servers.serve(packs, data).stop()
    for folder in ("snapshots", "imports"):
        (data / folder).mkdir()
        (data / folder / "file").touch()
    for each in (data, *data.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)
    (data / "master.key").chmod(0o600)
    (data / "notes.txt").touch()
    (data / "notes.txt").chmod(0o644)
    servers.serve(packs, data).stop()
    assert others(data) == {"notes.txt": "0644"}  # not mien's


def test_a_master_key_that_others_may_read_is_refused(packs: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    servers.serve(packs, data).stop()
    master = data / "master.key"
    create, serve = ("keys", "create", "--name", "x"), ("serve", "--port", "0", "--packs", packs)
    for mode, arguments in ((0o644, create), (0o640, serve), (0o604, create)):
        master.chmod(mode)
        done = mien(*arguments, "--data", str(data))
        assert done.returncode == 1
        sentence = f"mien: The master key {master} may be used by others than its owner (mode {mode:04o})"
        assert done.stderr.splitlines()[-1].startswith(sentence)
        assert done.stderr.endswith(f"chmod 600 {master}\n")
        assert stat.S_IMODE(master.stat().st_mode) == mode
    elsewhere = tmp_path / "elsewhere.key"
    elsewhere.write_bytes(bytes(32))
    elsewhere.chmod(0o644)
    done = mien("keys", "create", "--name", "x", "--data", str(data), "--master-key", str(elsewhere))
    assert f"chmod 600 {elsewhere}" in done.stderr


def test_a_folder_that_is_not_miens_alone_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    home, shared = tmp_path / "home", tmp_path / "shared"
    for folder, mode in ((home, 0o755), (shared, 0o1777)):
        folder.mkdir()
        folder.chmod(mode)
        (folder / "letter.txt").touch()
        done = mien("keys", "create", "--name", "x", "--data", str(folder))
        assert done.returncode == 1
        assert done.stderr.startswith(
            f"mien: The data directory {folder} is open to other users (mode {mode:04o}), and "
        )
        assert done.stderr.count("\n") == 1
        assert [each.name for each in folder.iterdir()] == ["letter.txt"]
        assert stat.S_IMODE(folder.stat().st_mode) == mode
        assert mien("keys", "create", "--name", "x", "--data", str(folder / "mien")).returncode == 0  # as it advises


def test_the_folder_of_a_store_that_is_named_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    path = folder / "faces.db"
    path.touch()
    path.chmod(0o644)
    assert mien("keys", "create", "--name", "x", "--store", f"sqlite:///{path}").returncode == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert {name for name in others(folder) if name != "."} == set()


@AS_ROOT
def test_what_is_another_users_and_open_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key(data, "admin")
    for path, mode in ((data, 0o755), (data / "mien.db", 0o644)):
        before = stat.S_IMODE(path.stat().st_mode)
        os.chown(path, 12345, 12345)
        path.chmod(mode)
        done = mien("keys", "list", "--data", str(data))
        assert done.returncode == 1
        assert f"{path} is open to other users (mode {mode:04o})" in done.stderr
        assert stat.S_IMODE(path.stat().st_mode) == mode
        path.chmod(before)
        assert mien("keys", "list", "--data", str(data)).returncode == 0
        os.chown(path, 0, 0)


def test_a_store_is_closed_under_any_umask(tmp_path: Path) -> None:
    for umask in ("000", "022", "777"):
        data = tmp_path / umask
        start = ["sh", "-c", f'umask {umask}; exec "$@"', "sh", *command("keys", "list", "--data", str(data))]
        done = subprocess.run(start, env=environment(), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == (0 if umask != "777" or os.geteuid() == 0 else 1), done.stderr
        assert others(data) == {}
