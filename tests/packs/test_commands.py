"""`mien packs` lists, installs, verifies, exports and imports packs; called as a user calls it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mien import config
from mien.errors import SetupError
from mien.packs import manifest, terms
from tests.live import command, environment

NOWHERE = "http://127.0.0.1:9"


def mien(*arguments: str, folder: Path, packs: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command with an empty cache and no network."""
    variables = environment(
        XDG_CACHE_HOME=str(folder / "cache"), https_proxy=NOWHERE, http_proxy=NOWHERE, no_proxy="", NO_PROXY="", **more
    )
    if packs:
        variables["MIEN_PACKS"] = packs
    ran = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=variables
    )
    assert "Traceback" not in ran.stderr
    return ran


def listed(folder: Path, packs: str = "") -> dict[str, dict[str, Any]]:
    ran = mien("packs", "list", "--json", folder=folder, packs=packs)
    return {row["name"]: row for row in json.loads(ran.stdout)}


def test_the_list_says_size_licence_figures_and_state(packs: str, tmp_path: Path) -> None:
    rows = listed(tmp_path, packs)
    assert set(rows) == {*manifest.catalogue(), "attributes", "living"}
    retail = rows["retail"]
    assert (retail["state"], retail["tried"], retail["commercial"]) == ("installed", True, True)
    assert retail["size"] == sum((Path(packs) / file["name"]).stat().st_size for file in retail["files"])
    measured = manifest.catalogue()["retail"].measured
    assert measured is not None and retail["measured"]["tar"] == measured.tar
    assert (rows["insightface"]["commercial"], rows["insightface"]["tried"]) == (False, False)
    text = mien("packs", "list", folder=tmp_path, packs=packs).stdout
    assert "2.9 MB" in text
    assert "TAR 98.91% at FAR 0.001" in text
    assert (
        "insightface-small  SCRFD-500M + ArcFace MobileFaceNet  [not installed]  [not tried]  [not calibrated]" in text
    )
    assert "crowd    704 generated faces of no real person" in text
    assert "non-commercial use only" in text


def test_a_non_commercial_pack_is_installed_only_when_its_licence_is_accepted(tmp_path: Path) -> None:
    refused = mien("packs", "install", "insightface", folder=tmp_path)
    assert refused.returncode == 1
    assert "may not be used commercially" in refused.stderr
    assert "`mien packs install insightface --accept-license`" in refused.stderr
    asked = mien("packs", "install", "insightface", "--accept-license", folder=tmp_path)
    assert asked.returncode == 1
    assert "det_10g.onnx and w600k_r50.onnx are missing" in asked.stderr
    assert refused.stderr.count("\n") == asked.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"host": "0.0.0.0"}, r"and mien listens on 0\.0\.0\.0"),
        ({"host": "127.0.0.1", "allow_noncommercial": "false"}, "and allow_noncommercial is false"),
    ],
)
def test_non_commercial_weights_are_not_served_to_others(flags: dict[str, str], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        terms.refuse_unlicensed(config.load(flags, {}), manifest.named("insightface"))
    terms.refuse_unlicensed(config.load(flags, {}), manifest.named("retail"))


@pytest.mark.parametrize(
    "flags", [{}, {"host": "::1"}, {"host": "localhost"}, {"host": "0.0.0.0", "allow_noncommercial": "true"}]
)
def test_non_commercial_weights_are_served_to_this_machine_or_where_it_is_allowed(flags: dict[str, str]) -> None:
    terms.refuse_unlicensed(config.load(flags, {}), manifest.named("insightface"))


def test_the_server_refuses_them_before_anything_else(tmp_path: Path) -> None:
    ran = mien("serve", "--pack", "insightface", "--host", "0.0.0.0", "--data", str(tmp_path), folder=tmp_path)
    assert ran.returncode == 1
    assert "mien does not serve the pack insightface" in ran.stderr


def test_verify_runs_the_start_up_check(packs: str, tmp_path: Path) -> None:
    ran = mien("packs", "verify", "retail", folder=tmp_path, packs=packs)
    assert ran.returncode == 0, ran.stderr
    assert "retail: 3 files as published, 4 networks answer as expected" in ran.stdout


def test_verify_finds_damage_and_absence(packs: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for file in manifest.named("retail").files:
        shutil.copyfile(Path(packs) / file.name, mine / file.name)
    (mine / "face-reidentification-retail-0095.bin").write_bytes(b"something else")
    damaged = mien("packs", "verify", "retail", folder=tmp_path, packs=str(mine))
    assert damaged.returncode == 1
    assert "is not the file its publisher published" in damaged.stderr
    absent = mien("packs", "verify", "insightface", folder=tmp_path)
    assert absent.returncode == 1
    assert "The pack insightface is not installed" in absent.stderr


def test_a_pack_is_exported_and_imported_without_a_network(packs: str, tmp_path: Path) -> None:
    stick, other = tmp_path / "stick", tmp_path / "other"
    other.mkdir()
    ran = mien("packs", "export", str(stick), "retail", folder=tmp_path, packs=packs)
    assert ran.returncode == 0, ran.stderr
    assert {path.name for path in (stick / "retail").iterdir()} == {
        "pack.toml",
        *(file.name for file in manifest.named("retail").files),
    }
    assert listed(other)["retail"]["state"] == "not installed"
    ran = mien("packs", "import", str(stick), folder=other)
    assert ran.returncode == 0, ran.stderr
    assert listed(other)["retail"]["state"] == "installed"
    assert mien("packs", "verify", "retail", folder=other).returncode == 0


@pytest.mark.parametrize("harm", ["changed", "missing", "another pack", "nothing"])
def test_a_damaged_export_is_not_imported(packs: str, tmp_path: Path, harm: str) -> None:
    stick, other = tmp_path / "stick", tmp_path / "other"
    other.mkdir()
    mien("packs", "export", str(stick), "retail", folder=tmp_path, packs=packs)
    weights = stick / "retail" / "face-reidentification-retail-0095.bin"
    listing = stick / "retail" / "pack.toml"
    if harm == "changed":
        weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    elif harm == "missing":
        weights.unlink()
    elif harm == "another pack":
        listing.write_text(listing.read_text().replace(manifest.digest(weights), "0" * 64))
    else:
        shutil.rmtree(stick / "retail")
    ran = mien("packs", "import", str(stick), folder=other)
    assert ran.returncode == 1
    said = {
        "changed": "was damaged on the way", "missing": "is missing", "another pack": "holds another pack",
        "nothing": "holds no pack",
    }[harm]  # fmt: skip
    assert said in ran.stderr
    assert listed(other)["retail"]["state"] == "not installed"


@pytest.mark.parametrize(
    ("arguments", "variables", "code"),
    [((), {}, 3), (("retail",), {}, 1), (("--pack", "retail"), {}, 1), ((), {"MIEN_PACK": "retail"}, 1)],
)
def test_only_a_default_pack_may_be_replaced(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], code: int
) -> None:
    """`make serve` serves another pack only on exit code 3."""
    ran = mien("packs", "install", *arguments, folder=tmp_path, **variables)
    assert ran.returncode == code
    assert "could not be installed" in ran.stderr
    (tmp_path / "mien.toml").write_text('pack = "retail"\n')
    assert mien("packs", "install", *arguments, folder=tmp_path, **variables).returncode == 1
