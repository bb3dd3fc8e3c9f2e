"""Wraps a session so that each run is reported to the metrics: how many inputs it had, and how long it took."""

import time
from collections.abc import Callable

from mien.engine.session import Outputs, Pixels, Runtime, Session

Report = Callable[[int, float], None]  # inputs, seconds; called from many threads


class WatchedSession:
    """A session whose runs are reported."""

    def __init__(self, session: Session, report: Report) -> None:
        self._session = session
        self._report = report
        self.shape, self.shapes = session.shape, session.shapes

    def describe(self) -> Runtime:
        """Returns the engine of this network."""
        return self._session.describe()

    def run(self, pixels: Pixels) -> Outputs:
        """Runs the network on each input (see `Session.run`), and reports it."""
        began = time.perf_counter()
        outputs = self._session.run(pixels)
        self._report(len(pixels), time.perf_counter() - began)
        return outputs

    def release(self) -> None:
        """Gives back what only a running inference needs (see `Session.release`)."""
        self._session.release()
