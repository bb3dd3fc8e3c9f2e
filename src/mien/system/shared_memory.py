"""Memory that a process shares with the processes forked from it, and a lock that a killed process releases."""

import fcntl
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SharedMemory:
    """Zeroed memory, shared with every process that is forked after it was made.

    The lock is POSIX's record lock, which belongs to a process and which the system releases when the process dies; a
    lock of threads stands before it. A writer may die half-way, so what is kept here must do no harm when it is torn.

    Args:
        size: in bytes.

    Attributes:
        view: the memory.
    """

    def __init__(self, size: int) -> None:
        self.view = memoryview(mmap.mmap(-1, size))
        self._file = _nameless()
        self._turn = threading.Lock()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keeps out the other threads and processes while the context lasts."""
        with self._turn:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)


def _nameless() -> int:
    """Returns the descriptor of a file without a name, so that nothing is left behind."""
    if hasattr(os, "memfd_create"):  # Linux; needs no folder that can be written to
        return os.memfd_create("mien")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
