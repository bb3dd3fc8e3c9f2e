"""Asks NVIDIA's driver for the cards of this machine, for messages and `mien doctor`."""

import functools
import shutil
import subprocess


@functools.cache
def _cards() -> tuple[tuple[str, ...], ...]:
    """Returns name, driver and memory of each card; nothing where there is no driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = [program, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        ran = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603  no shell
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(tuple(part.strip() for part in line.split(",")) for line in ran.stdout.splitlines() if line.strip())


def name() -> str:
    """Returns the name of the first card."""
    return _cards()[0][0] if _cards() else "CUDA"


def describe() -> str:
    """Returns every card with its driver and memory in one line; empty where there is none."""
    return "; ".join(f"{card}, driver {driver}, {memory}" for card, driver, memory in _cards())
