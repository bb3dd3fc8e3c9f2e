"""`mien crowd`: a pack with more faces in its crowd, under which no vector is longer than before."""

import shutil
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mien import Faces, app, config
from mien.image.decode import read_header
from mien.packs import install, manifest, own
from tests import live as servers
from tests import photos
from tests.commands import people
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


def test_what_cannot_become_a_pack_is_refused_before_any_face_is_embedded(packs: str, tmp_path: Path) -> None:
    folder = two_people(tmp_path / "people", 1)
    (folder / "broken.jpg").write_bytes(b"no photograph")
    for name, flags, sentence in (
        ("ours", ("--pack", "retail"), "The pack retail has no crowd"),
        ("duo", (), "There is a pack named duo already"),
        ("Our School", (), "'Our School' is not a pack's name"),
        ("../ours", (), "'../ours' is not a pack's name"),
    ):
        refused = run(tmp_path, "crowd", str(folder), "--name", name, "--packs", packs, *flags)
        assert refused.returncode == 1
        assert sentence in refused.stderr
        assert "broken.jpg" not in refused.stderr
    for place, sentence in (
        (folder, "broken.jpg cannot be read"), (tmp_path / "none", "none is not a folder"), (tmp_path, "No face"),
    ):  # fmt: skip
        refused = run(tmp_path, "crowd", str(place), "--name", "ours", "--packs", packs)
        assert refused.returncode == 1
        assert sentence in refused.stderr
        (folder / "broken.jpg").unlink(missing_ok=True)
        if place == tmp_path / "none":
            shutil.rmtree(folder)


def test_a_collection_is_taken_to_a_crowd_of_ones_own(
    packs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made with duo; refused by a server with the wider crowd; reindexed, searched, exported."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    mien = partial(people.mien, MIEN_PACKS=packs, XDG_CACHE_HOME=str(tmp_path / "cache"))
    images, data = people.folder(tmp_path / "people"), tmp_path / "data"
    hopper = people.variants("hopper", 1)[0]
    mien("crowd", images / "Grace Hopper", "--name", "ours")
    mien("import", images, "--collection", "family", "--data", data)
    ours = servers.serve(packs, data, "--pack", "ours", XDG_CACHE_HOME=str(tmp_path / "cache"))
    try:
        client = ours.client()
        with pytest.raises(client.exceptions.InvalidParameterException, match="cannot be compared"):
            client.search_faces_by_image(CollectionId="family", Image={"Bytes": hopper})
    finally:
        ours.stop()
    mien("reindex", "--collection", "family", "--images", images, "--data", data, "--pack", "ours")
    mien("export", tmp_path / "family.zip", "--collection", "family", "--data", data, "--pack", "ours")
    mien("import", tmp_path / "family.zip", "--data", tmp_path / "other", "--pack", "ours")
    ours = servers.serve(packs, tmp_path / "other", "--pack", "ours", XDG_CACHE_HOME=str(tmp_path / "cache"))
    try:
        matches = ours.client().search_faces_by_image(CollectionId="family", Image={"Bytes": hopper})["FaceMatches"]
        assert matches[0]["Similarity"] > 99.9
        assert len(matches) == 2
    finally:
        ours.stop()
    with Faces("ours", packs=packs) as faces:
        assert faces.compare(hopper, hopper)[0].similarity > 99.9
