"""Starts the server that the settings ask for: one process, or a parent with workers.

A parent loads little, and neither OpenVINO nor any other library with threads, so that it can fork a worker at any
time.
"""

from contextlib import ExitStack

from mien.config import Settings
from mien.store import open as stores
from mien.watch import log
from mien.wire import port
from mien.workers import counts, shares
from mien.workers.parent import Parent

PATIENCE = 2.0  # seconds for the workers of a parent that was killed to end


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
        counting = until.enter_context(counts.folder(shares.count(settings)))
        Parent(settings, listening, counting).run()
