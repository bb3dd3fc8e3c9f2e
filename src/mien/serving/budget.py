"""Limits how much is in flight at once, and shares it fairly among the parties that ask: back-pressure by turns.

A party is an access key or, without keys, an address. A party's requests are granted in the order of asking, and the
party that holds least comes first, so that a party with many requests delays only itself.
"""

import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType

from mien.errors import ThrottlingError

LENDING = 30.0  # seconds without a request after which a party leaves its part to the others


class Share:
    """A part of a budget that a party requested. Once it is granted it serves as a context, which gives it back.

    Attributes:
        amount: how much of the budget it takes.
        parties: the parties it is charged to; the first is the one that waits for its turn.
        number: its place in the order of asking.
        since: when it was granted, by the budget's clock; infinity while it waits.
        ready: done when the share is granted.
    """

    __slots__ = ("_budget", "amount", "number", "parties", "ready", "since")

    def __init__(self, budget: "Budget", amount: int, parties: tuple[str, ...], number: int) -> None:
        self._budget = budget
        self.amount = amount
        self.parties = parties
        self.number = number
        self.since = math.inf
        self.ready: Future[None] = Future()

    def wait(self, seconds: float) -> None:
        """Waits until it is granted.

        Raises:
            ThrottlingError: it was not granted in time; the share is released.
        """
        try:
            self.ready.result(seconds)
        except TimeoutError:
            self.release()
            raise ThrottlingError from None

    def release(self) -> None:
        """Gives it back, or stops waiting for it; a second call does nothing."""
        self._budget.take_back(self)

    def __enter__(self) -> None:
        """Does nothing: the share was granted before."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives it back."""
        self.release()


class Budget:
    """Limits how much of a resource is in flight. Safe to use from many threads.

    A request for more than the total is granted when nothing else is in flight, so that it is served, alone. A party
    may always hold one share, and further ones while all that it holds stays within its part.

    Args:
        total: how much there is.
        parts: how much one party may hold, for each of the parties of a share; empty for no limit.
        lending: seconds without a request of another party after which a party may hold more than its part. A budget
            should lend only what is soon given back by itself; infinity lends nothing.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        total: int,
        parts: tuple[int, ...] = (),
        lending: float = LENDING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self._parts = parts
        self._lending = lending
        self._clock = clock
        self._held: set[Share] = set()
        self._free = total
        self._waiting: dict[str, deque[Share]] = {}
        self._held_by: dict[str, int] = {}  # party → amount
        self._asked: dict[str, float] = {}  # party → when it last asked, the latest last
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    @property
    def in_flight(self) -> int:
        """The amount that is granted now."""
        return self.total - self._free

    @property
    def waiting(self) -> int:
        """The number of shares that wait."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def is_stuck(self, seconds: float) -> bool:
        """Returns whether nothing is free and every share has been held for longer than `seconds`."""
        with self._lock:
            due = self._clock() - seconds
            return self._free <= 0 and all(share.since < due for share in self._held)

    def ask(self, amount: int, *parties: str) -> Share:
        """Asks for a share, which is charged to the parties; it may be granted at once."""
        with self._lock:
            share = Share(self, min(amount, self.total), tuple(dict.fromkeys(parties)) or ("",), next(self._numbers))
            self._note_request(share.parties[0])
            if not self._waiting and share.amount <= self._free and self._is_allowed(share):
                self._hold(share)
            else:
                self._waiting.setdefault(share.parties[0], deque()).append(share)
                self._grant()
        return share

    def take_back(self, share: Share) -> None:
        """Takes a share back (see `Share.release`)."""
        with self._lock:
            if share in self._held:
                self._held.remove(share)
                self._free += share.amount
                for party in share.parties:
                    left = self._held_by.pop(party) - share.amount
                    if left:
                        self._held_by[party] = left
            elif share in self._waiting.get(share.parties[0], ()):
                self._leave_queue(share)
            if self._waiting:
                self._grant()

    def _note_request(self, party: str) -> None:
        """Remembers that a party asked, and drops parties that have not asked for `lending` seconds."""
        if self._lending == math.inf:
            return
        now = self._clock()
        self._asked.pop(party, None)
        self._asked[party] = now
        while len(self._asked) > 1 and self._asked[first := next(iter(self._asked))] < now - self._lending:
            del self._asked[first]

    def _leave_queue(self, share: Share) -> None:
        queue = self._waiting[share.parties[0]]
        queue.remove(share)
        if not queue:
            del self._waiting[share.parties[0]]

    def _grant(self) -> None:
        while (share := self._next()) is not None and share.amount <= self._free:
            self._leave_queue(share)
            self._hold(share)

    def _hold(self, share: Share) -> None:
        self._free -= share.amount
        for party in share.parties:
            self._held_by[party] = self._held_by.get(party, 0) + share.amount
        self._held.add(share)
        share.since = self._clock()
        share.ready.set_result(None)

    def _next(self) -> Share | None:
        """Returns the share that is next: of the party that holds least; among equals, the one that asked first."""
        if not self._waiting:
            return None
        able = [queue[0] for queue in self._waiting.values() if self._is_allowed(queue[0])]
        return min(able, key=lambda share: (self._held_by.get(share.parties[0], 0), share.number), default=None)

    def _is_allowed(self, share: Share) -> bool:
        """Returns whether its parties may hold it in addition to what they hold."""
        if len(self._asked) == 1 or not self._parts:
            return True
        held = [self._held_by.get(party, 0) for party in share.parties]
        return all(
            not already or already + share.amount <= part for already, part in zip(held, self._parts, strict=False)
        )
