"""Logs once when a database fails and once when it works again, and not for each request between."""

import logging
import threading

PROBE = "UPDATE checksums SET key = key WHERE kind = 'faces'"  # a row that always exists


class Outage:
    """Remembers whether a database fails, and why. Safe to use from many threads."""

    def __init__(self) -> None:
        self._why: str | None = None
        self._changing = threading.Lock()

    def began(self, why: str) -> None:
        """Logs that the store fails, unless that has been logged."""
        with self._changing:
            before, self._why = self._why, why
        if before is None:
            logging.getLogger("mien").error("the store is unavailable", extra={"facts": {"why": why}})

    def over(self) -> None:
        """Logs that the store works again, if it failed."""
        if self._why is None:
            return
        with self._changing:
            before, self._why = self._why, None
        if before is not None:
            logging.getLogger("mien").info("the store is available again", extra={"facts": {"after": before}})
