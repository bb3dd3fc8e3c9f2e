"""Reads the manifest of a pack: one TOML in the catalogue, decoded into frozen structs and checked."""

import functools
import hashlib
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta

from mien.errors import SetupError
from mien.packs import toml
from mien.packs.specs import CascadeSpec, CrowdSpec, DetectorSpec, EmbedderSpec, Share, TrustSpec

Cosine = Annotated[float, Meta(ge=-1, le=1)]

CATALOG = "catalog"  # the folder of the user's manifests, beside the packs' folders, so no pack may have this name
MOST_FILE = 1 << 31  # bytes; an ONNX file cannot have more
_DIGEST = re.compile("[0-9a-f]{64}")
_NAME = re.compile("[a-z][a-z0-9_-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}")
_PACKAGE = re.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_ADDRESS = re.compile(r"https?://[!-~]+")


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Python package that contains a file: its name and version in the index, and the path inside it."""

    name: str
    version: str
    path: str

    def __post_init__(self) -> None:
        path = PurePosixPath(self.path)
        if not _PACKAGE.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not the name of a Python package")
        if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in self.path:
            raise ValueError(f"{self.path!r} is not a path inside a Python package")


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file of the pack: its name, the digest (hex SHA-256) it must have, its size in bytes, and its source.

    The source is `url`, its publisher's address, or `package`, or both; or `bring`, for a file that the user brings and
    mien never downloads; or `enclosed`, for a file that comes with mien. `reader` names the reader of a file that
    engines cannot read (`packs.load.READERS`). A brought file may lack its digest only in a manifest that has not been
    added yet (`packs.own`).
    """

    name: str
    sha256: str = ""
    url: str = ""
    package: Package | None = None
    bring: bool = False
    enclosed: bool = False
    reader: str = ""
    size: Annotated[int, Meta(ge=0, le=MOST_FILE)] = 0

    def __post_init__(self) -> None:
        if not _FILE.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not the name of a file")
        if [bool(self.url or self.package), self.bring, self.enclosed].count(True) != 1:
            raise ValueError(f"{self.name} needs a url or a package, or bring = true")
        if self.url and not _ADDRESS.fullmatch(self.url):
            raise ValueError(f"the url of {self.name} does not begin with https:// or http://")
        if not (_DIGEST.fullmatch(self.sha256) or (self.bring and not self.sha256)):
            raise ValueError(f"{self.name} needs the SHA-256 it must have, as 64 hexadecimal digits")

    @property
    def source(self) -> str:
        """The source in words."""
        if self.bring:
            return f"{self.name}, which you bring yourself"
        if self.enclosed:
            return f"{self.name}, which comes with mien"
        return self.url or (f"the Python package {self.package.name}=={self.package.version}" if self.package else "")


