"""Batches calls of many threads: calls that arrive while a batch is served are served together in the next.

The store batches commits, since each waits for the disk, and a large gallery batches scans, since each reads all of it.
One of the calling threads leads: it serves the batch, and hands the lead to the first call that arrived
meanwhile. No thread is kept for it, and a lone call starts at once.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is raised in the thread that made the call."""

    error: BaseException


class _Call:
    """A call in a batch; its lock is released when the call is done, or when its thread is to lead."""

    __slots__ = ("answer", "done", "request", "turn")

    def __init__(self, request: Any) -> None:
        self.request = request
        self.answer: Any = None
        self.done = False
        self.turn = threading.Lock()
        self.turn.acquire()


class Batching(Generic[Request, Answer]):
    """Serves calls of many threads, all that are waiting at a time.

    Args:
        serve: answers a batch in its order. It never runs twice at the same time; if it raises, every call of the
            batch does.
        most: how many calls a batch has at most; None for no bound.
        expected: how many callers there are that may call soon; a batch with so many calls does not wait for more.
        patience: seconds for which a batch waits for the expected calls.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[Request]], Sequence[Answer | Failure]],
        most: int | None = None,
        expected: Callable[[], int] = lambda: 1,
        patience: float = 0.0,
    ) -> None:
        self._serve = serve
        self._most = most
        self._expected = expected
        self._patience = patience
        self._waiting: list[_Call] = []  # while one leads, those that came after its batch; the first leads next
        self._led = False
        self._changing = threading.Lock()
        self._arrival = threading.Condition(self._changing)

    def __call__(self, request: Request) -> Answer:
        """Waits until the request is served, by this thread or by another, and returns its answer."""
        call = _Call(request)
        with self._changing:
            self._waiting.append(call)
            if self._patience:
                self._arrival.notify()  # a leader that waits for more
            leads, self._led = not self._led, True
        if not leads:
            call.turn.acquire()
        if not call.done:
            self._lead(call)
        if isinstance(call.answer, Failure):
            raise call.answer.error
        answer: Answer = call.answer
        return answer

    def _has_enough(self) -> bool:
        return len(self._waiting) >= min(self._expected(), self._most or len(self._waiting))

    def _lead(self, leader: _Call) -> None:
        """Serves the calls that wait by now, the leader's first, and passes on the lead."""
        with self._changing:
            if self._patience:
                self._arrival.wait_for(self._has_enough, self._patience)
            batch = self._waiting[: self._most]
            self._waiting = self._waiting[len(batch) :]
        answers: Sequence[Answer | Failure]
        try:
            answers = self._serve([call.request for call in batch])
        except BaseException as error:  # noqa: BLE001  raised in every thread of the batch
            answers = [Failure(error)] * len(batch)
        with self._changing:
            if self._waiting:
                self._waiting[0].turn.release()
            else:
                self._led = False
        for call, answer in zip(batch, answers, strict=True):
            call.answer, call.done = answer, True
            if call is not leader:
                call.turn.release()
