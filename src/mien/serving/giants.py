"""Bounds the pictures that exceed a worker's share of the pixels in flight, over all workers.

A worker serves any picture, if need be alone. Without this, each could hold the largest picture at the same time.
"""

import time

from mien.errors import ThrottlingError
from mien.system.worker import Common


class Giants:
    """The pixels of the pictures that workers hold, and who waits for room, in shared memory.

    A picture is let in while all that are held stay within the machine's bound, or when none is; of those that wait,
    the first that asked. A worker has one at a time, since it takes all of the worker's share.

    Args:
        common: what all workers have in common; the parent drops from it what a worker held that dies.
        number: of this worker, from 1.
        total: pixels that all workers may hold.
    """

    def __init__(self, common: Common, number: int, total: int) -> None:
        self._memory, self._bell, self._number, self._total = common.giants, common.bell, number, total
        self._held, self._until = common.held_and_awaited()
        self._place = number - 1

    def take(self, pixels: int, seconds: float) -> None:
        """Waits for room, and takes it.

        Raises:
            ThrottlingError: there was none for so many seconds.
        """
        until = time.monotonic() + seconds
        while later := self._look(pixels, until):
            left = later - time.monotonic()
            if left <= 0 and later == until:
                self.give_back()
                raise ThrottlingError
            self._bell.wait(self._number, max(0.0, left))

    def give_back(self) -> None:
        """Makes room again, or stops waiting."""
        with self._memory.exclusive():
            self._held[self._place], self._until[self._place] = 0, 0.0
        self._bell.ring()

    def _look(self, pixels: int, until: float) -> float:
        """Takes room and returns 0; or waits for its turn until then, and returns when to look again at the latest.

        One that gave up without a word, because its worker stands still, keeps nobody waiting any longer.
        """
        with self._memory.exclusive():
            now = time.monotonic()
            before = [each for each in self._until if now < each < until]
            held = sum(self._held)
            if before or (held and held + pixels > self._total):
                self._until[self._place] = until
                return min(before, default=until)
            self._held[self._place], self._until[self._place] = pixels, 0.0
        self._bell.ring()  # there may be room for the next, too
        return 0.0
