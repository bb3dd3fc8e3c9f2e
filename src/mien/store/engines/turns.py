"""Few writers of one collection at a time: others would only wait for its lock, and take up what is there for all."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from mien.store.base import StoreUnavailableError

FEW = 2  # writers of a collection: one that holds its lock, and the next
PATIENCE = 0.5  # seconds that others wait for a turn; a write takes some milliseconds


class Turns:
    """Counts the writers of each collection."""

    def __init__(self) -> None:
        self._writers: Counter[int] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def take(self, collection: int | None) -> Iterator[None]:
        """Wait for a turn, which ends with the block; work on no collection has it at once.

        Raises:
            StoreUnavailableError: those before it take too long.
        """
        if collection is None:
            yield
            return
        with self._changed:
            if not self._changed.wait_for(lambda: self._writers[collection] < FEW, PATIENCE):
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
