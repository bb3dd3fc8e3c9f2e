"""Finds packs of every kind by their names: recognition packs, mien's and the user's, and sets of networks."""

from pathlib import Path

import msgspec

from mien.packs import manifest, network_set, own
from mien.packs.manifest import Manifest
from mien.packs.network_set import NetworkSet

Pack = Manifest | NetworkSet


def known(packs: str) -> dict[str, Pack]:
    """Returns every pack by name; `packs` is the user's own folder of model files.

    Raises:
        SetupError: a manifest of the user's cannot be read.
    """
    return {**own.known(packs), **network_set.catalogue()}


def named(name: str, packs: str) -> Pack:
    """Returns the pack of this name.

    Raises:
        SetupError: there is none.
    """
    sets = network_set.catalogue()
    return sets[name] if name in sets else own.named(name, packs)


def mine() -> dict[str, Pack]:
    """Returns the packs of mien's own catalogue, by name."""
    return {**manifest.catalogue(), **network_set.catalogue()}


def parse(text: bytes, source: Path) -> Pack:
    """Decodes a manifest of any kind.

    Raises:
        SetupError: it is none; the text says where.
    """
    try:
        is_set = "kind" in msgspec.toml.decode(text)
    except ValueError:
        is_set = False  # the other parser says what is wrong with it
    return (network_set.parse if is_set else manifest.parse)(text, str(source))
