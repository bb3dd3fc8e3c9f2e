"""`make dist`: what the wheel and the source distribution hold, and that the same files give the same bytes."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def build(source: Path, target: Path, **environment: str) -> tuple[Path, Path]:
    """Returns the wheel and the source distribution of a tree."""
    subprocess.run(
        [sys.executable, "supply/dist.py", str(target)],
        cwd=source, env=os.environ | environment, check=True, capture_output=True,
    )  # fmt: skip
    return next(target.glob("*.whl")), next(target.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def tracked() -> set[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("git does not know this folder, so nothing says which files belong to it")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def test_the_wheel_holds_every_file_of_the_source_and_nothing_else(built: tuple[Path, Path], tracked: set[str]) -> None:
    names = {name for name in zipfile.ZipFile(built[0]).namelist() if ".dist-info/" not in name}
    assert names == {name.removeprefix("src/") for name in tracked if name.startswith("src/")}


def test_the_source_distribution_holds_what_git_tracks(built: tuple[Path, Path], tracked: set[str]) -> None:
    with tarfile.open(built[1]) as opened:
        entries = opened.getmembers()
    top = built[1].name.removesuffix(".tar.gz")
    assert {entry.name for entry in entries} == {f"{top}/{name}" for name in {*tracked, "PKG-INFO"}}
    assert {(entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries} == {(0, 0, "", "")}
    assert {entry.mode for entry in entries} == {0o644, 0o755}
    assert len({entry.mtime for entry in entries}) == 1


def test_an_unpacked_source_distribution_gives_the_same_bytes(built: tuple[Path, Path], tmp_path: Path) -> None:
    """In another folder, at another place of the world, by a user whose files are closed to others."""
    with tarfile.open(built[1]) as opened:
        opened.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    for path in tree.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    again = build(tree, tmp_path / "again", TZ="Pacific/Auckland")
    for one, other in zip(built, again, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


def test_dates_are_those_that_are_asked_for(tmp_path: Path) -> None:
    wheel, packed = build(ROOT, tmp_path, SOURCE_DATE_EPOCH="1700000000", TZ="UTC")
    assert {entry.date_time for entry in zipfile.ZipFile(wheel).infolist()} == {(2023, 11, 14, 22, 13, 20)}
    with tarfile.open(packed) as opened:
        assert {entry.mtime for entry in opened} == {1_700_000_000}
