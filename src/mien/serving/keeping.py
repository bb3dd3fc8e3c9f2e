"""Snapshots in the background: read when the server starts, written while it runs and when it stops."""

import logging
import threading
from collections.abc import Callable

from mien.serving.galleries import Galleries

log = logging.getLogger("mien")
LOOK = 5.0  # seconds between looks for something to keep


class Keeper:
    """A thread that keeps the galleries' snapshots."""

    def __init__(self, galleries: Galleries) -> None:
        self._galleries = galleries
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process kept."""
        self._thread.start()

    def stop(self) -> None:
        """Keep what is worth it, and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        _attempt(self._galleries.resume)
        while not self._stopping.wait(LOOK):
            _attempt(self._galleries.keep)
        _attempt(lambda: self._galleries.keep(ending=True))


def _attempt(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  # a full disk, a lost database: searches go on without
        log.warning("snapshots failed", extra={"facts": {"error": type(error).__name__}})
