"""Builds the wheel and the source distribution for `make dist`: the same files give the same bytes, anywhere.

    python supply/dist.py [FOLDER]        writes into FOLDER instead of dist/

The wheel holds what serves. The source distribution holds every file that git tracks, and the wheel's metadata as
PKG-INFO. Both are built twice, apart, and compared. Dates are those of `SOURCE_DATE_EPOCH`, else of the last commit,
else, in an unpacked source distribution, of its files.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
WRITABLE = 0o022  # what a file's mode must not grant
MADE = shutil.ignore_patterns(".git", ".venv", "*.egg-info", "__pycache__", ".*_cache", "build", "dist", "PKG-INFO")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def main() -> None:
    """Writes both files, and prints the digest of each."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist").resolve()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        made, again = (_built(Path(folder)) for folder in (first, second))
        for one, other in zip(made, again, strict=True):
            if one.read_bytes() != other.read_bytes():
                raise SystemExit(f"{one.name} was built twice and differs.")
            shutil.copyfile(one, target / one.name)
            print(hashlib.sha256(one.read_bytes()).hexdigest(), target / one.name)


def _built(folder: Path) -> tuple[Path, Path]:
    """Returns the wheel and the source distribution, built in a folder."""
    tree, epoch = folder / "tree", _epoch()
    _copy(tree)
    (folder / "out").mkdir()
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-c", BUILD, str(folder / "out")]
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, umask=WRITABLE, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    wheel = next((folder / "out").glob("*.whl"))
    name, version = wheel.name.split("-")[:2]
    packed = folder / "out" / f"{name}-{version}.tar.gz"
    shutil.rmtree(tree)
    _copy(tree)  # without what the build left
    with zipfile.ZipFile(wheel) as opened:
        (tree / "PKG-INFO").write_bytes(opened.read(f"{name}-{version}.dist-info/METADATA"))
    _pack(tree, packed, f"{name}-{version}", epoch)
    return wheel, packed


def _copy(tree: Path) -> None:
    """Copies what git tracks, as it lies here; without git, all but what is made here."""
    if (ROOT / ".git").exists():
        for name in _git("ls-files", "-z").split("\0"):
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, tree / name)
    else:
        shutil.copytree(ROOT, tree, ignore=MADE)
    for path in tree.rglob("*"):
        path.chmod(_mode(path))


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _mode(path: Path) -> int:
    return 0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644


def _epoch() -> int:
    """Returns the seconds that stand as the date of every file."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    if (ROOT / ".git").exists():
        return int(_git("log", "-1", "--format=%ct"))
    return int((ROOT / "pyproject.toml").stat().st_mtime)


def _pack(tree: Path, packed: Path, top: str, epoch: int) -> None:
    """Writes a tree as a tar file in which neither order, owner, date nor umask of this machine is seen."""
    with (
        packed.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=epoch) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in _files(tree):
            entry = tarfile.TarInfo(str(PurePosixPath(top, path.relative_to(tree))))
            entry.size, entry.mtime, entry.mode = path.stat().st_size, epoch, _mode(path)
            with path.open("rb") as content:
                tar.addfile(entry, content)


def _files(tree: Path) -> Iterator[Path]:
    return (path for path in sorted(tree.rglob("*")) if path.is_file())


if __name__ == "__main__":
    main()
