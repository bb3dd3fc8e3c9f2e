"""A pack's manifest is read strictly, and its contract changes with the meaning of its embeddings."""

import re
from importlib import resources
from pathlib import Path

import msgspec
import pytest

from mien.errors import SetupError
from mien.packs import kinds, manifest
from mien.packs.manifest import Manifest

TEXT = (resources.files("mien.packs") / "catalog" / "retail.toml").read_bytes()
RETAIL = manifest.parse(TEXT, "retail.toml")


def test_the_default_pack_says_what_it_is() -> None:
    assert RETAIL.name == "retail"
    assert RETAIL.license.commercial
    assert RETAIL.license.name == "Apache-2.0"
    assert {file.name for file in RETAIL.files} >= {*RETAIL.detector.files, RETAIL.embedders[0].file}


@pytest.mark.parametrize("name", manifest.catalogue())
def test_every_pack_names_its_files_addresses_and_digests(name: str) -> None:
    entry = manifest.named(name)
    assert entry.name == name
    assert entry.license.address.startswith("https://")
    assert entry.license.weights
    assert entry.license.training_data
    for file in entry.files:
        assert file.url.startswith("https://") or file.package or file.bring or file.enclosed
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size > 0
    assert {*entry.detector.files, *(each.file for each in entry.embedders)} <= {file.name for file in entry.files}
    assert bool(entry.checks and entry.calibration and entry.measured) == entry.tried


@pytest.mark.parametrize("name", kinds.mine())
def test_an_export_can_be_read_again(name: str) -> None:
    entry = kinds.named(name, "")
    assert kinds.parse(msgspec.toml.encode(entry), Path("pack.toml")) == entry


def test_packs_that_the_user_brings_are_non_commercial() -> None:
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
def test_an_invalid_manifest_is_refused_with_its_place(old: bytes, new: bytes, words: str) -> None:
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
        changed("embedder", points=((0.3, 0.4), *RETAIL.embedders[0].points[1:])),
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
def test_a_change_without_effect_on_embeddings_keeps_the_contract(same: Manifest) -> None:
    assert same.contract == RETAIL.contract


def test_the_model_version_has_the_form_aws_gives_it() -> None:
    """The pattern of IndexFacesModelVersion, and a number above 3, below which clients expect older behaviour."""
    assert re.fullmatch(r"[0-9\.]+", RETAIL.model_version)
    assert float(RETAIL.model_version) > 3


DEEP = b"x" + b".x" * 50_000 + b" = 1\n"  # tomllib's memory is quadratic in it


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'name = "retail"', b'name = "catalog"'),
        (b'name = "retail"', b'name = "' + b"a" * 65 + b'"'),
        (b"wide = 640", b"wide = 1000000000"),
        (b"wide = 640", b"wide = -1"),
        (b"dimension = 256", b"dimension = 1000000000"),
        (b"dimension = 256", b"dimension = 0"),
        (b"dimension = 256", b"dimension = " + b"9" * 5000),
        (b"size = 128", b"size = 100000"),
        (b'color = "BGR"', b'color = "HSV"'),
        (b"least_score = ", b"least_score = nan #"),
        (b"0.31556875", b"inf"),
        (b"0.31556875", b"1e300"),
        (b"commercial = true", b'commercial = "true"'),
        (b'title = "', b'title = "\\u001b]0;x\\u0007'),
        (b'title = "', b'title = "\\u202e'),
        (b'title = "', b'title = "' + b"x" * 3000),
        (b'url = "https://', b'url = "file://'),
        (b'url = "https://', b'url = "ftp://'),
        (b'url = "https://', b'url = "data:'),
        (b'url = "https://', b'url = " https://'),
        (b"[license]", b"calibration_of = [nan]\n[license]"),
        (b"[license]", DEEP + b"[license]"),
        (b"[license]", b"x = " + b"[" * 50_000 + b"\n[license]"),
        (b"[license]", b"#" * 200_000 + b"\n[license]"),
        (b'"0.001" = ', b'"often" = '),
    ],
)
def test_values_that_no_pack_has_are_refused(old: bytes, new: bytes) -> None:
    assert old in TEXT
    with pytest.raises(SetupError, match=r"retail\.toml is not a pack's manifest"):
        manifest.parse(TEXT.replace(old, new, 1), "retail.toml")


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".x", "", "a\x00b", "a b", "x" * 200, "..", "\u202ex"])
def test_a_file_is_named_by_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a file"):
        manifest.File(name, "0" * 64, bring=True)


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "", "a\\..\\x"])
def test_a_packages_file_lies_inside_it(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path inside a Python package"):
        manifest.Package("numpy", "1", path)


@pytest.mark.parametrize("name", ["", "../numpy", "a b", "-x"])
def test_a_package_has_a_packages_name(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a Python package"):
        manifest.Package(name, "1", "x")
