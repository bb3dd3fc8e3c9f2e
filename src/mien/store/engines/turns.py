"""Limits the writers of one collection, since more would wait for its lock and take connections from others."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from mien.store.base import StoreUnavailableError

FEW = 2  # writers of a collection: the one with its lock, and the next
TIMEOUT = 0.5  # seconds that others wait for a turn; a write takes some milliseconds


class Turns:
    """Counts the writers of each collection, and lets others wait."""

    def __init__(self) -> None:
        self._writers: Counter[int] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def take(self, collection: int | None) -> Iterator[None]:
        """Waits for a turn, which ends with the block; work on no collection does not wait.

        Raises:
            StoreUnavailableError: earlier writers take too long.
        """
        if collection is None:
            yield
            return
        with self._changed:
            if not self._changed.wait_for(lambda: self._writers[collection] < FEW, TIMEOUT):
                raise StoreUnavailableError("others hold the lock of this collection")
            self._writers[collection] += 1
        try:
            yield
        finally:
            with self._changed:
                self._writers[collection] -= 1
                if not self._writers[collection]:
                    del self._writers[collection]
                self._changed.notify_all()
