"""Measures the attributes of faces, by the attribute set that the settings allow, opened when it is first needed."""

import logging
import threading
from collections.abc import Collection, Sequence

from mien.config import Settings
from mien.engine.cores import Cores
from mien.engine.session import Runtime
from mien.errors import SetupError
from mien.face.attributes.evidence import Networks
from mien.face.attributes.measures import MEASURES, MESH, NAMES, measured
from mien.face.attributes.mesh import Mesh, run_mesh
from mien.face.types import Face
from mien.packs import attribute_networks, network_set
from mien.packs.deferred import Deferred, Wrap, deferred

SET = "attributes"  # the name of mien's attribute set
_LOG = logging.getLogger("mien.attributes")


class Analyst:
    """Measures attributes. Safe to call from many threads.

    A network is compiled for the first face that needs it. Where the set is not available, or a network does not work,
    the reason is logged once, and what it would tell is unknown until the process ends.

    Args:
        settings: the settings; `attributes` says what may be measured.
        cores: the cores that inferences share.
        wrap: wraps each network, such as to count its calls.

    Raises:
        SetupError: the setting names an attribute that does not exist.
    """

    def __init__(self, settings: Settings, cores: Cores, wrap: Wrap = lambda _, session: session) -> None:
        self.allowed = allowed(settings.attributes)
        self._settings, self._cores, self._wrap = settings, cores, wrap
        self._lock = threading.Lock()
        self._sessions: dict[str, Deferred] | None = None
        self._networks: Networks | None = None
        self._fault = ""

    def measurable(self, wanted: Collection[str]) -> frozenset[str]:
        """Returns those of the names that can be measured."""
        names = frozenset(wanted) & self.allowed & {*MEASURES, MESH}
        return names if names and self._found() else frozenset()

    def measured(self, faces: Sequence[Face], wanted: Collection[str]) -> list[Face]:
        """Measures faces with closeups.

        Args:
            faces: the faces.
            wanted: names that `measurable` returned.
        """
        networks = self._networks
        if networks is None:
            return list(faces)
        with self._cores.at_work():
            return [measured(face, networks, wanted) for face in faces]

    def mesh(self, face: Face) -> Mesh | None:
        """Returns the mesh of a face with a closeup; None where it may not or cannot be measured."""
        if not self.measurable([MESH]) or self._networks is None or face.closeup is None:
            return None
        with self._cores.at_work():
            return run_mesh(self._networks.mesh, face.closeup)

    def prepare(self, *, load: bool) -> None:
        """Finds or downloads the set's files, so that no request waits for a download.

        Args:
            load: whether to compile its networks as well.
        """
        if load:
            self.open()
        else:
            self._found()

    def open(self, roles: Collection[str] | None = None) -> str:
        """Opens the whole set, or some of its networks; returns why something cannot be measured, empty if nothing.

        Args:
            roles: of the networks; None for all.
        """
        try:
            for role, session in (self._found() or {}).items():
                if roles is None or role in roles:
                    session.open()
        except SetupError as error:
            self._fault = str(error)
        return self._fault

    def runtimes(self) -> dict[str, Runtime]:
        """Returns the engine of each network that is open, by its role."""
        sessions = (self._sessions or {}).items()
        return {role: session.describe() for role, session in sessions if session.is_open}

    def release(self) -> None:
        """Gives back the memory that only running inferences need (see `Session.release`)."""
        for session in (self._sessions or {}).values():
            session.release()

    def describe(self) -> str:
        """Returns in one line what is measured, or why nothing is, without opening the set."""
        if not self.allowed:
            return "none, as the setting says; all are answered as unknown"
        entry = network_set.catalogue()[SET]
        names = sorted(self.allowed - {MESH})
        share = "all" if set(names) == set(NAMES) else ", ".join(names)
        if self._fault:
            return f"all are answered as unknown: {self._fault}"
        return f"{share}, by {entry.title}; weights {entry.license.name}, commercial use allowed"

    def _found(self) -> dict[str, Deferred] | None:
        """Returns the networks; None where nothing may be measured, or the set is not available."""
        with self._lock:
            if self._sessions is None and self.allowed and not self._fault:
                try:
                    entry = network_set.catalogue()[SET]
                    self._sessions = deferred(entry, self._settings, self._cores)
                    self._networks = attribute_networks.networks(self._sessions, self._wrap)
                except SetupError as error:
                    self._fault = str(error)
                    _LOG.warning("attributes are answered as unknown", extra={"facts": {"why": self._fault}})
            return self._sessions


def allowed(setting: str) -> frozenset[str]:
    """Returns the names that the setting `attributes` allows to measure, and MESH.

    Raises:
        SetupError: it names an attribute that does not exist.
    """
    words = frozenset(word.strip().lower() for word in setting.split(",") if word.strip())
    if words == {"none"}:
        return frozenset()
    named = frozenset(NAMES) if words == {"all"} else words
    unknown = sorted(named - set(NAMES))
    if unknown or not named:
        raise SetupError(
            f"attributes must be all, none, or some of {', '.join(NAMES)}, separated by commas; "
            f"{', '.join(unknown) or 'nothing'} is none of them."
        )
    return named | {MESH}
