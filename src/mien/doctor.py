"""Examines and tries everything that a server needs, for `mien doctor`: versions, pack, engine, store and disk."""

import platform
import shutil
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mien import __version__, app
from mien.config import Settings
from mien.engine import card, onnx
from mien.engine.cores import Cores
from mien.engine.session import Runtime
from mien.errors import SetupError
from mien.operations import other_packs
from mien.packs import install, manifest, network_set, own, terms
from mien.packs.analyst import SET, Analyst
from mien.packs.living_networks import SET as LIVING
from mien.packs.living_networks import LivingNetworks
from mien.packs.manifest import Manifest
from mien.store import open as stores
from mien.store.engines.lock import DirectoryInUseError
from mien.workers import shares

LEAST_DISK = 100 * 1024 * 1024  # bytes; with less, the next IndexFaces may fail
LIBRARIES = ("openvino", "numpy", "opencv-python-headless", "simplejpeg", "pillow", "msgspec", "uvicorn")


@dataclass(slots=True)
class Findings:
    """The result of an examination.

    Attributes:
        found: name → value or sentence, for a person to read.
        notes: a sentence for each thing that works but should be known.
        broken: a sentence for each fault.
    """

    found: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Returns the findings for a program."""
        return {"ok": not self.broken, "found": self.found, "notes": self.notes, "broken": self.broken}

    def as_text(self) -> str:
        """Returns the findings as text, with a verdict at the end."""
        width = max(map(len, self.found), default=0)
        lines = [f"{name:<{width}}  {value}" for name, value in self.found.items()]
        verdict = [f"BROKEN: {sentence}" for sentence in self.broken] or ["Everything works."]
        notes = [f"NOTE: {sentence}" for sentence in self.notes]
        return "\n".join([*lines, "", *notes, *verdict])


def examine(settings: Settings) -> Findings:
    """Returns the findings about this machine under these settings."""
    findings = Findings()
    findings.found["mien"] = f"{__version__} on Python {platform.python_version()}, {platform.platform()}"
    findings.found["libraries"] = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    for part in (_pack, _attributes, _living, _store, _disk):
        try:
            part(settings, findings)
        except SetupError as error:
            if str(error) not in findings.broken:  # two parts may need the same
                findings.broken.append(str(error))
    return findings


def _pack(settings: Settings, findings: Findings) -> None:
    findings.found["engines"] = f"openvino {metadata.version('openvino')}; {_onnx()}"
    findings.found["galleries"] = _loops()
    findings.found["cards"] = card.describe() or "none: no driver of NVIDIA's answers"
    entry = own.named(settings.pack, settings.packs)
    findings.found["pack"] = f"{entry.name}: {entry.title}; weights {entry.license.name}"
    findings.found["contract"] = f"{entry.contract} (FaceModelVersion {entry.model_version})"
    for name, path in install.install(entry, settings.packs).items():
        findings.found[f"file {name}"] = f"{manifest.digest(path)} {path}"
    pack = app.open_pack(settings)
    runtime = pack.runtime
    findings.found["engine"] = f"{runtime.engine} {runtime.version}"
    findings.found["device"] = f"{runtime.device}, {settings.cores} inferences at a time"
    findings.found["workers"] = shares.describe(settings)
    findings.found["precision"] = runtime.precision
    findings.found["start-up check"] = _passed(entry)
    findings.found |= _placed({name: session.describe() for name, session in pack.sessions.items()})
    terms.refuse_unlicensed(settings, entry)
    terms.refuse_uncalibrated(pack)


def _attributes(settings: Settings, findings: Findings) -> None:
    """Tries the attribute set. A server runs without one, so only a set that is there and does not work is a fault."""
    analyst = Analyst(settings, Cores(settings.cores))
    findings.found["attributes"] = analyst.describe()
    present = bool(analyst.allowed) and install.find(network_set.catalogue()[SET], settings.packs) is not None
    fault = analyst.open()
    findings.found["attributes"] = analyst.describe()
    findings.found |= _placed(analyst.runtimes())
    if present and fault:
        raise SetupError(fault)


def _living(settings: Settings, findings: Findings) -> None:
    """Tries the living set where it is there; a server runs without one."""
    entry = network_set.catalogue()[LIVING]
    what = f"{entry.title}; weights {entry.license.name}, commercial use allowed"
    if install.find(entry, settings.packs) is None:
        findings.found["living faces"] = f"not installed: {what}; `mien packs install {LIVING}` fetches them"
        return
    networks = LivingNetworks(settings, Cores(settings.cores))
    networks.open()
    findings.found["living faces"] = what
    findings.found |= _placed(networks.runtimes())


def _placed(runtimes: dict[str, Runtime]) -> dict[str, str]:
    """Returns what runs where: engine, device, precision and inputs a call of each network."""
    return {
        f"network {name}": f"{each.engine} on {each.device}, {each.precision}, "
        + (f"up to {each.together} inputs a call" if each.together > 1 else "one input a call")
        for name, each in runtimes.items()
    }


def _passed(entry: Manifest) -> str:
    if entry.checks:
        return "passed: every network gives the stored answer to the known input"
    return "passed in part: every network answers with numbers; the pack was never tried, so no answers are stored"


def _onnx() -> str:
    """Returns the version of ONNX Runtime and its devices, or how to install it."""
    try:
        version, devices = onnx.available()
    except SetupError:
        return "onnx not installed (pip install 'mien[onnx]', or 'mien[cuda]' for a GPU)"
    return f"onnx {version} on {' or '.join(devices)}"


def _loops() -> str:
    """Returns what scans large galleries, or how to install what is faster."""
    if find_spec("numba"):
        return f"compiled by numba {metadata.version('numba')}"
    return "scanned by numpy; pip install 'mien[galleries]' scans collections of a million faces four times as fast"


def _store(settings: Settings, findings: Findings) -> None:
    try:
        if not stores.is_shared(settings.store):
            stores.lock(settings.store, settings.data).release()
        held = ""
    except DirectoryInUseError:
        held = ", served by a running mien"
    store = stores.open_store(settings.store, settings.data)
    findings.found["store"] = store.database.describe() + held
    counted = store.database.read(lambda cursor: cursor.row("SELECT COUNT(*), SUM(faces) FROM collections"))
    findings.found["holds"] = f"{(counted or [0])[0]} collections with {(counted or [0, 0])[1] or 0} faces"
    pictures = "SELECT COUNT(*), COALESCE(SUM(LENGTH(picture)), 0) FROM portraits"
    number, size = store.database.read(lambda cursor: cursor.row(pictures)) or (0, 0)
    if number:
        findings.found["portraits"] = f"{number} portraits in {int(size) / 2**20:.1f} MiB"
    entry = own.named(settings.pack, settings.packs)
    findings.notes += other_packs.remarks(store, entry, settings.packs)
    store.database.close()


def _disk(settings: Settings, findings: Findings) -> None:
    if stores.is_shared(settings.store):
        return  # its files are the database server's
    directory: Path = stores.directory(settings.store, settings.data)
    free = shutil.disk_usage(directory).free
    findings.found["free disk"] = f"{free / 2**30:.1f} GiB under {directory}"
    if free < LEAST_DISK:
        findings.broken.append(f"Only {free / 2**20:.0f} MiB are free under {directory}; make room for the store.")
