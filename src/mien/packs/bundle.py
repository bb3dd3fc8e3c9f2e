"""Packs carried to machines without a network: written into a folder with their manifests, and taken in from there."""

from pathlib import Path

import msgspec

from mien.errors import SetupError
from mien.packs import install, manifest, networks, own, toml
from mien.packs.manifest import File, Manifest
from mien.system import leftovers

MANIFEST = "pack.toml"


def write(entry: Manifest, packs: str, folder: Path) -> Path:
    """Write a pack's files and its manifest into a folder of its name; where that is.

    Args:
        entry: the pack, downloaded first if it is not here.
        packs: the user's own folder of model files.
        folder: where to.

    Raises:
        SetupError: the pack cannot be had, or the folder cannot be written to.
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


def take(folder: Path, accepted: bool) -> list[Manifest]:
    """Take in every pack that was written into a folder: all of them, or, on an error, none.

    Args:
        folder: what `write` was given, or one pack's folder in it.
        accepted: whether the user accepts a licence that forbids commercial use.

    Raises:
        SetupError: there is none, a file is not the manifest's, or a pack of this name is another one here.
    """
    places = [path.parent for path in (folder / MANIFEST, *sorted(folder.glob(f"*/{MANIFEST}"))) if path.is_file()]
    if not places:
        raise SetupError(f"{folder} holds no pack that `mien packs export` wrote.")
    checked = [(_read(place, accepted), place) for place in places]
    for entry, place in checked:
        install.keep(entry, {file.name: place / file.name for file in entry.files})
        if entry.name not in manifest.catalogue():
            own.keep(entry)
    return [entry for entry, _ in checked]


def _read(place: Path, accepted: bool) -> Manifest:
    """The manifest in a folder, its files held against it."""
    try:
        entry = manifest.parse(toml.read(place / MANIFEST), str(place / MANIFEST))
    except OSError as error:
        raise SetupError(f"{place / MANIFEST} cannot be read: {error.strerror}.") from None
    theirs = manifest.catalogue().get(entry.name)
    if theirs and theirs.contract != entry.contract:
        raise SetupError(f"{place} holds another pack {entry.name} than this version of mien knows.")
    entry = theirs or entry
    install.hold_license(entry, accepted, f"mien packs import {place.parent}")
    for file in entry.files:
        _hold(entry, file, place / file.name)
    return entry


def _hold(entry: Manifest, file: File, path: Path) -> None:
    """Hold a file against its manifest."""
    if not path.is_file():
        raise SetupError(f"{path} is missing; export the pack {entry.name} again.")
    try:
        sound = path.stat().st_size <= manifest.MOST_FILE and manifest.digest(path) == file.sha256
        if sound and not file.reader and file.name in entry.networks:
            networks.hold(path, [each.name for each in entry.files])
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise SetupError(f"The pack {entry.name} is not taken in: {error}.") from None
    if not sound:
        raise install.WrongDigestError(
            f"{path} was damaged on the way (its SHA-256 is not {file.sha256[:12]}…); export the pack {entry.name} "
            "again."
        )
