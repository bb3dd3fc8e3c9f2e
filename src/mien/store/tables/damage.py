"""Vectors that are no longer what was kept: noticed when read, left out of answers, logged once, counted."""

import logging
import threading
from collections.abc import Sequence

MOST = 100_000  # keys remembered as said


class Damage:
    """What this process has met. Safe to use from many threads."""

    def __init__(self) -> None:
        self._met: set[tuple[str, int]] = set()
        self._changing = threading.Lock()

    @property
    def count(self) -> int:
        """How many damaged vectors were met, each counted once."""
        return len(self._met)

    def note(self, kind: str, keys: Sequence[int]) -> None:
        """Count vectors by their keys and log those that are new; `kind` is faces or users."""
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
