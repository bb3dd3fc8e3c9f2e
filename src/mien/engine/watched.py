"""A session that is watched: whoever built it is told how many inputs each run had, and how long it took."""

import time
from collections.abc import Callable

from mien.engine.session import Outputs, Pixels, Runtime, Session

Note = Callable[[int, float], None]  # inputs, seconds; called from many threads


class WatchedSession:
    """A session, and who is told of its runs."""

    def __init__(self, session: Session, note: Note) -> None:
        self._session = session
        self._note = note
        self.shape = session.shape

    def describe(self) -> Runtime:
        """Say what runs this network."""
        return self._session.describe()

    def run(self, pixels: Pixels) -> Outputs:
        """Run the network on each input (see `Session.run`), and tell."""
        began = time.perf_counter()
        outputs = self._session.run(pixels)
        self._note(len(pixels), time.perf_counter() - began)
        return outputs
