"""Keeps apart the processes of one server that share a SQLite file."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

Lock = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Apart:
    """Locks between those processes; by default there is only one.

    SQLite would keep them apart as well, but lets a writer sleep and try again, so that some starve and the file idles
    (`benchmarks/README.md`, "Workers").

    Attributes:
        writing: taken for a commit.
        opening: taken while a file that replaced the store is opened.
    """

    writing: Lock = nullcontext
    opening: Lock = nullcontext
