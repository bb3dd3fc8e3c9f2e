"""A pack of the user's own: the example of docs/packs.md, from the TOML to a server that answers with it."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from mien import app, config
from mien.engine import choice
from mien.errors import SetupError
from mien.packs import manifest, own
from tests import live, networks, photos
from tests.packs.test_commands import listed, mien

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "packs.md"
EMBEDDER = "my-embedder.onnx"


def example() -> str:
    """The TOML of the documents."""
    (found,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return str(found)


@pytest.fixture
def folder(tmp_path: Path, packs: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder: the TOML with the network beside it; the detector's file is among those of MIEN_PACKS."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "my-pack.toml").write_text(example())
    networks.embedder(tmp_path / EMBEDDER, 112, 512)
    return tmp_path


def add(folder: Path, packs: str, **settings: Any) -> manifest.Manifest:
    chosen = config.load({"threads": 1, **settings}, {})
    return own.add(folder / "my-pack.toml", packs, choice.engine(chosen))


def test_the_example_is_added_listed_verified_and_served(folder: Path, packs: str) -> None:
    ran = mien("packs", "add", "my-pack.toml", folder=folder, packs=packs)
    assert ran.returncode == 0, ran.stderr
    assert "Serve it with `mien serve --pack my-pack`" in ran.stdout
    row = listed(folder)["my-pack"]
    assert (row["own"], row["state"], row["tried"]) == (True, "installed", True)
    verified = mien("packs", "verify", "my-pack", folder=folder)
    assert "2 files as published, 3 networks answer as expected" in verified.stdout, verified.stderr
    (folder / EMBEDDER).unlink()  # it lives in the cache now
    server = live.serve("", folder / "data", "--pack", "my-pack")
    try:
        client = server.client()
        client.create_collection(CollectionId="mine")
        indexed = client.index_faces(CollectionId="mine", Image={"Bytes": photos.hopper().data})
        assert len(indexed["FaceRecords"]) == 1
        found = client.search_faces_by_image(CollectionId="mine", Image={"Bytes": photos.hopper().data})
        assert found["FaceMatches"][0]["Similarity"] > 99
    finally:
        server.stop()


def test_digests_sizes_and_fingerprints_are_stored(folder: Path, packs: str) -> None:
    added = add(folder, packs)
    assert own.named("my-pack", "") == added
    assert added.files[1].sha256 == manifest.digest(folder / EMBEDDER)
    assert added.files[1].size == (folder / EMBEDDER).stat().st_size
    assert set(added.checks) == {"wide", "narrow", "embedder"}


def test_it_can_be_added_again_with_other_weights(folder: Path, packs: str) -> None:
    first = add(folder, packs)
    networks.embedder(folder / EMBEDDER, 112, 512, seed=9)
    assert add(folder, packs).contract != first.contract
    app.open_pack(config.load({"threads": 1, "pack": "my-pack"}, {}))


def test_it_can_be_exported_and_imported(folder: Path, packs: str) -> None:
    mien("packs", "add", "my-pack.toml", folder=folder, packs=packs)
    ran = mien("packs", "export", "stick", "my-pack", folder=folder)
    assert ran.returncode == 0, ran.stderr
    other = folder / "other"
    other.mkdir()
    ran = mien("packs", "import", str(folder / "stick"), folder=other)
    assert ran.returncode == 0, ran.stderr
    assert listed(other)["my-pack"]["state"] == "installed"


def test_both_engines_run_it(folder: Path, packs: str) -> None:
    add(folder, packs, engine="onnx")
    for engine in ("onnx", "openvino"):
        pack = app.open_pack(config.load({"threads": 1, "pack": "my-pack", "engine": engine}, {}))
        assert pack.runtime.engine == {"onnx": "ONNX Runtime", "openvino": "OpenVINO"}[engine]


def test_without_a_calibration_it_does_not_serve(folder: Path, packs: str) -> None:
    text = re.sub(r"calibration = \[\n.*?\n\]\n", "", example(), flags=re.DOTALL)
    assert "calibration =" not in text
    (folder / "my-pack.toml").write_text(text)
    ran = mien("packs", "add", "my-pack.toml", folder=folder, packs=packs)
    assert "mien eval FOLDER --pack my-pack --calibrate FILE" in ran.stdout
    ran = mien("serve", "--pack", "my-pack", "--data", str(folder / "data"), "--port", "0", folder=folder)
    assert ran.returncode == 1
    assert "mien does not serve the pack my-pack yet" in ran.stderr


def spoil(path: Path, factor: float) -> None:
    """Multiplies every weight."""
    model = onnx.load(str(path))
    for weight in model.graph.initializer:
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * np.float32(factor), weight.name))
    onnx.save(model, str(path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("dimension = 512", "dimension = 256"), "answers 512 numbers, and its manifest says 256"),
        (('name = "my-pack"', 'name = "retail"'), "in mien's own catalogue"),
        (('name = "my-pack"', 'name = "../x"'), "is not a pack's name"),
        (('head = "yunet"', 'head = "mine"'), "there is no head named mine"),
        (('head = "yunet"', 'head = "scrfd"'), "does not answer as its head expects"),
        (('name = "my-embedder.onnx"', 'name = "other.onnx"'), "files lack my-embedder.onnx"),
        (("commercial = true", "commercial = false"), "--accept-license"),
    ],
)
def test_a_fault_is_named_and_nothing_is_added(folder: Path, packs: str, change: tuple[str, str], words: str) -> None:
    assert change[0] in example()
    (folder / "my-pack.toml").write_text(example().replace(change[0], change[1], 1))
    with pytest.raises(SetupError, match=words):
        add(folder, packs)
    assert set(own.known("")) == set(manifest.catalogue())


@pytest.mark.parametrize(
    ("factor", "words"), [(0.0, "answers zeros or no numbers"), (np.nan, "answers zeros or no numbers")]
)
def test_a_network_that_answers_nothing_is_refused(folder: Path, packs: str, factor: float, words: str) -> None:
    spoil(folder / EMBEDDER, factor)
    with pytest.raises(SetupError, match=words):
        add(folder, packs)


def test_a_network_that_ignores_its_input_is_refused(folder: Path, packs: str) -> None:
    networks.embedder(folder / EMBEDDER, 112, 512, scale=0.0)
    with pytest.raises(SetupError, match="the same for different pictures"):
        add(folder, packs)


def test_a_missing_network_is_asked_for(folder: Path, packs: str) -> None:
    (folder / EMBEDDER).unlink()
    with pytest.raises(SetupError, match=r"my-embedder\.onnx is not there; put it beside the manifest"):
        add(folder, packs)
