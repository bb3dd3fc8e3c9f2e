"""Wakes processes that were forked from the same parent: a pipe for each, which becomes readable when one rings."""

import os
import select
from contextlib import suppress


class Bell:
    """A bell that all processes of a server ring and hear, made before they are forked.

    Args:
        count: how many processes may listen; each by a number from 1, and one thread of it at a time.
    """

    def __init__(self, count: int) -> None:
        self._pipes = [os.pipe() for _ in range(count)]
        for end in (end for pipe in self._pipes for end in pipe):
            os.set_blocking(end, False)

    def ring(self) -> None:
        """Wakes everyone who waits, and lets the next wait of everyone else return at once."""
        for _, entry in self._pipes:
            with suppress(BlockingIOError):  # full, so that it was rung before and not heard yet
                os.write(entry, b"\0")

    def wait(self, number: int, seconds: float) -> None:
        """Returns when the bell rings, or has rung since the last wait of this process, or after some seconds."""
        exit_ = self._pipes[number - 1][0]
        heard = select.poll()
        heard.register(exit_, select.POLLIN)
        if heard.poll(1000 * seconds):
            with suppress(BlockingIOError):
                os.read(exit_, 65536)
