"""Tells for `/readyz` what does not keep a server from answering and should be looked at, and since when."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mien.operations.context import Context

LEAST_FREE = 256 << 20  # bytes of the data directory's disk


@dataclass(frozen=True, slots=True)
class Concern:
    """A sentence that says what is wrong and what to do, and when it was first seen, in ISO 8601."""

    what: str
    since: str


class Concerns:
    """Keeps when each concern began.

    Args:
        looks: name → returns a sentence, empty while all is well; one that raises is left out.
        clock: seconds since 1970.
    """

    def __init__(self, looks: Mapping[str, Callable[[], str]], clock: Callable[[], float] = time.time) -> None:
        self._looks = looks
        self._clock = clock
        self._since: dict[str, float] = {}

    def now(self) -> list[Concern]:
        """Returns what is to be looked at, the longest known first."""
        said, present = {name: _said(look) for name, look in self._looks.items()}, self._clock()
        self._since = {name: self._since.get(name, present) for name, what in said.items() if what}
        return [Concern(said[name], _time(at)) for name, at in sorted(self._since.items(), key=lambda each: each[1])]


def of_server(folder: str, context: Context) -> Concerns:
    """Returns a server's concerns, about its data directory, the store and the galleries."""
    return Concerns(
        {
            "disk": lambda: full_disk(folder),
            "damage": lambda: damaged(context.store.damage.count),
            "history": lambda: gone_back(context.galleries.forked),
        }
    )


def full_disk(folder: str) -> str:
    """Returns the concern that little is free on the disk of a folder."""
    if shutil.disk_usage(folder).free >= LEAST_FREE:
        return ""
    return (
        f"Less than {LEAST_FREE >> 20} MiB are free on the disk of the data directory: make room, or writes will be "
        "refused soon."
    )


def damaged(vectors: int) -> str:
    """Returns the concern that stored vectors are not what was kept."""
    if not vectors:
        return ""
    return "Stored embeddings are damaged and left out of answers: run mien store check, and restore a sound backup."


def gone_back(times: int) -> str:
    """Returns the concern that the store lost acknowledged changes."""
    if not times:
        return ""
    return (
        "The store went back to an earlier state: unless a backup was restored, a fail-over lost acknowledged changes."
    )


def _said(look: Callable[[], str]) -> str:
    try:
        return look()
    except Exception:  # noqa: BLE001  readiness says whether the store can be used
        return ""


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
