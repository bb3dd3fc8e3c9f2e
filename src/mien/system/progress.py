"""Shows the progress of a long run: a bar on a terminal, and plain lines elsewhere."""

import sys
import time
from typing import TextIO

WIDTH = 30  # columns of the bar
REDRAW = 0.1  # seconds
LINES = 10.0  # seconds between plain lines


class Progress:
    """A count towards a total, which may be unknown, shown on a stream. Used by one thread."""

    def __init__(self, what: str, total: int | None, stream: TextIO | None = None) -> None:
        self._what, self._total, self._done = what, total, 0
        self._stream = stream if stream is not None else sys.stderr
        self._terminal = self._stream.isatty()
        self._started = time.monotonic()
        self._shown = self._started if not self._terminal else 0.0
        self._fresh = 0

    def step(self, fresh: bool = True) -> None:
        """Counts one more; `fresh` is False for one that an earlier run did, which took no time."""
        self._done += 1
        self._fresh += fresh
        now = time.monotonic()
        if now - self._shown >= (REDRAW if self._terminal else LINES):
            self._shown = now
            self._show(now)

    def close(self) -> None:
        """Shows the final count."""
        self._show(time.monotonic())
        if self._terminal:
            self._stream.write("\n")
            self._stream.flush()

    def _show(self, now: float) -> None:
        rate = self._fresh / max(now - self._started, 1e-9)
        text = f"{self._what} {self._done:,}"
        if self._total is not None:
            text += f" of {self._total:,}"
        if self._fresh:
            text += f", {rate:.0f} a second"
            if self._total is not None and self._done < self._total:
                text += f", {(self._total - self._done) / rate:.0f} s left"
        if self._terminal:
            self._stream.write(f"\r\x1b[K{self._bar()}{text}")
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def _bar(self) -> str:
        if self._total is None:
            return ""
        filled = round(WIDTH * self._done / max(self._total, 1))
        return f"[{'█' * filled}{' ' * (WIDTH - filled)}] "
