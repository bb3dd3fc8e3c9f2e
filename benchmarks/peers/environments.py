"""A virtual environment for each peer, made when it is first needed, so that nothing of a peer touches mien's own."""

import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "build" / "peers"
BASE = ("numpy==2.4.6", "psutil==7.2.2")


def python(name: str, packages: tuple[str, ...], alone: tuple[str, ...] = ()) -> Path:
    """The interpreter of an environment with these packages.

    Args:
        name: of the environment.
        packages: what it holds beside `BASE`.
        alone: packages installed without what they ask for, where another name of it is there already.

    Raises:
        subprocess.CalledProcessError: a package cannot be had; pip has said why.
    """
    place = FOLDER / "environments" / name
    interpreter, made = place / "bin" / "python", place / "made"
    wanted = "\n".join((*BASE, *packages, *alone))
    if not made.exists() or made.read_text() != wanted:
        print(f"{name}: making its environment", file=sys.stderr, flush=True)
        venv.create(place, clear=True, with_pip=True)
        install = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *BASE, *packages], check=True)
        if alone:
            subprocess.run([*install, "--no-deps", *alone], check=True)
        made.write_text(wanted)
    return interpreter


def cores() -> int:
    """How many cores a peer may use."""
    import psutil

    return len(psutil.Process().cpu_affinity() or [0])
