"""The C library's heap, kept small: glibc gives every thread a heap of its own and hardly anything back.

What the figures of `benchmarks/README.md`, "Starting", came to. Where the C library is another, nothing happens here.
"""

import ctypes
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from mien.system.background import Background

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of mallopt(3)
KEPT = 16 << 20  # bytes that a heap keeps at its end for the next picture; with 8 one of 12 megapixels took 1.7 ms more
MAPPED = 32 << 20  # bytes from which on a block is the system's own, zeroed anew each time; glibc allows no more
PAUSE = 5.0  # seconds from an answer until what it left free is given back


def narrow(cores: int) -> None:
    """Have threads share heaps, one for each core. To be called before there are threads.

    Whoever set one of glibc's own variables (`MALLOC_ARENA_MAX`, …) knows better.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    if mallopt := _function("mallopt"):
        mallopt(_ARENA_MAX, cores)
        mallopt(_TRIM_THRESHOLD, KEPT)
        mallopt(_MMAP_THRESHOLD, MAPPED)


def give_back() -> None:
    """Give what is free back to the system, such as what compiling networks took."""
    if trim := _function("malloc_trim"):
        trim(0)


@contextmanager
def bounded(room: int) -> Iterator[None]:
    """Let the process grow by so many bytes meanwhile; what asks for more gets a MemoryError.

    For a command that reads a stranger's file with a library whose appetite that file sets. The bound is on addresses,
    which systems other than Linux may not keep.
    """
    try:
        import resource  # noqa: PLC0415  of POSIX alone
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = psutil.Process().memory_info().vms + room
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *(each for each in (soft, hard) if each >= 0)]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def trimmer(pause: float = PAUSE) -> Background:
    """Returns the background work that gives memory back `pause` seconds after it is woken, which each answer does."""
    return Background("heap", give_back, pause=math.inf, settle=pause)


def _function(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None)
