"""So much of something in flight and no more, shared fairly among the parties that ask for it.

A party is an access key or, where there is none, an address. Who waits is served in the order of asking within a
party, and between parties the one that holds least comes first, so that a crowd of one waits for itself alone.
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

LENDING = 30.0  # seconds after which a party that asks for nothing leaves its share to the others


class Share:
    """A part of a budget that was asked for, to be used as a context once it is granted.

    Attributes:
        amount: how much of the budget it takes.
        parties: on whose account it goes; the first is the one that waits for its turn.
        number: its place in the order of asking.
        since: when it was granted, on the clock of the budget; infinity while it is waited for.
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

    What is larger than the whole is granted when nothing else is in flight, so that it is served, alone. A party may
    always hold one share; further ones only as long as all that it holds is within its part.

    Args:
        total: how much there is.
        parts: how much of it one party may hold, for each of the parties of a share; none: all of it.
        lending: seconds after which a party may hold more than its part, because no other has asked for anything
            meanwhile. Only what is given back by itself before long should be lent; infinity lends nothing.
        clock: tells seconds.
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
        self._settings: dict[str, int] = {}  # party → how much
        self._asked: dict[str, float] = {}  # party → when it last asked, the latest last
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    @property
    def in_flight(self) -> int:
        """How much is granted now."""
        return self.total - self._free

    @property
    def waiting(self) -> int:
        """How many shares are waited for."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def stands_still(self, seconds: float) -> bool:
        """Whether nothing is free because all that is in flight has been so for longer than `seconds`."""
        with self._lock:
            due = self._clock() - seconds
            return self._free <= 0 and all(share.since < due for share in self._held)

    def ask(self, amount: int, *parties: str) -> Share:
        """Ask for a share, on the account of the parties; it may be granted at once."""
        with self._lock:
            share = Share(self, min(amount, self.total), tuple(dict.fromkeys(parties)) or ("",), next(self._numbers))
            self._note(share.parties[0])
            if not self._waiting and share.amount <= self._free and self._may(share):
                self._hold(share)
            else:
                self._waiting.setdefault(share.parties[0], deque()).append(share)
                self._grant()
        return share

    def take_back(self, share: Share) -> None:
        """See `Share.release`."""
        with self._lock:
            if share in self._held:
                self._held.remove(share)
                self._free += share.amount
                for party in share.parties:
                    left = self._settings.pop(party) - share.amount
                    if left:
                        self._settings[party] = left
            elif share in self._waiting.get(share.parties[0], ()):
                self._leave(share)
            if self._waiting:
                self._grant()

    def _note(self, party: str) -> None:
        """Remember who asked, and forget who has not for long."""
        if self._lending == math.inf:
            return
        now = self._clock()
        self._asked.pop(party, None)
        self._asked[party] = now
        while len(self._asked) > 1 and self._asked[first := next(iter(self._asked))] < now - self._lending:
            del self._asked[first]

    def _leave(self, share: Share) -> None:
        queue = self._waiting[share.parties[0]]
        queue.remove(share)
        if not queue:
            del self._waiting[share.parties[0]]

    def _grant(self) -> None:
        while (share := self._next()) is not None and share.amount <= self._free:
            self._leave(share)
            self._hold(share)

    def _hold(self, share: Share) -> None:
        self._free -= share.amount
        for party in share.parties:
            self._settings[party] = self._settings.get(party, 0) + share.amount
        self._held.add(share)
        share.since = self._clock()
        share.ready.set_result(None)

    def _next(self) -> Share | None:
        """The share whose turn it is: of the party that holds least, of equals the one that asked first."""
        if not self._waiting:
            return None
        able = [queue[0] for queue in self._waiting.values() if self._may(queue[0])]
        return min(able, key=lambda share: (self._settings.get(share.parties[0], 0), share.number), default=None)

    def _may(self, share: Share) -> bool:
        """Whether its parties may hold it beside what they hold already."""
        if len(self._asked) == 1 or not self._parts:
            return True
        held = [self._settings.get(party, 0) for party in share.parties]
        return all(
            not already or already + share.amount <= part for already, part in zip(held, self._parts, strict=False)
        )
