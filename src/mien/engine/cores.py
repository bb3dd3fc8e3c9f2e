"""The processor cores that inferences share, and how many threads are at work on pictures at this moment.

An inference takes a second core only where one would idle. The pipeline says when a thread is at work, and an engine
asks for its share; both have the same object from `app.py`, because the cores are the machine's.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Cores:
    """Divides a number of cores among the threads that decode, infer or cut out faces.

    Attributes:
        count: how many inferences may run at the same time.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._lock = threading.Lock()
        self._at_work = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Counts the calling thread as long as the context lasts."""
        with self._lock:
            self._at_work += 1
        try:
            yield
        finally:
            with self._lock:
                self._at_work -= 1

    @property
    def share(self) -> int:
        """Returns the cores for each thread at work, or all of them where no thread has said that it is."""
        return self.count // max(self._at_work, 1)

    @property
    def busy(self) -> int:
        """Returns how many threads are at work."""
        return self._at_work
