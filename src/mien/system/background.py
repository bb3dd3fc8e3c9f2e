"""Runs work in the background of requests: each piece has a thread, which takes turns and pauses."""

import logging
import math
import threading
from collections.abc import Callable
from types import TracebackType

NOT_DUE = 1.0  # seconds until work that is another process's to do is looked at again
RETRY = 30.0  # seconds to pause after a failure, which is mostly a full disk or a lost database

log = logging.getLogger("mien")


def _nothing() -> None:
    pass


def _always() -> bool:
    return True


class Background:
    """A thread that runs one piece of work turn by turn. As a context it starts the thread, and stops it at the end.

    A failed turn is tried again. Of consecutive failures of one type only the first is logged.

    Args:
        name: of the work, in the log and for its thread.
        turn: does some of the work. It may return how many seconds to pause after it.
        pause: seconds to pause before the first turn, and after a turn that returns None; `math.inf` until woken.
        settle: seconds from a wake to the next turn, so that one turn serves several wakes.
        retry: seconds to pause after a turn that failed.
        first: runs once before the first turn.
        last: runs once after the last turn, when the thread is stopped.
        interrupt: ends a running turn early, when the thread is being stopped.
        due: returns whether turns and `last` are this process's to do; other processes of the server skip them.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], float | None],
        *,
        pause: float = 0.0,
        settle: float = 0.0,
        retry: float = RETRY,
        first: Callable[[], None] = _nothing,
        last: Callable[[], None] = _nothing,
        interrupt: Callable[[], None] = _nothing,
        due: Callable[[], bool] = _always,
    ) -> None:
        self._name, self._turn, self._first, self._last, self._due = name, turn, first, last, due
        self._pause, self._settle, self._retry = pause, settle, retry
        self._interrupt = interrupt
        self._failure: type[Exception] | None = None
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Ends the pause early; during a turn, skips the pause that follows it."""
        self._woken.set()

    def stop(self) -> None:
        """Stops the thread, and waits for the running turn and for `last`."""
        self._stopping.set()
        self._woken.set()
        self._interrupt()
        self._thread.join()

    def __enter__(self) -> "Background":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        self._attempt(self._first)
        pause = self._pause
        while not self._is_stopped_within(pause):
            pause = self._attempt(self._turn) if self._due() else NOT_DUE
        if self._due():
            self._attempt(self._last)

    def _is_stopped_within(self, seconds: float) -> bool:
        if self._woken.wait(None if seconds == math.inf else seconds):
            self._stopping.wait(self._settle)
            self._woken.clear()
        return self._stopping.is_set()

    def _attempt(self, work: Callable[[], float | None]) -> float:
        """Does some work, and returns the seconds to pause after it."""
        try:
            pause = work()
        except Exception as error:  # noqa: BLE001  whatever it is, requests are served without
            if type(error) is not self._failure:
                self._failure = type(error)
                log.warning("%s failed", self._name, extra={"facts": {"error": type(error).__name__}})
            return self._retry
        self._failure = None
        return self._pause if pause is None else pause
