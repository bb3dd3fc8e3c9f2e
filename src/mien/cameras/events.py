"""Events of cameras as they are sent: members as in the other answers of mien, times in UTC, a number in each id."""

import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from mien.cameras.outlet import Event, Outlet
from mien.video.visits import Change, Known

CLOSING = 10.0  # seconds for receivers to take the last events


class Events:
    """Numbers events and hands each to every receiver. Safe to call from many threads.

    An id is the run's, which is random, and the event's number in it, so that a receiver sees what it has got twice
    and what it has not got.

    Args:
        outlets: the receivers.
    """

    def __init__(self, outlets: Sequence[Outlet]) -> None:
        self._outlets = outlets
        self._run, self._count = uuid.uuid4().hex[:12], 0
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        """Gives an event its id, and queues it."""
        with self._lock:
            self._count += 1
            whole = {"Id": f"{self._run}-{self._count}"} | event
            for each in self._outlets:
                each.put(whole)

    def close(self) -> int:
        """Waits until the receivers have taken everything, for some seconds; returns how many events were lost."""
        return sum(each.close(CLOSING) for each in self._outlets)


def printed(stopped: Callable[[], None]) -> Callable[[Event], None]:
    """Returns what prints an event as a line of JSON, and calls `stopped` when nobody reads any longer."""

    def deliver(event: Event) -> None:
        try:
            sys.stdout.write(msgspec.json.encode(event).decode() + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            stopped()

    return deliver


def of_change(change: Change, camera: str, at: datetime, portrait: str | None) -> Event:
    """Returns somebody's coming or going as an event.

    Args:
        change: who came or went.
        camera: the camera's name.
        at: when.
        portrait: the path of the photograph of who came.
    """
    who = change.who
    return {"Time": written(at), "Event": change.event, "Camera": camera} | {
        name: value
        for name, value in {
            **({"Name": who.name, "UserId": who.user} if isinstance(who, Known) else {"Unknown": who}),
            "Similarity": None if change.similarity is None else round(change.similarity, 4),
            "WasUnknown": change.was,
            "Seconds": None if change.seconds is None else round(change.seconds, 3),
            "Because": change.because,
            "BoundingBox": box(change.box),
            "Portrait": portrait,
        }.items()
        if value is not None
    }


def of_camera(event: str, camera: str, why: str | None = None) -> Event:
    """Returns the end or the return of a camera's pictures, `lost` or `open`, as an event."""
    reason: dict[str, Any] = {} if why is None else {"Because": why}
    return {"Time": written(datetime.now(UTC)), "Event": event, "Camera": camera} | reason


def box(shares: Sequence[float]) -> dict[str, float]:
    """Returns a box as AWS's BoundingBox."""
    return dict(zip(("Left", "Top", "Width", "Height"), (round(each, 6) for each in shares), strict=True))


def written(at: datetime) -> str:
    """Returns a time in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
