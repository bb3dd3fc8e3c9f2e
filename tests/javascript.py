"""Node and the JavaScript SDK, which is installed once into the user's cache."""

import shutil
import subprocess
from pathlib import Path

import platformdirs
import pytest

PACKAGE = "@aws-sdk/client-rekognition"


def installed() -> tuple[str, Path]:
    """Node, and the folder whose programs find the SDK; skips where they cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not here")
    folder = Path(platformdirs.user_cache_dir("mien", appauthor=False)) / "tests" / "javascript"
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "installed"
    if not done.exists():
        (folder / "package.json").write_text('{"private": true}')
        install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", f"{PACKAGE}@3"]
        try:
            subprocess.run(install, cwd=folder, capture_output=True, timeout=60, check=True)
            done.touch()
        except (subprocess.SubprocessError, OSError):
            pytest.skip(f"{PACKAGE} cannot be installed: the registry is not reachable")
    return node, folder
