"""Exports packs to a folder with their manifests and imports them from it, for machines without a network."""

from pathlib import Path

import msgspec

from mien.errors import SetupError
from mien.packs import install, kinds, manifest, networks, own, toml
from mien.packs.kinds import Pack
from mien.packs.manifest import File, Manifest
from mien.packs.network_set import NetworkSet
from mien.system import leftovers

MANIFEST = "pack.toml"


def export_pack(entry: Pack, packs: str, folder: Path) -> Path:
    """Writes a pack's files and its manifest into a folder of its name, and returns that folder.

    Args:
        entry: the pack, downloaded first if it is not installed.
        packs: the user's own folder of model files.
        folder: the parent of the new folder.

    Raises:
        SetupError: the pack cannot be installed, or the folder cannot be written to.
    """
    found = install.install(entry, packs)
    target = folder / entry.name
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, path in found.items():
            install.copy(path, target / name)
        leftovers.write(target / MANIFEST, msgspec.toml.encode(entry))
    except OSError as error:
        raise SetupError(f"{target} cannot be written: {error.strerror}.") from None
    return target


def import_packs(folder: Path, accepted: bool) -> list[Pack]:
    """Installs every pack that was exported to a folder: all of them or, on an error, none.

    Args:
        folder: the folder that `export_pack` was given, or one pack's folder in it.
        accepted: whether the user accepts a licence that forbids commercial use.

    Raises:
        SetupError: there is no pack, a file is damaged, or another pack of this name is known here.
    """
    places = [path.parent for path in (folder / MANIFEST, *sorted(folder.glob(f"*/{MANIFEST}"))) if path.is_file()]
    if not places:
        raise SetupError(f"{folder} holds no pack that `mien packs export` wrote.")
    checked = [(_read(place, accepted), place) for place in places]
    for entry, place in checked:
        install.keep(entry, {file.name: place / file.name for file in entry.files})
        if isinstance(entry, Manifest) and entry.name not in kinds.mine():
            own.keep(entry)
    return [entry for entry, _ in checked]


def _read(place: Path, accepted: bool) -> Pack:
    """Reads the manifest in a folder, and checks the files against it."""
    try:
        entry = kinds.parse(toml.read(place / MANIFEST), place / MANIFEST)
    except OSError as error:
        raise SetupError(f"{place / MANIFEST} cannot be read: {error.strerror}.") from None
    theirs = kinds.mine().get(entry.name)
    if isinstance(entry, NetworkSet) and not theirs:
        raise SetupError(f"{place} holds {entry.KIND} that this version of mien does not know.")
    if theirs and theirs.identity != entry.identity:
        raise SetupError(f"{place} holds another pack {entry.name} than this version of mien knows.")
    entry = theirs or entry
    install.check_license(entry, accepted, f"mien packs import {place.parent}")
    for file in entry.files:
        _check(entry, file, place / file.name)
    return entry


def _check(entry: Pack, file: File, path: Path) -> None:
    """Raises unless a file is the one that the manifest names."""
    if not path.is_file():
        raise SetupError(f"{path} is missing; export the pack {entry.name} again.")
    try:
        sound = path.stat().st_size <= manifest.MOST_FILE and manifest.digest(path) == file.sha256
        if sound and not file.reader and file.name in entry.networks:
            networks.check(path, [each.name for each in entry.files])
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise SetupError(f"The pack {entry.name} is not imported: {error}.") from None
    if not sound:
        raise install.WrongDigestError(
            f"{path} was damaged on the way (its SHA-256 is not {file.sha256[:12]}…); export the pack {entry.name} "
            "again."
        )
