"""What is told about a request once it is answered: to the log, the metrics, the traces. Never what it showed."""

from collections.abc import Callable
from dataclasses import dataclass

from mien.serving.request import Stage


@dataclass(frozen=True, slots=True)
class Record:
    """A request that is over.

    Attributes:
        request_id: as the client was told.
        operation: its name; None for one that mien does not have.
        code: "OK", the error's code, or "ClientGone" where nobody was there to be answered.
        status: of HTTP; 499 where nobody was there.
        key: name of the access key, where there is one and it was verified.
        faces: that its pictures showed.
        began: on the clock of `time.perf_counter`.
        seconds: from its head to its answer.
        stages: that it went through.
        parent: the caller's trace, as its `traceparent` header says; empty without one.
        asked: the operation's name; of one that mien does not have, what the request named, fit for the log.
    """

    request_id: str
    operation: str | None
    code: str
    status: int
    key: str | None
    faces: int
    began: float
    seconds: float
    stages: tuple[Stage, ...]
    parent: str = ""
    asked: str | None = None


Watcher = Callable[[Record], None]