class License(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The licence of the weights, which is not the licence of mien's code."""

    name: str
    address: str
    commercial: bool
    weights: str
    training_data: str


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The accuracy measured on photographs, and the command that measures it again.

    `tar` has the share of same-person pairs (0–1) that is accepted at each false accept rate, as "0.001" (TAR at FAR).
    `ms` is the time of one image in milliseconds; `benchmarks/README.md` names the machine.
    """

    data: str
    command: str
    tar: dict[str, Share]
    ms: float | None = None

    def __post_init__(self) -> None:
        for rate in self.tar:
            float(rate)


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What packs of every kind have: a name, a licence, and files with their digests."""

    name: str
    title: str
    license: License
    files: Annotated[list[File], Meta(min_length=1, max_length=64)]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} is not a pack's name: a lower-case letter, then such letters, digits, - and _"
            )
        if self.name == CATALOG:
            raise ValueError(f"a pack may not have the name {CATALOG}")
        if len({file.name.lower() for file in self.files}) < len(self.files):
            raise ValueError("two files have the same name")

    @property
    def networks(self) -> set[str]:
        """The names of the files that engines open."""
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """A digest (hex SHA-256) that packs of one name share only if they are the same pack."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """Bytes of all its files whose sizes the manifest gives."""
        return sum(file.size for file in self.files)


class Manifest(Release, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole entry of a recognition pack in the catalogue.

    `calibration` holds pairs of false accept rate and the cosine that this share of impostor pairs reaches; a pack
    without any serves only with a user's calibration. `checks` holds the expected fingerprint of each network
    (`engine.session.fingerprint`), by its name in `packs.load.Pack.sessions`. `tried` is false for a pack that was
    never run with its real weights, which may have no checks.
    """

    detector: DetectorSpec | CascadeSpec
    embedder: EmbedderSpec | Annotated[list[EmbedderSpec], Meta(min_length=1, max_length=8)]
    calibration: list[tuple[Share, Cosine]] = []
    checks: dict[str, Annotated[list[float], Meta(min_length=64, max_length=64)]] = {}
    measured: Measured | None = None
    crowd: CrowdSpec | None = None
    trust: TrustSpec | None = None
    tried: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crowd and len(self.crowd.files) != len(self.embedders):
            raise ValueError("a crowd needs a file for each embedder")
        if self.trust and not len(self.trust.lengths) == len(self.trust.length) == len(self.embedders):
            raise ValueError("lengths and length of the trust need a number for each embedder")

    @property
    def embedders(self) -> list[EmbedderSpec]:
        """The pack's embedders, one or more."""
        return self.embedder if isinstance(self.embedder, list) else [self.embedder]

    @property
    def dimension(self) -> int:
        """The length of the pack's vectors."""
        return sum(each.dimension for each in self.embedders)

    @property
    def networks(self) -> set[str]:
        """The names of the files that engines open."""
        return {*self.detector.files, *(each.file for each in self.embedders)}

    @property
    def identity(self) -> str:
        """The contract (see `Release.identity`)."""
        return self.contract

    @property
    def contract(self) -> str:
        """The digest (hex SHA-256) that a collection is bound to, over the weights and the embedder's preprocessing.

        Embeddings made under different contracts cannot be compared. Names and addresses do not count, nor do the
        detector's thresholds and canvases, which decide which faces are found but not the meaning of an embedding.
        """
        facts: dict[str, object] = {
            "files": sorted(file.sha256 for file in self.files),
            "embedder": self._embedding(),
        }
        if self.crowd:
            facts["crowd"] = msgspec.structs.replace(self.crowd, files=self._digests(self.crowd.files), license="")
        if self.trust:
            facts["trust"] = msgspec.structs.replace(self.trust, file=self._digests([self.trust.file])[0])
        return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()

    def _embedding(self) -> EmbedderSpec | list[EmbedderSpec]:
        """Returns the embedding for the contract, without names; of several embedders, each with its file's digest."""
        if isinstance(self.embedder, EmbedderSpec):
            return msgspec.structs.replace(self.embedder, file="")
        digests = self._digests([each.file for each in self.embedder])
        return [msgspec.structs.replace(each, file=file) for each, file in zip(self.embedder, digests, strict=True)]

    def _digests(self, names: list[str]) -> list[str]:
        return [next(file.sha256 for file in self.files if file.name == name) for name in names]

    @property
    def model_version(self) -> str:
        """The contract in the form of AWS's FaceModelVersion: digits and one dot."""
        return f"7.{int(self.contract[:8], 16)}"


def parse(text: bytes, source: str) -> Manifest:
    """Decodes a manifest.

    Raises:
        SetupError: it is not a manifest; the text says where.
    """
    try:
        manifest = toml.decode(text, Manifest)
    except ValueError as error:
        raise SetupError(f"{source} is not a pack's manifest: {error}.") from None
    arrays = [*(manifest.crowd.files if manifest.crowd else []), *([manifest.trust.file] if manifest.trust else [])]
    missing = {*manifest.networks, *arrays} - {file.name for file in manifest.files}
    if missing:
        raise SetupError(f"{source} is not a pack's manifest: its files lack {', '.join(sorted(missing))}.")
    return manifest


@functools.cache
def catalogue() -> Mapping[str, Manifest]:
    """Returns every pack in mien's catalogue, by name."""
    entries = resources.files("mien.packs") / "catalog"
    found = [parse(entry.read_bytes(), entry.name) for entry in entries.iterdir() if entry.name.endswith(".toml")]
    return MappingProxyType({manifest.name: manifest for manifest in sorted(found, key=lambda each: each.name)})


def named(name: str) -> Manifest:
    """Returns the pack of this name from the catalogue.

    Raises:
        SetupError: there is none.
    """
    packs = catalogue()
    if name not in packs:
        raise SetupError(f"There is no pack named {name}. Known packs: {', '.join(packs)}.")
    return packs[name]


def digest(path: Path) -> str:
    """Returns the hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
