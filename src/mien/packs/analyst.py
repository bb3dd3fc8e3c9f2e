"""Measures the attributes of faces, by the attribute set that the settings allow, opened when it is first needed."""

import logging
import threading
from collections.abc import Collection, Sequence

from mien.config import Settings
from mien.engine.cores import Cores
from mien.errors import SetupError
from mien.face.attributes.evidence import Networks
from mien.face.attributes.measures import MEASURES, MESH, NAMES, measured
from mien.face.types import Face
from mien.packs import attribute_networks, attribute_set, install
from mien.packs.attribute_networks import Wrap

SET = "attributes"  # the name of mien's attribute set
_LOG = logging.getLogger("mien.attributes")


class Analyst:
    """Measures attributes. Safe to call from many threads.

    The networks are compiled for the first face that needs them. If they cannot be, the reason is logged once, and
    nothing is measured until the process ends.

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
        self._networks: Networks | None = None
        self._failed = ""

    def measurable(self, wanted: Collection[str]) -> frozenset[str]:
        """Returns those of the names that can be measured, and opens the set if there are any."""
        names = frozenset(wanted) & self.allowed & {*MEASURES, MESH}
        return names if names and self._opened() else frozenset()

    def measured(self, faces: Sequence[Face], wanted: Collection[str]) -> list[Face]:
        """Measures faces with portraits.

        Args:
            faces: the faces.
            wanted: names that `measurable` returned.
        """
        networks = self._opened()
        if networks is None:
            return list(faces)
        with self._cores.at_work():
            return [measured(face, networks, wanted) for face in faces]

    def prepare(self, *, load: bool) -> None:
        """Finds or downloads the set's files, so that no request waits for a download.

        Args:
            load: whether to open the set as well.
        """
        if not self.allowed:
            return
        with self._lock:
            try:
                install.install(attribute_set.catalogue()[SET], self._settings.packs)
            except SetupError as error:
                self._give_up(error)
        if load:
            self._opened()

    def open(self) -> str:
        """Opens the set, and returns why nothing can be measured; empty if something can."""
        if self.allowed:
            self._opened()
        return self._failed

    def describe(self) -> str:
        """Returns in one line what is measured, or why nothing is, without opening the set."""
        if not self.allowed:
            return "none, as the setting says; all are answered as unknown"
        entry = attribute_set.catalogue()[SET]
        names = sorted(self.allowed - {MESH})
        share = "all" if set(names) == set(NAMES) else ", ".join(names)
        if self._failed:
            return f"all are answered as unknown: {self._failed}"
        return f"{share}, by {entry.title}; weights {entry.license.name}, commercial use allowed"

    def _opened(self) -> Networks | None:
        with self._lock:
            if self._networks is None and not self._failed:
                try:
                    self._networks = self._open()
                except SetupError as error:
                    self._give_up(error)
            return self._networks

    def _give_up(self, error: SetupError) -> None:
        self._failed = str(error)
        _LOG.warning("attributes are answered as unknown", extra={"facts": {"why": self._failed}})

    def _open(self) -> Networks:
        entry = attribute_set.catalogue()[SET]
        sessions = attribute_networks.opened(entry, self._settings, self._cores)
        attribute_networks.check(entry, sessions)
        return attribute_networks.networks(sessions, self._wrap)


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
