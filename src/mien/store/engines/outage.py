"""Whether a database works, said in one line when that changes and not for each request that finds out."""

import logging
import threading

PROBE = "UPDATE checksums SET key = key WHERE kind = 'faces'"  # a row that is always there


class Outage:
    """What a database cannot do for now. Safe to use from many threads."""

    def __init__(self) -> None:
        self._why: str | None = None
        self._changing = threading.Lock()

    def began(self, why: str) -> None:
        """Say that the store fails, and why, unless that has been said."""
        with self._changing:
            said, self._why = self._why, why
        if said is None:
            logging.getLogger("mien").error("the store is unavailable", extra={"facts": {"why": why}})

    def over(self) -> None:
        """Say that the store works again, if it did not."""
        if self._why is None:
            return
        with self._changing:
            said, self._why = self._why, None
        if said is not None:
            logging.getLogger("mien").info("the store is available again", extra={"facts": {"after": said}})
