"""Reads the manifest of a pack: one TOML in the catalogue, decoded into frozen structs and checked."""

import hashlib
import re
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mien.errors import SetupError
from mien.packs import toml

Side = Annotated[int, Meta(ge=16, le=4096)]  # pixels of a network's input
Share = Annotated[float, Meta(ge=0, le=1)]
Coordinate = Annotated[float, Meta(ge=-1, le=2)]  # as a share of a crop; a landmark may lie outside
Point = tuple[Coordinate, Coordinate]
Triple = tuple[float, float, float]
Divisor = Annotated[float, Meta(gt=0)]
Divisors = tuple[Divisor, Divisor, Divisor]
Cosine = Annotated[float, Meta(ge=-1, le=1)]
Colors = Literal["RGB", "BGR"]

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

    The source is one of three: `url`, its publisher's address; `package`; or `bring`, for a file that the user brings
    and mien never downloads. `reader` names the reader of a file that engines cannot read (`packs.load.READERS`). A
    brought file may lack its digest only in a manifest that has not been added yet (`packs.own`).
    """

    name: str
    sha256: str = ""
    url: str = ""
    package: Package | None = None
    bring: bool = False
    reader: str = ""
    size: Annotated[int, Meta(ge=0, le=MOST_FILE)] = 0

    def __post_init__(self) -> None:
        if not _FILE.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not the name of a file")
        if [bool(self.url), bool(self.package), self.bring].count(True) != 1:
            raise ValueError(f"{self.name} needs either a url or a package, or bring = true")
        if self.url and not _ADDRESS.fullmatch(self.url):
            raise ValueError(f"the url of {self.name} does not begin with https:// or http://")
        if not (_DIGEST.fullmatch(self.sha256) or (self.bring and not self.sha256)):
            raise ValueError(f"{self.name} needs the SHA-256 it must have, as 64 hexadecimal digits")

    @property
    def source(self) -> str:
        """The source in words."""
        if self.bring:
            return f"{self.name}, which you bring yourself"
        return f"the Python package {self.package.name}=={self.package.version}" if self.package else self.url


class License(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The licence of the weights, which is not the licence of mien's code."""

    name: str
    address: str
    commercial: bool
    weights: str
    training_data: str


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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


class DetectorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="canvas"):
    """A detector of one network: canvas sides in pixels, preprocessing, the head of its outputs, thresholds (0–1)."""

    file: str
    head: str
    wide: Side
    narrow: Side
    color: Colors
    least_score: Share
    most_overlap: Share
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Divisors = (1.0, 1.0, 1.0)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return (self.file,)


class CascadeSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="cascade"):
    """A cascade of three networks: sides of the first one's canvas in pixels, preprocessing, thresholds (0–1).

    `least_scores` has the least score of a face for each network.
    """

    proposer: str
    refiner: str
    finisher: str
    wide: Side
    narrow: Side
    color: Colors
    least_scores: tuple[Share, Share, Share]
    most_overlap: Share
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Divisors = (1.0, 1.0, 1.0)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return (self.proposer, self.refiner, self.finisher)


class EmbedderSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An embedder: crop side in pixels, length of the vector, preprocessing, and the landmarks' places in a crop.

    `points` are shares of the crop: left eye, right eye, nose tip, left and right mouth corner as seen in the image.
    `scales` are the sizes of the face, relative to `points`, in the crop and in the crop that is mirrored. `cubic`
    says whether crops are interpolated bicubically or bilinearly. Defaults are left out of the contract, so that an old
    pack keeps its contract, and its collections, when a later mien adds a step that the pack does not use.
    """

    file: str
    size: Annotated[int, Meta(ge=16, le=1024)]
    dimension: Annotated[int, Meta(ge=2, le=4096)]
    color: Colors
    mirror: bool
    points: tuple[Point, Point, Point, Point, Point]
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Divisors = (1.0, 1.0, 1.0)
    scales: tuple[Divisor, Divisor] = (1.0, 1.0)
    cubic: bool = False


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A pack's whole entry in the catalogue.

    `calibration` holds pairs of false accept rate and the cosine that this share of impostor pairs reaches; a pack
    without any serves only with a user's calibration. `checks` holds the expected fingerprint of each network
    (`engine.session.fingerprint`), by its name in `packs.load.Pack.sessions`. `tried` is false for a pack that was
    never run with its real weights, which may have no checks.
    """

    name: str
    title: str
    license: License
    files: Annotated[list[File], Meta(min_length=1, max_length=64)]
    detector: DetectorSpec | CascadeSpec
    embedder: EmbedderSpec
    calibration: list[tuple[Share, Cosine]] = []
    checks: dict[str, Annotated[list[float], Meta(min_length=64, max_length=64)]] = {}
    measured: Measured | None = None
    tried: bool = True

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
        return {*self.detector.files, self.embedder.file}

    @property
    def size(self) -> int:
        """Bytes of all its files whose sizes the manifest gives."""
        return sum(file.size for file in self.files)

    @property
    def contract(self) -> str:
        """The digest (hex SHA-256) that a collection is bound to, over the weights and the embedder's preprocessing.

        Embeddings made under different contracts cannot be compared. Names and addresses do not count, nor do the
        detector's thresholds and canvases, which decide which faces are found but not the meaning of an embedding.
        """
        facts = {
            "files": sorted(file.sha256 for file in self.files),
            "embedder": msgspec.structs.replace(self.embedder, file=""),
        }
        return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()

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
    missing = manifest.networks - {file.name for file in manifest.files}
    if missing:
        raise SetupError(f"{source} is not a pack's manifest: its files lack {', '.join(sorted(missing))}.")
    return manifest


def catalogue() -> dict[str, Manifest]:
    """Returns every pack in mien's catalogue, by name."""
    entries = resources.files("mien.packs") / "catalog"
    found = [parse(entry.read_bytes(), entry.name) for entry in entries.iterdir() if entry.name.endswith(".toml")]
    return {manifest.name: manifest for manifest in sorted(found, key=lambda each: each.name)}


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
