"""Adds and finds a user's own packs: each is described in a TOML, tried when added, and kept in the cache."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.engine.choice import Compile
from mien.engine.cores import Cores
from mien.errors import SetupError
from mien.face.embed import Embedder
from mien.face.halves import Halves
from mien.packs import catalogs, install, manifest, network_set, toml
from mien.packs.load import UNREADABLE, Pack, load
from mien.packs.manifest import CATALOG, File, Manifest
from mien.system import leftovers

ALIKE = 0.999  # a cosine above it, between different pictures, shows that the network ignores its input


def known(packs: str) -> dict[str, Manifest]:
    """Returns every pack by name: the user's own, and those of mien's catalogue, which take precedence.

    Args:
        packs: the user's own folder of model files; empty for none.

    Raises:
        SetupError: a manifest of the user's cannot be read.
    """
    mine = {
        path.stem: catalogs.read(path)
        for folder in reversed(catalogs.folders(packs))
        for path in sorted(folder.glob("*.toml"))
    }
    return {**mine, **manifest.catalogue()}


def dimensions(packs: str) -> dict[str, int]:
    """Returns the length of every pack's embeddings, by the pack's contract (see `known`)."""
    return {entry.contract: entry.dimension for entry in known(packs).values()}


def named(name: str, packs: str) -> Manifest:
    """Returns the pack of this name, from the catalogue or the user's own.

    Raises:
        SetupError: there is none.
    """
    if name not in manifest.catalogue():
        for folder in catalogs.folders(packs):
            if (folder / f"{Path(name).name}.toml").is_file():
                return catalogs.read(folder / f"{Path(name).name}.toml")
    return manifest.named(name)


def keep(entry: Manifest) -> Path:
    """Writes a manifest into the user's catalogue in the cache, and returns its path.

    Raises:
        SetupError: it cannot be written.
    """
    place = install.cache("") / CATALOG / f"{entry.name}.toml"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        leftovers.write(place, msgspec.toml.encode(entry))
    except OSError as error:
        raise SetupError(f"The pack {entry.name} cannot be kept in {place.parent}: {error.strerror}.") from None
    return place


def add(described: Path, packs: str, compile_graph: Compile, accepted: bool = False) -> Manifest:
    """Adds a pack: collects its files, tries it, stores its fingerprints, and keeps all of it in the cache.

    Args:
        described: the user's TOML. Files that the user brings lie beside it, in `packs`, or in another pack.
        packs: the user's own folder of model files; empty for none.
        compile_graph: the engine.
        accepted: whether the user accepts a licence that forbids commercial use.

    Returns:
        The manifest as it was kept, with digests, sizes and checks.

    Raises:
        SetupError: a file is missing, a network does not load, or its output is not an embedding.
    """
    try:
        draft = manifest.parse(toml.read(described), described.name)
    except OSError as error:
        raise SetupError(f"{described} cannot be read: {error.strerror}.") from None
    if draft.name in {*manifest.catalogue(), *network_set.catalogue()}:
        raise SetupError(f"A pack named {draft.name} is in mien's own catalogue; give yours another name.")
    install.check_license(draft, accepted, f"mien packs add {described}")
    folders = [described.resolve().parent, *([Path(packs)] if packs else []), *_installed()]
    entry = msgspec.structs.replace(draft, files=[_complete(file, folders) for file in draft.files])
    try:
        install.cache("").mkdir(parents=True, exist_ok=True)
        with leftovers.folder(install.cache(""), install.ADDING) as trial:
            for file in entry.files:
                place = _find(file, folders)
                if place is not None:
                    shutil.copyfile(place, trial / file.name)
            found = install.install(entry, str(trial), accepted=True)
            pack = load(entry, found, Cores(1), compile_graph)
            entry = msgspec.structs.replace(entry, checks=try_out(pack), tried=True)
            install.keep(entry, found)
    except OSError as error:
        raise SetupError(f"The pack {entry.name} cannot be kept in {install.cache('')}: {error.strerror}.") from None
    keep(entry)
    return entry


def try_out(pack: Pack) -> dict[str, list[float]]:
    """Tries a pack: every network must output numbers, and the embedder must tell pictures apart.

    Returns:
        The fingerprint of each network, for the manifest's checks.

    Raises:
        SetupError: one of them does not.
    """
    try:
        return _tried(pack)
    except UNREADABLE as error:
        raise SetupError(f"The networks of {pack.manifest.name} do not run: {error}.") from None


def _tried(pack: Pack) -> dict[str, list[float]]:
    name = pack.manifest.name
    for embedder in pack.pipeline.ensemble.embedders:
        _check_embeddings(name, embedder)
    prints = pack.fingerprints()
    for network, measured in prints.items():
        if not np.isfinite(measured).all():
            raise SetupError(f"The {network} network of {name} answers something that is not a number.")
    try:
        pack.pipeline.detector.detect(Halves(_noise(512, 512)), 512, 512)
    except UNREADABLE as error:
        raise SetupError(f"The detector of {name} does not answer as its head expects: {error}.") from None
    return {network: [round(float(value), 4) for value in measured] for network, measured in prints.items()}


def _noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def _check_embeddings(name: str, embedder: Embedder) -> None:
    """Raises unless the network answers embeddings, and those of noise and of a plain gradient differ.

    Raises:
        SetupError: the answers are no embeddings, or are alike.
    """
    height, width, _ = embedder.session.shape
    noise = _noise(height, width)
    outputs = list(embedder.session.run(noise[None]).values())
    if len(outputs) != 1:
        raise SetupError(f"The embedder of {name} has {len(outputs)} outputs, and an embedder has one.")
    if outputs[0][0].size != embedder.dimension:
        raise SetupError(
            f"The embedder of {name} answers {outputs[0][0].size} numbers, and its manifest says {embedder.dimension}."
        )
    plain = np.broadcast_to(np.linspace(0, 255, width)[None, :, None], (height, width, 3)).astype(np.uint8)
    try:
        one, other = embedder.embed(np.stack([noise, plain]))
    except ArithmeticError:
        raise SetupError(f"The embedder of {name} answers zeros or no numbers.") from None
    if float(one @ other) > ALIKE:
        raise SetupError(
            f"The embedder of {name} answers the same for different pictures; look at its mean, scale and colour order."
        )


def _complete(file: File, folders: Iterable[Path]) -> File:
    """Returns the file's entry with its digest and size.

    Raises:
        SetupError: the entry has no digest, and the file is missing.
    """
    place = _find(file, folders)
    if place is None:
        if not file.sha256:
            raise SetupError(f"{file.name} is not there; put it beside the manifest, or in the folder of MIEN_PACKS.")
        return file
    return msgspec.structs.replace(file, sha256=manifest.digest(place), size=place.stat().st_size)


def _find(file: File, folders: Iterable[Path]) -> Path | None:
    """Returns the first file of this name and, if the entry has one, of this digest."""
    for folder in folders:
        place = folder / file.name
        if place.is_file() and file.sha256 in ("", manifest.digest(place)):
            return place
    return None


def _installed() -> list[Path]:
    return [path for path in sorted(install.cache("").glob("*")) if path.is_dir() and not path.name.startswith(".")]
