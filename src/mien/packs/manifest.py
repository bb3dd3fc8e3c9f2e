"""What a pack says of itself: one TOML in the catalogue, read into frozen structs and checked."""

import hashlib
from importlib import resources
from pathlib import Path

import msgspec

from mien.errors import SetupError

Triple = tuple[float, float, float]
Point = tuple[float, float]


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Python package that a file comes in: its name and version in the index, and the file's path inside it."""

    name: str
    version: str
    path: str


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the pack: its name, the digest (hex SHA-256) it must have, and where it comes from.

    Either `url`, its publisher's address, or `package`. `reader` names what builds the network of a file that engines
    do not read themselves (`packs.load.READERS`).
    """

    name: str
    sha256: str
    url: str = ""
    package: Package | None = None
    reader: str = ""

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.package):
            raise ValueError(f"{self.name} needs either a url or a package")

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        return f"the Python package {self.package.name}=={self.package.version}" if self.package else self.url


class License(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The licence of the weights, which is not the licence of mien's code."""

    name: str
    address: str
    commercial: bool
    weights: str
    training_data: str


class DetectorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="canvas"):
    """One network over a canvas: sides in pixels, colour order, the head that reads the outputs, its bars (0–1)."""

    file: str
    head: str
    wide: int
    narrow: int
    color: str
    least_score: float
    most_overlap: float

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
    wide: int
    narrow: int
    color: str
    least_scores: Triple
    most_overlap: float
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Triple = (1.0, 1.0, 1.0)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return (self.proposer, self.refiner, self.finisher)


class EmbedderSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a face is embedded: crop side in pixels, length of the vector, preprocessing, and where the landmarks go.

    `points` are shares of the crop: left eye, right eye, nose tip, left and right mouth corner as seen in the image.
    `zoom` is how much larger the face is made than in the mirror image that it is averaged with;
    `cubic` whether crops are interpolated by cubic pieces or linear ones.
    """

    file: str
    size: int
    dimension: int
    color: str
    mirror: bool
    points: tuple[Point, Point, Point, Point, Point]
    mean: Triple = (0.0, 0.0, 0.0)
    scale: Triple = (1.0, 1.0, 1.0)
    zoom: float = 1.0
    cubic: bool = False


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pack's whole entry in the catalogue.

    `calibration` holds pairs of false accept rate and the cosine that this share of impostor pairs reaches. `checks`
    holds what the start-up check must measure: a fingerprint (`engine.session.fingerprint`) of each network by its
    name in `packs.load.Pack.sessions`.
    """

    name: str
    title: str
    license: License
    files: list[File]
    detector: DetectorSpec | CascadeSpec
    embedder: EmbedderSpec
    calibration: list[tuple[float, float]]
    checks: dict[str, list[float]]

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
        return msgspec.toml.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"{source} is not a pack's manifest: {error}.") from None


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
