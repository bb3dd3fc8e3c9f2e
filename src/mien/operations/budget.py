"""So much of something in flight and no more: who asks for a share waits for it in the order of asking."""

import threading
from collections import deque
from concurrent.futures import Future
from types import TracebackType

from mien.errors import ThrottlingError


class Share:
    """A part of a budget that was asked for, to be used as a context once it is granted.

    Attributes:
        amount: how much of the budget it takes.
        ready: done when the share is granted.
    """

    __slots__ = ("_budget", "amount", "ready")

    def __init__(self, budget: "Budget", amount: int) -> None:
        self._budget = budget
        self.amount = amount
        self.ready: Future[None] = Future()

    def wait(self, seconds: float) -> None:
        """Wait until it is granted.

        Raises:
            ThrottlingError: it was not in time, and is given up.
        """
        try:
            self.ready.result(seconds)
        except TimeoutError:
            self.release()
            raise ThrottlingError from None

    def release(self) -> None:
        """Give it back, or give up waiting for it; a second time does nothing."""
        self._budget.take_back(self)

    def __enter__(self) -> None:
        """Hold it, once it is granted."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        self.release()


class Budget:
    """A bound on what is in flight. Safe to use from many threads.

    What is larger than the whole is granted when nothing else is in flight, so that it is served, alone.

    Args:
        total: how much there is.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._held: set[Share] = set()
        self._free = total
        self._waiting: deque[Share] = deque()
        self._lock = threading.Lock()

    @property
    def in_flight(self) -> int:
        """How much is granted now."""
        return self.total - self._free

    @property
    def waiting(self) -> int:
        """How many shares are waited for."""
        return len(self._waiting)

    def ask(self, amount: int) -> Share:
        """Ask for a share; it may be granted at once."""
        share = Share(self, min(amount, self.total))
        with self._lock:
            self._waiting.append(share)
            self._grant()
        return share

    def take_back(self, share: Share) -> None:
        """See `Share.release`."""
        with self._lock:
            if share in self._held:
                self._held.remove(share)
                self._free += share.amount
            elif share in self._waiting:
                self._waiting.remove(share)
            self._grant()

    def _grant(self) -> None:
        while self._waiting and self._waiting[0].amount <= self._free:
            share = self._waiting.popleft()
            self._free -= share.amount
            self._held.add(share)
            share.ready.set_result(None)
