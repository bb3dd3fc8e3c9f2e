"""Describes an answered request for log, metrics and traces; it never contains image content.

`wire/server.py` fills it; what is written of it stands in `log.py`, `metrics.py` and `tracing.py`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from mien.errors import ApiError
from mien.serving.request import Stage


@dataclass(frozen=True, slots=True)
class Record:
    """An answered request.

    Attributes:
        request_id: as in the answer.
        operation: its name; None for one that mien lacks, and for a request that was refused before it was known.
        code: "OK", the error's code, or "ClientGone" if the client hung up before it was answered.
        status: of HTTP; 499 if the client hung up.
        key: name of the access key, if its signature was verified.
        faces: how many were found in its images.
        began: when its head was complete, on the clock of `time.perf_counter`.
        seconds: from its head to its answer.
        stages: timed, in their order.
        parent: the caller's `traceparent` header; empty without one.
        requested: the operation's name, also of one that mien lacks, made safe for the log.
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
    requested: str | None = None


Watcher = Callable[[Record], None]


def refused(request_id: str, error: ApiError) -> Record:
    """Returns the record of a request that was refused before its head was understood."""
    return Record(request_id, None, error.code, error.status, None, 0, time.perf_counter(), 0.0, ())
