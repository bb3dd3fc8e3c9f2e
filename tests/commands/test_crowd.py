"""`mien crowd`: a pack with more faces in its crowd, under which no vector is longer than before."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mien import app, config
from mien.image.decode import read_header
from mien.packs import install, manifest, own
from tests import photos
from tests.live import command, environment
from tests.measure.accuracy.folders import two_people


def run(cache: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*words), check=False, capture_output=True, text=True, timeout=120,
        env=environment() | {"XDG_CACHE_HOME": str(cache)},
    )  # fmt: skip


def test_faces_are_added_and_make_those_like_them_shorter(
    packs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if install.find(manifest.named("duo"), packs) is None:
        pytest.skip("the files of the pack duo are not here")
    folder, cache = two_people(tmp_path / "people", 6), tmp_path / "cache"
    flags = ("--pack", "duo", "--packs", packs)
    made = run(cache, "crowd", str(folder / "hopper"), "--name", "ours", *flags)
    assert made.returncode == 0, made.stderr
    assert "6 more faces in its crowd" in made.stdout
    again = run(cache, "crowd", str(folder / "hopper"), "--name", "ours", *flags)
    assert "There is a pack named ours already" in again.stderr
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    entry, duo = own.named("ours", packs), manifest.named("duo")
    assert entry.contract != duo.contract
    assert entry.calibration == duo.calibration
    before, after = (
        app.open_pack(config.load({"packs": packs, "threads": 1, "pack": name}, {})) for name in ("duo", "ours")
    )
    lengths = []
    for photo in (photos.hopper(), photos.astronaut()):
        picture = read_header(photo.data)
        lengths.append(
            [np.linalg.norm(each.pipeline.embed(each.pipeline.find(picture)[:1])) for each in (before, after)]
        )
    assert lengths[0][1] < 0.95 * lengths[0][0]  # now one of the crowd
    assert lengths[1][1] <= lengths[1][0] + 1e-3


def test_a_pack_without_a_crowd_has_none_to_add_to(packs: str, tmp_path: Path) -> None:
    folder = two_people(tmp_path / "people", 1)
    refused = run(tmp_path, "crowd", str(folder), "--name", "ours", "--pack", "retail", "--packs", packs)
    assert refused.returncode == 1
    assert "The pack retail has no crowd" in refused.stderr
    nobody = run(tmp_path, "crowd", str(tmp_path / "none"), "--name", "ours", "--pack", "retail", "--packs", packs)
    assert "No face was found" in nobody.stderr
