"""SCRFD's head and ArcFace's preprocessing against the package `insightface`, on networks with random weights."""

from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from mien.engine.cores import Cores
from mien.engine.onnx import OnnxSession
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph, Session
from mien.errors import SetupError
from mien.face.align import align
from mien.face.detect import merge
from mien.face.halves import Halves
from mien.image.decode import read_header
from mien.packs import install, load, manifest
from mien.packs.heads import scrfd
from mien.packs.manifest import File, Manifest
from mien.packs.specs import DetectorSpec
from tests import networks, photos

ENTRY = manifest.named("insightface")
BAR = 0.5


def oracle(name: str) -> ModuleType:
    module: ModuleType = pytest.importorskip(
        f"insightface.model_zoo.{name}", reason="insightface, the oracle, is not here: pip install 'mien[oracle]'"
    )
    return module


def canvas(side: int) -> photos.Pixels:
    return np.asarray(cv2.resize(photos.astronaut().pixels, (side, side)), np.uint8)


def session(engine: str, graph: Graph) -> Session:
    return OpenVinoSession(graph, Cores(1), "f32") if engine == "openvino" else OnnxSession(graph, Cores(1))


def graph(file: Path, side: int, part: Any) -> Graph:
    return Graph(file, side, side, part.color, part.mean, part.scale)


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("side", [640, 320])
def test_the_head_reads_what_insightface_reads(side: int, batched: bool, engine: str, tmp_path: Path) -> None:
    file = networks.scrfd(tmp_path / "det.onnx", batched)
    image = canvas(side)
    theirs = oracle("scrfd").SCRFD(str(file)).forward(np.ascontiguousarray(image[..., ::-1]), BAR)
    scores, boxes, points = (np.concatenate(part) for part in theirs)
    outputs = session(engine, graph(file, side, ENTRY.detector)).run(image[None])
    ours = scrfd.read({name: value[0] for name, value in outputs.items()}, (side, side), BAR)
    assert len(ours.scores) == len(scores) > 10
    np.testing.assert_allclose(ours.scores, scores.ravel(), atol=1e-4)
    np.testing.assert_allclose(ours.boxes, boxes, atol=0.05)
    np.testing.assert_allclose(ours.landmarks, points, atol=0.05)


def test_the_best_face_is_insightfaces(tmp_path: Path) -> None:
    """The random network accepts anything, but the candidate with the highest score survives both."""
    file = networks.scrfd(tmp_path / "det.onnx")
    image = canvas(640)
    model = oracle("scrfd").SCRFD(str(file))
    model.prepare(-1, det_thresh=BAR, nms_thresh=0.4)
    theirs, _ = model.detect(np.ascontiguousarray(image[..., ::-1]), input_size=(640, 640))
    outputs = session("onnx", graph(file, 640, ENTRY.detector)).run(image[None])
    ours = merge(scrfd.read({name: value[0] for name, value in outputs.items()}, (640, 640), BAR), 0.4)
    assert ours.scores[0] == pytest.approx(float(theirs[:, 4].max()), abs=1e-4)


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_the_embedding_is_insightfaces(engine: str, tmp_path: Path) -> None:
    file = networks.embedder(tmp_path / "rec.onnx")
    crop = canvas(112)
    theirs = oracle("arcface_onnx").ArcFaceONNX(str(file)).get_feat(np.ascontiguousarray(crop[..., ::-1]))
    (ours,) = session(engine, graph(file, 112, ENTRY.embedder)).run(crop[None]).values()
    np.testing.assert_allclose(ours, theirs, atol=1e-3 * float(np.abs(theirs).max()))


def test_the_crop_is_insightfaces() -> None:
    image = photos.astronaut().pixels
    landmarks = np.array([[200, 105], [240, 103], [221, 128], [206, 150], [238, 148]], np.float32)
    points = np.array(ENTRY.embedders[0].points, np.float32) * ENTRY.embedders[0].size
    oracle("arcface_onnx")
    from insightface.utils import face_align

    theirs = face_align.norm_crop(image, landmarks)
    ours = align(Halves(image), landmarks, points, ENTRY.embedders[0].size)
    assert np.abs(ours.astype(int) - theirs).mean() < 0.5


def test_a_detector_without_landmarks_is_refused_with_what_is_missing() -> None:
    with pytest.raises(ValueError, match="an output of 128 × 1"):
        scrfd.read({"a": np.zeros((128, 4), np.float32)}, (64, 64), BAR)


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Manifest, Path]:
    """The pack as if InsightFace published generated networks, in a folder that the user brings."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "buffalo"
    folder.mkdir()
    networks.scrfd(folder / "det_10g.onnx")
    networks.embedder(folder / "w600k_r50.onnx")
    files = [File(file.name, manifest.digest(folder / file.name), bring=True) for file in ENTRY.files]
    return msgspec.structs.replace(ENTRY, files=files), folder


def test_the_pack_runs_from_a_folder_that_the_user_brings(brought: tuple[Manifest, Path]) -> None:
    entry, folder = brought
    pack = load.load(entry, install.install(entry, str(folder)), Cores(1))
    pack.check()
    faces = pack.pipeline.find(read_header(photos.astronaut().data))
    assert pack.pipeline.embed(faces[:2]).shape[1] == 512
    assert not pack.calibration.is_measured


def test_files_to_bring_are_asked_for_and_never_downloaded(brought: tuple[Manifest, Path], tmp_path: Path) -> None:
    entry, folder = brought
    (folder / "w600k_r50.onnx").unlink()
    with pytest.raises(SetupError, match=r"may not be used commercially .* --accept-license"):
        install.install(entry, str(folder))
    with pytest.raises(SetupError, match=r"w600k_r50\.onnx is missing; run `mien packs install insightface --packs"):
        install.install(entry, str(folder), accepted=True)


@pytest.mark.parametrize("name", ["insightface", "insightface-small"])
def test_the_entries_describe_what_insightface_does(name: str) -> None:
    entry = manifest.named(name)
    assert isinstance(entry.detector, DetectorSpec)
    assert (entry.detector.head, entry.detector.color) == ("scrfd", "RGB")
    assert not entry.license.commercial
    assert all(file.bring and not file.url for file in entry.files)
