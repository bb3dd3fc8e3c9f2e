"""OpenVINO in float32 and ONNX Runtime answer the same, on every ONNX network of the packs that are here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.engine.cores import Cores
from mien.engine.onnx import OnnxSession
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph, Outputs, single
from mien.errors import SetupError
from mien.packs import install, manifest
from mien.packs.load import READERS
from mien.packs.specs import DetectorSpec
from tests import networks

Make = Callable[[Path], Graph]
MADE: dict[str, Make] = {
    "scrfd": lambda folder: Graph(networks.scrfd(folder / "a.onnx"), 320, 320, "RGB", (127.5,) * 3, (128.0,) * 3),
    "scrfd with a batch axis": lambda folder: Graph(networks.scrfd(folder / "b.onnx", batched=True), 320, 160),
    "arcface": lambda folder: Graph(networks.embedder(folder / "c.onnx"), 112, 112, "RGB", (127.5,) * 3, (127.5,) * 3),
    "bgr, with a mean and a scale for each channel": lambda folder: Graph(
        networks.embedder(folder / "d.onnx", 64, 32), 64, 64, "BGR", (104.0, 117.0, 123.0), (57.0, 58.0, 59.0)
    ),
}


def both(graph: Graph, count: int = 3) -> tuple[Outputs, Outputs]:
    pixels = np.random.default_rng(7).integers(0, 256, (count, graph.height, graph.width, 3)).astype(np.uint8)
    return OpenVinoSession(graph, Cores(2), "f32").run(pixels), OnnxSession(graph, Cores(2)).run(pixels)


def hold(one: Outputs, other: Outputs) -> None:
    assert set(one) == set(other)
    for name, values in one.items():
        assert values.shape == other[name].shape
        assert values.dtype == other[name].dtype == np.float32
        assert np.abs(values - other[name]).max() <= 1e-3 * max(1.0, float(np.abs(values).max())), name


@pytest.mark.parametrize("make", MADE.values(), ids=MADE.keys())
def test_generated_networks_answer_the_same(make: Make, tmp_path: Path) -> None:
    hold(*both(make(tmp_path)))


@pytest.mark.parametrize("name", manifest.catalogue())
def test_the_onnx_networks_of_packs_answer_the_same(name: str, request: pytest.FixtureRequest) -> None:
    entry = manifest.named(name)
    found = install.find(entry, request.getfixturevalue("packs"))
    if found is None:
        pytest.skip(f"the files of the pack {name} are not here")
    readers = {file.name: READERS.get(file.reader) for file in entry.files}
    graphs = []
    if isinstance(entry.detector, DetectorSpec) and entry.detector.file.endswith(".onnx"):
        seen = entry.detector
        graphs += [Graph(found[seen.file], side, side, seen.color, seen.mean, seen.scale, read=readers[seen.file])
                   for side in (seen.wide, seen.narrow)]  # fmt: skip
    graphs += [
        Graph(found[each.file], each.size, each.size, each.color, each.mean, each.scale, read=readers[each.file])
        for each in entry.embedders
        if each.file.endswith(".onnx")
    ]
    if not graphs:
        pytest.skip(f"the pack {name} has no ONNX network")
    for graph in graphs:
        hold(*both(graph, 2))


def test_an_axis_that_is_no_batch_is_kept(tmp_path: Path) -> None:
    graph = MADE["scrfd"](tmp_path)
    for outputs in both(graph, 2):
        shapes = sorted(values.shape for values in outputs.values())
        cells = [2 * (320 // stride) ** 2 for stride in (8, 16, 32)]
        assert shapes == sorted((2, count, width) for count in cells for width in (1, 4, 10))


@pytest.mark.parametrize(
    ("shape", "batch", "expected"),
    [((1, 512), 1, (512,)), ((12800, 1), 1, (12800, 1)), ((8, 2), 8, (2,)), ((1, 5, 4), 1, (5, 4)), ((7,), 1, (7,))],
)
def test_the_shape_of_one_answer(shape: tuple[int, ...], batch: int, expected: tuple[int, ...]) -> None:
    assert single(shape, batch) == expected


def test_precision_is_the_one_asked_for(tmp_path: Path) -> None:
    graph = MADE["arcface"](tmp_path)
    assert OpenVinoSession(graph, Cores(1), "f32").describe().precision == "f32"
    assert OnnxSession(graph, Cores(1)).describe().engine == "ONNX Runtime"


@pytest.mark.parametrize("name", ["network.xml", "network.dat"])
def test_onnx_runtime_refuses_what_it_cannot_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match="is not an ONNX file"):
        OnnxSession(Graph(tmp_path / name, 8, 8), Cores(1))


def test_onnx_runtime_refuses_a_broken_file_as_openvino_does(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no network at all")
    with pytest.raises(RuntimeError):
        OnnxSession(Graph(tmp_path / "broken.onnx", 8, 8), Cores(1))
