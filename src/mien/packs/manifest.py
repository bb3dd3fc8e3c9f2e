"""What a pack says of itself: one TOML in the catalogue, read into frozen structs and checked."""

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
Coordinate = Annotated[float, Meta(ge=-1, le=2)]  # as a share of a crop, in which a landmark seldom does not lie
Point = tuple[Coordinate, Coordinate]
Triple = tuple[float, float, float]
Divisor = Annotated[float, Meta(gt=0)]
Divisors = tuple[Divisor, Divisor, Divisor]
Cosine = Annotated[float, Meta(ge=-1, le=1)]
Colors = Literal["RGB", "BGR"]

CATALOG = "catalog"  # the folder of the user's manifests, beside those of their files, so no pack's name
MOST_FILE = 1 << 31  # bytes; an ONNX file cannot have more
_DIGEST = re.compile("[0-9a-f]{64}")
_NAME = re.compile("[a-z][a-z0-9_-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}")
_PACKAGE = re.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_ADDRESS = re.compile(r"https?://[!-~]+")


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Python package that a file comes in: its name and version in the index, and the file's path inside it."""

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
    """A file of the pack: its name, the digest (hex SHA-256) it must have, its size in bytes, and where it comes from.

    One of three: `url`, its publisher's address; `package`; or `bring`, for one that the user brings and mien never
    downloads. `reader` names what builds the network of a file that engines do not read themselves
    (`packs.load.READERS`). Only in a manifest that was not added yet (`packs.own`) may a brought file lack its digest.
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
        """Where it comes from, in words."""
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
    """What the pack gave on photographs, and the command that says so again.

    `tar` has the share of same-person pairs (0–1) that is accepted at each false accept rate, as "0.001". `ms` is the
    time of one image, in milliseconds, and what it was measured on stands in `benchmarks/README.md`.
    """

    data: str
    command: str
    tar: dict[str, Share]
    ms: float | None = None

    def __post_init__(self) -> None:
        for rate in self.tar:
            float(rate)


class DetectorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="canvas"):
    """One network over a canvas: sides in pixels, preprocessing, the head that reads the outputs, its bars (0–1)."""

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
    """Three networks that look closer in turn: sides of the first one's canvas in pixels, preprocessing, bars (0–1).

    `least_scores` are for what the first, second and third network take for a face.
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
    """How a face is embedded: crop side in pixels, length of the vector, preprocessing, and where the landmarks go.

    `points` are shares of the crop: left eye, right eye, nose tip, left and right mouth corner as seen in the image.
    `scales` is how large the face is made, about the crop's middle, in the crop and in its mirror image;
    `cubic` whether crops are interpolated by cubic pieces or by linear ones. Defaults are left out of the contract, so
    that a step which a later mien adds, and an old pack does without, does not cut its collections off.
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

    `calibration` holds pairs of false accept rate and the cosine that this share of impostor pairs reaches; without
    any, the pack serves only by a calibration of the user's own. `checks` holds what the start-up check must measure: a
    fingerprint (`engine.session.fingerprint`) of each network by its name in `packs.load.Pack.sessions`. `tried` is
    false for a pack that was never run with its real weights, which may have no checks.
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
            raise ValueError(f"{self.name!r} is not a pack's name: small letters, digits, - and _, from a letter on")
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
        """Bytes of all its files, as far as the manifest says."""
        return sum(file.size for file in self.files)

    @property
    def contract(self) -> str:
        """The digest (hex SHA-256) a collection is bound to: over the weights and how a face is put before them.

        Embeddings made under different contracts cannot be compared. Names and addresses do not count, nor do the
        detector's bars and canvases, which decide which faces are found and not what an embedding means.
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
    """Read a manifest.

    Raises:
        SetupError: not a manifest; the text says where.
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
    """Every pack mien knows, by name."""
    entries = resources.files("mien.packs") / "catalog"
    found = [parse(entry.read_bytes(), entry.name) for entry in entries.iterdir() if entry.name.endswith(".toml")]
    return {manifest.name: manifest for manifest in sorted(found, key=lambda each: each.name)}


def named(name: str) -> Manifest:
    """The pack of this name.

    Raises:
        SetupError: there is none.
    """
    packs = catalogue()
    if name not in packs:
        raise SetupError(f"There is no pack named {name}. Known packs: {', '.join(packs)}.")
    return packs[name]


def digest(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
