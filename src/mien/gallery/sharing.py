"""Calls that share work: those that come while one is served are served together by the next.

A lone call starts at once; nothing waits for company.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class _Call(Generic[Ask, Answer]):
    ask: Ask
    answer: Answer | None = None
    error: BaseException | None = None
    done: bool = False


class Sharing(Generic[Ask, Answer]):
    """Serves calls of many threads, as many at a time as are waiting.

    Args:
        serve: answers some calls, in their order. It is never run twice at the same time.
        most: how many calls are served together, at most.
    """

    def __init__(self, serve: Callable[[Sequence[Ask]], Sequence[Answer]], most: int) -> None:
        self._serve = serve
        self._most = most
        self._change = threading.Condition()
        self._waiting: list[_Call[Ask, Answer]] = []
        self._serving = False

    def __call__(self, ask: Ask) -> Answer:
        """Wait until this call is served, by this thread or by another."""
        mine: _Call[Ask, Answer] = _Call(ask)
        with self._change:
            self._waiting.append(mine)
        while together := self._turn(mine):
            self._run(together)
        if mine.error is not None:
            raise mine.error
        return mine.answer  # type: ignore[return-value]  # a call that is done and has no error has its answer

    def _turn(self, mine: _Call[Ask, Answer]) -> list[_Call[Ask, Answer]]:
        """The calls this thread is to serve; none once its own is done."""
        with self._change:
            self._change.wait_for(lambda: mine.done or not self._serving)
            if mine.done:
                return []
            self._serving = True
            together, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            return together

    def _run(self, together: list[_Call[Ask, Answer]]) -> None:
        try:
            for call, answer in zip(together, self._serve([call.ask for call in together]), strict=True):
                call.answer = answer
        except BaseException as error:  # noqa: BLE001  # whoever called is told
            for call in together:
                call.error = error
        with self._change:
            for call in together:
                call.done = True
            self._serving = False
            self._change.notify_all()
