"""The manifest of an attribute set: networks that judge attributes of a face, a part of no collection's contract."""

import hashlib
from importlib import resources
from typing import Annotated

import msgspec
from msgspec import Meta

from mien.errors import SetupError
from mien.packs import toml
from mien.packs.manifest import Release
from mien.packs.specs import Colors, Divisors, Side, Triple

ROLES = ("mesh", "gender", "age", "emotions", "mask")


class InputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a face enters a network: rows and columns, colour order, and what is subtracted and divided by."""

    file: str
    size: Side
    color: Colors
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Divisors = (1.0, 1.0, 1.0)


class AttributeSet(
    Release, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="attributes"
):
    """The whole entry of an attribute set in the catalogue.

    `checks` holds the expected fingerprint of each network (`engine.session.fingerprint`), by its role.
    """

    mesh: InputSpec
    gender: InputSpec
    age: InputSpec
    emotions: InputSpec
    mask: InputSpec
    checks: dict[str, Annotated[list[float], Meta(min_length=64, max_length=64)]]

    @property
    def inputs(self) -> dict[str, InputSpec]:
        """The inputs of the networks, by their roles."""
        return {role: getattr(self, role) for role in ROLES}

    @property
    def networks(self) -> set[str]:
        """The names of the files that engines open."""
        return {each.file for each in self.inputs.values()}

    @property
    def identity(self) -> str:
        """The digest of its files and inputs (see `Release.identity`)."""
        facts = {"files": sorted(file.sha256 for file in self.files), "inputs": self.inputs}
        return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()


def parse(text: bytes, source: str) -> AttributeSet:
    """Decodes the manifest of an attribute set.

    Raises:
        SetupError: it is none; the text says where.
    """
    try:
        entry = toml.decode(text, AttributeSet)
    except ValueError as error:
        raise SetupError(f"{source} is not an attribute set's manifest: {error}.") from None
    missing = entry.networks - {file.name for file in entry.files}
    if missing:
        raise SetupError(f"{source} is not an attribute set's manifest: its files lack {', '.join(sorted(missing))}.")
    return entry


def catalogue() -> dict[str, AttributeSet]:
    """Returns every attribute set in mien's catalogue, by name."""
    entries = resources.files("mien.packs") / "catalog" / "sets"
    found = [parse(entry.read_bytes(), entry.name) for entry in entries.iterdir() if entry.name.endswith(".toml")]
    return {entry.name: entry for entry in sorted(found, key=lambda each: each.name)}
