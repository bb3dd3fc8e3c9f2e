"""One of the processes that serve on a port, as the rooms that run in it see it: its number, its duties, the others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from mien.system.bell import Bell
from mien.system.shared_memory import SharedMemory

MOST_WORKERS = 512
BUCKETS = 128 << 10  # bytes for the token buckets of access keys (`access/rates.py`)


async def nobody(_: str) -> list[str]:
    """Returns the answers of other workers where there are none."""
    return []


@dataclass(frozen=True, slots=True)
class Common:
    """Memory and locks that all workers have in common, made before they are forked.

    Attributes:
        buckets: the token buckets of access keys.
        writing: taken for a commit, since SQLite lets writers of other processes wait without an order.
        opening: taken while a store that was replaced is opened again.
        giants: which pictures that exceed its share each worker holds or waits for (`serving/giants.py`).
        bell: rings when that changes.
    """

    buckets: SharedMemory = field(default_factory=lambda: SharedMemory(BUCKETS))
    writing: SharedMemory = field(default_factory=lambda: SharedMemory(1))
    opening: SharedMemory = field(default_factory=lambda: SharedMemory(1))
    giants: SharedMemory = field(default_factory=lambda: SharedMemory(16 * MOST_WORKERS))
    bell: Bell = field(default_factory=lambda: Bell(1))

    def held_and_awaited(self) -> "tuple[memoryview[int], memoryview[float]]":
        """Returns two words for each worker: pixels that it holds, and when one that waits gives up, 0 if none does.

        The time is that of `time.monotonic`.
        """
        half = 8 * MOST_WORKERS
        return self.giants.view[:half].cast("q"), self.giants.view[half:].cast("d")

    def forget(self, number: int) -> None:
        """Drops what a worker held that has died. It takes no lock, which one that stands still might have."""
        held, awaited = self.held_and_awaited()
        held[number - 1], awaited[number - 1] = 0, 0.0
        self.bell.ring()


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker; without arguments the only one, a server of one process.

    Attributes:
        number: counts from 1.
        count: of workers.
        has_upkeep: returns whether this one sweeps the store, which only one may do at a time.
        ask: puts a question to the other workers, "ready" or "metrics", and returns their answers; empty for fine.
        refused: returns how many connections were refused before a worker had them.
        processes: returns the ids of all processes of the server; empty for the only one.
        metrics: the folder in which all workers count; None for the only one.
        common: what all workers have in common.
        everywhere: the cores of all workers, if this one keeps to its own; else empty.
    """

    number: int = 1
    count: int = 1
    has_upkeep: Callable[[], bool] = lambda: True
    ask: Callable[[str], Awaitable[list[str]]] = nobody
    refused: Callable[[], int] = lambda: 0
    processes: Callable[[], list[int]] = list
    metrics: Path | None = None
    common: Common = field(default_factory=Common)
    everywhere: frozenset[int] = frozenset()
