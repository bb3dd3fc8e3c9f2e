"""Counts vectors that failed their checksum when read, and logs each once."""

import logging
import threading
from collections.abc import Sequence

MOST = 100_000  # keys remembered as logged


class Damage:
    """Counts the damaged vectors that this process has read. Safe to use from many threads."""

    def __init__(self) -> None:
        self._met: set[tuple[str, int]] = set()
        self._changing = threading.Lock()

    @property
    def count(self) -> int:
        """Returns the number of damaged vectors that were read, each counted once."""
        return len(self._met)

    def note(self, kind: str, keys: Sequence[int]) -> None:
        """Counts vectors by their keys and logs the new ones; `kind` is faces or users."""
        if not keys:
            return
        with self._changing:
            fresh = {(kind, key) for key in keys} - self._met
            if not fresh or len(self._met) >= MOST:
                return
            self._met |= fresh
        logging.getLogger("mien").error(
            "stored vectors are damaged and left out of answers; run `mien store check`, and restore a backup or "
            "delete and index these faces again",
            extra={"facts": {"kind": kind, "vectors": len(fresh)}},
        )
