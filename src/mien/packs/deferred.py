"""Turns a set of networks and its files into networks, each compiled and checked when it is first run.

A request for open eyes so compiles the mesh alone, and takes the memory of no other network.
"""

import logging
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.config import Settings
from mien.engine.choice import engine
from mien.engine.cores import Cores
from mien.engine.session import SAMPLES, Outputs, Pixels, Runtime, Session, agrees, fingerprint
from mien.errors import SetupError
from mien.face.attributes.evidence import UnclearError
from mien.packs import install, load
from mien.packs.network_set import NetworkSet
from mien.system import heap

Wrap = Callable[[str, Session], Session]  # gets a network's name and session
_LOG = logging.getLogger("mien.packs")


class Deferred:
    """A network that is compiled when it is first run. Safe to call from many threads.

    If it cannot be, the reason is logged once, and every run raises UnclearError: what it would tell is unknown.

    Args:
        side: rows and columns of its input.
        compile_it: compiles the network, and checks it.
    """

    def __init__(self, side: int, compile_it: Callable[[], Session]) -> None:
        self.shape = (side, side, 3)
        self.shapes = [self.shape]
        self._compile, self._lock = compile_it, threading.Lock()
        self._session: Session | None = None
        self._fault = ""

    @property
    def is_open(self) -> bool:
        """Whether the network is compiled."""
        return self._session is not None

    def open(self) -> Session:
        """Compiles the network unless that was done.

        Raises:
            SetupError: it cannot be compiled, or answers a known input wrongly.
        """
        with self._lock:
            if self._fault:
                raise SetupError(self._fault)
            if self._session is None:
                try:
                    self._session = self._compile()
                except SetupError as error:
                    self._fault = str(error)
                    _LOG.warning("a network is not used", extra={"facts": {"why": self._fault}})
                    raise
            return self._session

    def describe(self) -> Runtime:
        """Returns the engine of this network."""
        return self.open().describe()

    def run(self, pixels: Pixels) -> Outputs:
        """Runs the network (see `Session.run`).

        Raises:
            UnclearError: it cannot be opened.
        """
        try:
            session = self.open()
        except SetupError as error:
            raise UnclearError(str(error)) from None
        return session.run(pixels)

    def release(self) -> None:
        """Gives back what only a running inference needs (see `Session.release`)."""
        if self._session is not None:
            self._session.release()


def deferred(
    entry: NetworkSet, settings: Settings, cores: Cores | None = None, *, checked: bool = True
) -> dict[str, Deferred]:
    """Finds or downloads a set, and returns its networks by their roles.

    They run in float32, so that a coordinate of the mesh is not rounded to eight bits.

    Args:
        entry: the set.
        settings: the settings.
        cores: the cores that inferences share; None for cores of its own.
        checked: whether a network is compared with its stored answer when it is compiled.

    Raises:
        SetupError: the set is not available, or its engine.
    """
    compile_graph = engine(settings, "f32")
    files = install.install(entry, settings.packs)
    shared = cores or Cores(settings.cores)

    def opening(role: str) -> Callable[[], Session]:
        return lambda: _compiled(entry, load.Networks(entry, files, shared, compile_graph), role, checked)

    return {role: Deferred(each.size, opening(role)) for role, each in entry.inputs.items()}


def _compiled(entry: NetworkSet, compiling: load.Networks, role: str, checked: bool) -> Session:
    each = entry.inputs[role]
    try:
        session = compiling.compile(each.file, (each.size, each.size), (each.color, each.mean, each.scale), lean=True)
        found = fingerprint(session)
    except load.UNREADABLE as error:
        raise SetupError(f"The set {entry.name} cannot be loaded: {load.reason(error)}.") from None
    if checked and not agrees(found, np.array(entry.checks.get(role, [0.0] * SAMPLES), np.float32)):
        raise SetupError(
            f"The start-up check failed: the {role} network of the set {entry.name} answers a known input wrongly. "
            "mien does not answer by it; try another version of the engine."
        )
    heap.give_back()  # what compiling left free
    return session


def fingerprints(networks: dict[str, Deferred]) -> dict[str, NDArray[np.float32]]:
    """Returns the fingerprint of every network, by its role.

    Raises:
        SetupError: one cannot be opened.
    """
    return {role: fingerprint(each.open()) for role, each in networks.items()}
