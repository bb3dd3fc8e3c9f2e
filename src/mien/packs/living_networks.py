"""Opens the networks that tell a living face, when a face is first judged."""

import threading

from mien.config import Settings
from mien.engine.cores import Cores
from mien.engine.session import Runtime
from mien.errors import SetupError
from mien.face.living import Living
from mien.packs import network_set
from mien.packs.deferred import Deferred, Wrap, deferred

SET = "living"  # the name of mien's living set


class LivingNetworks:
    """The networks of the living set. Safe to use from many threads.

    The files are found or downloaded, and the networks compiled, by the first `open`. Where that fails, the reason is
    kept, and every later `open` fails with it until the process ends.

    Args:
        settings: the settings.
        cores: the cores that inferences share.
        wrap: wraps each network, such as to count its calls.
    """

    def __init__(self, settings: Settings, cores: Cores, wrap: Wrap = lambda _, session: session) -> None:
        self._settings, self._cores, self._wrap = settings, cores, wrap
        self._lock = threading.Lock()
        self._sessions: dict[str, Deferred] = {}
        self._living: Living | None = None
        self._fault = ""

    def open(self) -> Living:
        """Returns the networks, compiled and checked.

        Raises:
            SetupError: a file is not available, or a network does not work.
        """
        with self._lock:
            if self._fault:
                raise SetupError(self._fault)
            if self._living is None:
                try:
                    self._living = self._opened()
                except SetupError as error:
                    self._fault = str(error)
                    raise
            return self._living

    def runtimes(self) -> dict[str, Runtime]:
        """Returns the engine of each network that is open, by its name."""
        return {f"{SET}-{role}": each.describe() for role, each in self._sessions.items() if each.is_open}

    def release(self) -> None:
        """Gives back the memory that only running inferences need (see `Session.release`)."""
        for session in self._sessions.values():
            session.release()

    def _opened(self) -> Living:
        self._sessions = deferred(network_set.catalogue()[SET], self._settings, self._cores)
        for session in self._sessions.values():
            session.open()
        return Living(**{role: self._wrap(f"{SET}-{role}", each) for role, each in self._sessions.items()})
