"""The manifests of sets of networks that judge a face beside any recognition pack, a part of no collection's contract.

An attribute set measures attributes, and a living set tells a living face from a picture of one.
"""

import hashlib
from importlib import resources
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from mien.errors import SetupError
from mien.packs import toml
from mien.packs.manifest import Release
from mien.packs.specs import Colors, Divisors, Side, Triple


class InputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a face enters a network: rows and columns, colour order, and what is subtracted and divided by."""

    file: str
    size: Side
    color: Colors
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Divisors = (1.0, 1.0, 1.0)


class NetworkSet(Release, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """What every set has.

    `checks` holds the expected fingerprint of each network (`engine.session.fingerprint`), by its role. ROLES are the
    members that are inputs of networks.
    """

    ROLES: ClassVar[tuple[str, ...]] = ()
    KIND: ClassVar[str] = ""  # in words

    checks: dict[str, Annotated[list[float], Meta(min_length=64, max_length=64)]]

    @property
    def kind(self) -> str:
        """The word for what it judges, as in its manifest."""
        return str(type(self).__struct_config__.tag)

    @property
    def inputs(self) -> dict[str, InputSpec]:
        """The inputs of the networks, by their roles."""
        return {role: getattr(self, role) for role in self.ROLES}

    @property
    def networks(self) -> set[str]:
        """The names of the files that engines open."""
        return {each.file for each in self.inputs.values()}

    @property
    def identity(self) -> str:
        """The digest of its files and inputs (see `Release.identity`)."""
        facts = {"files": sorted(file.sha256 for file in self.files), "inputs": self.inputs}
        return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()


class AttributeSet(NetworkSet, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="attributes"):
    """The whole entry of an attribute set in the catalogue."""

    ROLES = ("mesh", "gender", "age", "emotions", "mask")
    KIND = "an attribute set"

    mesh: InputSpec
    gender: InputSpec
    age: InputSpec
    emotions: InputSpec
    mask: InputSpec


class LivingSet(NetworkSet, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="living"):
    """The whole entry of a living set in the catalogue: a network for each size of a face's surroundings."""

    ROLES = ("near", "wide")
    KIND = "a living set"

    near: InputSpec
    wide: InputSpec


def parse(text: bytes, source: str) -> NetworkSet:
    """Decodes the manifest of a set.

    Raises:
        SetupError: it is none; the text says where.
    """
    try:
        entry: NetworkSet = toml.decode(text, AttributeSet | LivingSet)  # type: ignore[arg-type]  # has no TypeForm
    except ValueError as error:
        raise SetupError(f"{source} is not a set's manifest: {error}.") from None
    missing = entry.networks - {file.name for file in entry.files}
    if missing:
        raise SetupError(f"{source} is not the manifest of {entry.KIND}: its files lack {', '.join(sorted(missing))}.")
    return entry


def catalogue() -> dict[str, NetworkSet]:
    """Returns every set in mien's catalogue, by name."""
    entries = resources.files("mien.packs") / "catalog" / "sets"
    found = [parse(entry.read_bytes(), entry.name) for entry in entries.iterdir() if entry.name.endswith(".toml")]
    return {entry.name: entry for entry in sorted(found, key=lambda each: each.name)}
