"""Node and packages of npm, each installed once into the user's cache: the JavaScript SDK, and axe for its pages."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import platformdirs
import pytest

SDK = "@aws-sdk/client-rekognition"


def installed(
    package: str = SDK, version: str = "3", folder: str = "javascript", beside: Sequence[str] = ()
) -> tuple[str, Path]:
    """Node, and the folder whose programs find the package and those beside it; skips where they cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not here")
    place = Path(platformdirs.user_cache_dir("mien", appauthor=False)) / "tests" / folder
    place.mkdir(parents=True, exist_ok=True)
    done = place / "installed"
    if not done.exists():
        (place / "package.json").write_text('{"private": true}')
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
        try:
            install = [npm, "install", *options, f"{package}@{version}", *beside]
            subprocess.run(install, cwd=place, capture_output=True, timeout=60 * (1 + len(beside)), check=True)
            done.touch()
        except (subprocess.SubprocessError, OSError):
            pytest.skip(f"{package} cannot be installed: the registry is not reachable")
    return node, place


def axe() -> str:
    """The script of axe-core, which finds barriers in a page; MIEN_TEST_AXE names a file of it."""
    named = os.environ.get("MIEN_TEST_AXE")
    if named:
        return Path(named).read_text()
    _, folder = installed("axe-core", "4", "axe-core")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()
