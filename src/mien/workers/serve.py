"""Starts the server that the settings ask for: one process, or a parent with workers.

A parent loads little, and neither OpenVINO nor any other library with threads, so that it can fork a worker at any
time.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mien.config import Settings
from mien.store import open as stores
from mien.system import leftovers
from mien.watch import log
from mien.wire import port
from mien.workers import shares
from mien.workers.parent import Parent

PATIENCE = 2.0  # seconds for the workers of a parent that was killed to end
METRICS = "mien-metrics-"  # how the name of a folder begins in which workers count
MEMORY = Path("/dev/shm")  # noqa: S108  the file system that Linux keeps in memory


def serve(settings: Settings) -> None:
    """Runs the server until a signal stops it.

    Raises:
        SetupError: it cannot start.
    """
    listening = port.bind(settings.host, settings.port)
    with ExitStack() as until:
        if not stores.is_shared(settings.store):
            until.callback(stores.lock(settings.store, settings.data, PATIENCE).release)
        if shares.count(settings) == 1:
            from mien.workers import lone  # noqa: PLC0415  a parent must not load what it imports

            lone.serve(settings, listening)
            return
        log.start(settings.log_level)
        Parent(settings, listening, until.enter_context(_counting())).run()


@contextmanager
def _counting() -> Iterator[Path]:
    """Yields the folder in which workers count, in memory if possible."""
    where = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    with leftovers.folder(where, METRICS) as folder:
        yield folder
