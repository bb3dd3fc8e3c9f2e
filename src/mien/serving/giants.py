"""Bounds the pictures that exceed a worker's share of the pixels in flight, over all workers.

A worker serves any picture, if need be alone. Without this, each could hold the largest picture at the same time.
"""

from mien.system.shared_memory import SharedMemory


class Giants:
    """The pixels of those pictures that each worker holds, in shared memory.

    A picture is let in while all that are held stay within the machine's bound, or when none is.

    Args:
        memory: shared by all workers, a word of 8 bytes for each; the parent zeroes that of a worker that dies.
        number: of this worker, from 1.
        total: pixels that all workers may hold.
    """

    def __init__(self, memory: SharedMemory, number: int, total: int) -> None:
        self._memory, self._place, self._total = memory, number - 1, total
        self._held = memory.view.cast("q")

    def take(self, pixels: int) -> bool:
        """Lets a picture in, and returns whether there was room for it."""
        with self._memory.exclusive():
            held = sum(self._held)
            if held and held + pixels > self._total:
                return False
            self._held[self._place] += pixels
            return True

    def give_back(self, pixels: int) -> None:
        """Makes room again."""
        with self._memory.exclusive():
            self._held[self._place] -= pixels
