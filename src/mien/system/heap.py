"""Keeps the C library's heap small: glibc gives every thread a heap and returns little of it to the system.

The values were measured: see `benchmarks/README.md`, "Starting". With another C library these functions do nothing.
"""

import ctypes
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from mien.system.background import Background

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of mallopt(3)
KEPT = 16 << 20  # bytes that a heap keeps at its end for the next image; with less, large images take longer
MAPPED = 32 << 20  # bytes from which a block is mapped, and zeroed each time; the largest that glibc allows
PAUSE = 5.0  # seconds from an answer until the memory that it freed goes back to the system


def narrow(cores: int) -> None:
    """Limits the heaps to one for each core. Must be called before threads start.

    Any `MALLOC_` variable in the environment takes precedence: with one set this does nothing.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    if mallopt := _function("mallopt"):
        mallopt(_ARENA_MAX, cores)
        mallopt(_TRIM_THRESHOLD, KEPT)
        mallopt(_MMAP_THRESHOLD, MAPPED)


def give_back() -> None:
    """Returns free memory to the system, such as that used to compile networks."""
    if trim := _function("malloc_trim"):
        trim(0)


@contextmanager
def bounded(growth: int) -> Iterator[None]:
    """Limits the process's growth to so many bytes; beyond them an allocation raises MemoryError.

    A command uses it to read a foreign file with a library that allocates as much as the file says. The limit is on
    address space, which systems other than Linux may not enforce.
    """
    try:
        import resource  # noqa: PLC0415  POSIX only
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = psutil.Process().memory_info().vms + growth
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *(each for each in (soft, hard) if each >= 0)]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def trimmer(free: Callable[[], None] = lambda: None, pause: float = PAUSE) -> Background:
    """Returns the background work that returns memory to the system `pause` seconds after an answer wakes it.

    Args:
        free: frees what only requests need, before what is free goes back.
        pause: seconds.
    """

    def turn() -> None:
        free()
        give_back()

    return Background("heap", turn, pause=math.inf, settle=pause)


def _function(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None)
