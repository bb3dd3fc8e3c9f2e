"""Starts the process that looks at a film, and yields what it reports."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

import msgspec

from mien.config import Settings
from mien.jobs.reports import Begin, Report, Seen
from mien.system import pipe_messages

WATCHING = "mien.jobs.watching"  # named and not imported, since a server needs nothing of it
_UNUSED = ("store", "data", "master_key", "metrics_token")


class FilmLostError(Exception):
    """The process ended before the film did."""


class FilmProcess:
    """The process that looks at one film; as a context, it is over at the end."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._reports = msgspec.msgpack.Decoder(Report)

    def __enter__(self) -> "FilmProcess":
        self._running = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", WATCHING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        return self

    def reports(self) -> Iterator[Report]:
        """Yields what the process reports, until the end of the film or a refusal.

        Raises:
            FilmLostError: it ended before, or was killed.
        """
        heard, told = self._running.stdout, self._running.stdin
        with suppress(OSError):
            if heard and told:
                pipe_messages.write(told, msgspec.msgpack.encode(self._begin))
                while (message := pipe_messages.read(heard)) is not None:
                    report = self._reports.decode(message)
                    yield report
                    if not isinstance(report, Seen):
                        return
        raise FilmLostError

    def kill(self) -> None:
        """Ends the process at once; may be called by another thread."""
        self._running.kill()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.kill()
        with suppress(OSError), self._running:  # closes the pipes, and waits
            pass


def needed(settings: Settings) -> dict[str, object]:
    """Returns the settings as the process needs them, which has no way into the store."""
    return dataclasses.asdict(settings) | dict.fromkeys(_UNUSED, "")
