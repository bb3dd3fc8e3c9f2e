"""Hands events to one receiver in their order, from a bounded queue, so that a slow one delays no look."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

MOST_WAITING = 10_000  # events, some 5 MB
SAID_EVERY = 60.0  # seconds between two complaints of one kind

Event = dict[str, Any]
Deliver = Callable[[Event], float | None]  # returns the seconds after which to try again, None if it is done


class Outlet:
    """A receiver of events, served by a thread of its own.

    When the queue is full, the oldest event is lost, counted and said. Numbers in the events' ids show the gap.

    Args:
        name: of the receiver, in messages.
        deliver: delivers an event.
        said: is told in a sentence what was lost.
        most: events that may wait.
    """

    def __init__(self, name: str, deliver: Deliver, said: Callable[[str], None], most: int = MOST_WAITING) -> None:
        self._name, self._deliver, self._said, self._most = name, deliver, said, most
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closing, self._hurry = False, threading.Event()
        self.lost = self._lost_said = 0
        self._last_said = -SAID_EVERY
        self._thread = threading.Thread(target=self._run, name=f"outlet {name}", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Adds an event to the queue, and never waits."""
        with self._changed:
            self._waiting.append(event)
            while len(self._waiting) > self._most:
                self._waiting.popleft()
                self.lost += 1
            self._changed.notify_all()
        self._complain()

    def close(self, patience: float) -> int:
        """Waits until the queue is empty, at most `patience` seconds; returns how many events were lost in all."""
        end = time.monotonic() + patience
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting, max(0.0, end - time.monotonic()))
            self.lost += len(self._waiting)
            self._waiting.clear()
        self._hurry.set()
        self._complain(at_once=True)
        return self.lost

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                event = self._waiting[0]
            again = self._delivered(event)
            if again is not None:
                self._hurry.wait(again)
                continue
            with self._changed:
                if self._waiting and self._waiting[0] is event:  # else it was lost meanwhile
                    self._waiting.popleft()
                self._changed.notify_all()

    def _delivered(self, event: Event) -> float | None:
        try:
            return self._deliver(event)
        except Exception as error:  # noqa: BLE001  the events after it are not its fault
            self.lost += 1
            self._said(f"{self._name}: event {event.get('Id')} is lost ({type(error).__name__}).")
            return None

    def _complain(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if self.lost > self._lost_said and (at_once or now - self._last_said >= SAID_EVERY):
            self._last_said, more = now, self.lost - self._lost_said
            self._lost_said = self.lost
            self._said(f"{self._name}: {more:,} events were lost, as it takes them too slowly; {self.lost:,} in all.")
