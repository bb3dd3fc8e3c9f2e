"""Stores when access keys were last used: each request notes it in memory, and a thread writes it.

A key's first use is written at once and later ones once a minute, so that a key in use costs the store little and no
request waits for it.
"""

import logging
import threading
import time

from mien.store.tables.keys import Keys

PAUSE = 60.0  # seconds between two writes for a key
_LAST = 5.0  # seconds that the last write may take when the server stops

log = logging.getLogger("mien.keys")


class Uses:
    """Notes and stores when keys were last used. Safe to use from many threads."""

    def __init__(self, keys: Keys, pause: float = PAUSE) -> None:
        self._keys = keys
        self._pause = pause
        self._noted: dict[str, float] = {}
        self._written: dict[str, float] = {}
        self._due, self._stopping = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def note(self, access_key: str) -> None:
        """Notes that a key is used now."""
        now = time.time()
        self._noted[access_key] = now
        if now - self._written.get(access_key, 0.0) >= self._pause and not self._due.is_set():
            self._due.set()
            self._start()

    def stop(self) -> None:
        """Writes the remaining notes, and ends the thread."""
        self._stopping.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(_LAST)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="uses", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._due.wait()
            self._due.clear()
            self._write()

    def _write(self) -> None:
        now, everything = time.time(), self._stopping.is_set()
        due = {
            access_key: moment
            for access_key, moment in self._noted.copy().items()
            if everything or now - self._written.get(access_key, 0.0) >= self._pause
        }
        self._written.update(dict.fromkeys(due, now))  # also if it fails: a minute later is soon enough
        try:
            self._keys.note_uses(due)
        except Exception as error:  # noqa: BLE001  requests do not need it
            log.warning("when keys were used is not kept", extra={"facts": {"why": type(error).__name__}})
