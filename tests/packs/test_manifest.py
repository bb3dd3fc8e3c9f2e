"""A pack's manifest is read strictly, and its contract changes with whatever changes an embedding's meaning."""

import re
from importlib import resources

import msgspec
import pytest

from mien.errors import SetupError
from mien.packs import manifest
from mien.packs.manifest import Manifest

TEXT = (resources.files("mien.packs") / "catalog" / "retail.toml").read_bytes()
RETAIL = manifest.parse(TEXT, "retail.toml")


def test_the_default_pack_says_what_it_is() -> None:
    assert RETAIL.name == "retail"
    assert RETAIL.license.commercial
    assert RETAIL.license.name == "Apache-2.0"
    assert {file.name for file in RETAIL.files} >= {*RETAIL.detector.files, RETAIL.embedder.file}


@pytest.mark.parametrize("name", manifest.catalogue())
def test_every_pack_names_its_files_addresses_and_digests(name: str) -> None:
    entry = manifest.named(name)
    assert entry.name == name
    assert entry.license.address.startswith("https://")
    assert entry.license.weights
    assert entry.license.training_data
    for file in entry.files:
        assert file.url.startswith("https://") or file.package or file.bring
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size > 0
    assert {*entry.detector.files, entry.embedder.file} <= {file.name for file in entry.files}
    assert bool(entry.checks and entry.calibration and entry.measured) == entry.tried


def test_what_mien_never_downloads_may_not_be_used_commercially() -> None:
    brought = {name for name, entry in manifest.catalogue().items() if any(file.bring for file in entry.files)}
    assert brought == {name for name, entry in manifest.catalogue().items() if not entry.license.commercial}
    assert "insightface" in brought


def test_the_catalogue_holds_retail() -> None:
    assert manifest.catalogue()["retail"] == RETAIL
    assert manifest.named("retail") == RETAIL


def test_a_pack_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(SetupError, match=r"no pack named nobodys. Known packs: .*retail"):
        manifest.named("nobodys")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"size = 128", b'size = "large"', "size"),
        (b"size = 128", b"", "size"),
        (b"mirror = true", b"mirror = true\nmirrored = true", "mirrored"),
        (b'name = "retail"', b"name = ", "retail.toml is not a pack's manifest"),
        (b"0.31556875", b'"x"', "points"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_place(old: bytes, new: bytes, words: str) -> None:
    assert old in TEXT
    with pytest.raises(SetupError, match=words):
        manifest.parse(TEXT.replace(old, new, 1), "retail.toml")


def changed(part: str, **values: object) -> Manifest:
    return msgspec.structs.replace(RETAIL, **{part: msgspec.structs.replace(getattr(RETAIL, part), **values)})


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(
            RETAIL, files=[msgspec.structs.replace(RETAIL.files[0], sha256="0" * 64), *RETAIL.files[1:]]
        ),
        changed("embedder", color="RGB"),
        changed("embedder", mirror=False),
        changed("embedder", size=112),
        changed("embedder", dimension=512),
        changed("embedder", mean=(127.5, 127.5, 127.5)),
        changed("embedder", scale=(2.0, 2.0, 2.0)),
        changed("embedder", points=((0.3, 0.4), *RETAIL.embedder.points[1:])),
    ],
    ids=["weights", "color", "mirror", "size", "dimension", "mean", "scale", "points"],
)
def test_other_weights_or_preprocessing_are_another_contract(other: Manifest) -> None:
    assert other.contract != RETAIL.contract
    assert other.model_version != RETAIL.model_version


@pytest.mark.parametrize(
    "same",
    [
        msgspec.structs.replace(RETAIL, title="another title"),
        msgspec.structs.replace(RETAIL, files=RETAIL.files[::-1]),
        msgspec.structs.replace(RETAIL, calibration=[(1e-4, 0.5)]),
        msgspec.structs.replace(
            RETAIL, files=[msgspec.structs.replace(RETAIL.files[0], url="https://mirror"), *RETAIL.files[1:]]
        ),
        changed("embedder", file="renamed.xml"),
        changed("license", name="MIT"),
    ],
    ids=["title", "order", "calibration", "address", "file name", "licence"],
)
def test_what_changes_no_embedding_changes_no_contract(same: Manifest) -> None:
    assert same.contract == RETAIL.contract


def test_the_model_version_has_the_form_aws_gives_it() -> None:
    """The pattern of IndexFacesModelVersion, and a number above 3, below which clients expect older behaviour."""
    assert re.fullmatch(r"[0-9\.]+", RETAIL.model_version)
    assert float(RETAIL.model_version) > 3
