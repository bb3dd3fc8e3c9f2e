"""Creates a virtual environment for each peer when it is first needed, apart from mien's own."""

import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "build" / "peers"
BASE = ("numpy==2.4.6", "psutil==7.2.2")


def python(name: str, packages: tuple[str, ...], alone: tuple[str, ...] = ()) -> Path:
    """Returns the interpreter of an environment with these packages.

    Args:
        name: the name of the environment.
        packages: its packages besides `BASE`.
        alone: packages installed without their dependencies, which other packages provide.

    Raises:
        subprocess.CalledProcessError: a package cannot be installed; pip has printed the reason.
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
    """Returns the number of cores that a peer may use."""
    import psutil

    return len(psutil.Process().cpu_affinity() or [0])
