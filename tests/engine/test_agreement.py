"""OpenVINO in float32 and ONNX Runtime answer the same, on every network of the packs that are here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mien.engine.cores import Cores
from mien.engine.onnx import OnnxSession
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph, Outputs, Pixels, Session, single, waves
from mien.packs import install, kinds, load
from mien.packs.network_set import NetworkSet
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


def noise(graph: Graph, count: int) -> Pixels:
    return np.random.default_rng(7).integers(0, 256, (count, graph.height, graph.width, 3)).astype(np.uint8)


def both(graph: Graph, count: int = 3) -> tuple[Outputs, Outputs]:
    pixels = noise(graph, count)
    return OpenVinoSession(graph, Cores(2), "f32").run(pixels), OnnxSession(graph, Cores(2), "cpu").run(pixels)


def hold(one: Outputs, other: Outputs, apart: float = 1e-3) -> None:
    assert set(one) == set(other)
    for name, values in one.items():
        assert values.shape == other[name].shape
        assert values.dtype == other[name].dtype == np.float32
        assert np.abs(values - other[name]).max() <= apart * max(1.0, float(np.abs(values).max())), name


@pytest.mark.parametrize("make", MADE.values(), ids=MADE.keys())
def test_generated_networks_answer_the_same(make: Make, tmp_path: Path) -> None:
    hold(*both(make(tmp_path)))


def graphs(name: str, packs: str) -> Iterator[Graph]:
    """Every network of a pack of any kind, with its preprocessing."""
    entry = kinds.mine()[name]
    found = install.find(entry, packs)
    if found is None:
        pytest.skip(f"the files of the pack {name} are not here")
    taken: list[Graph] = []

    def take(graph: Graph, cores: Cores) -> Session:
        taken.append(graph)
        return OpenVinoSession(graph, cores, "f32")

    compiling = load.Networks(entry, found, Cores(1), take)
    if isinstance(entry, NetworkSet):
        for each in entry.inputs.values():
            compiling.compile(each.file, (each.size, each.size), (each.color, each.mean, each.scale))
    else:
        load.load(entry, found, Cores(1), take)
    seen = set()
    for graph in taken:
        if (graph.file, graph.height) not in seen:
            seen.add((graph.file, graph.height))
            yield graph


@pytest.mark.parametrize("name", kinds.mine())
def test_every_network_of_a_pack_answers_the_same(name: str, packs: str) -> None:
    for graph in graphs(name, packs):
        # OpenVINO rounds this network's sums to 8 bits, ONNX Runtime as its file says: the layers between them only
        apart = 0.05 if graph.file.stem == "emotions-recognition-retail-0003" else 1e-3
        hold(*both(graph, 2), apart)


@pytest.mark.parametrize("name", ["duo", "attributes"])
def test_several_inputs_in_one_call_are_answered_as_each_alone(name: str, packs: str) -> None:
    for graph in graphs(name, packs):
        together, alone = OnnxSession(graph, Cores(1), "cpu", together=4), OnnxSession(graph, Cores(1), "cpu")
        assert together.describe().together == 4, graph.file.name
        pixels = noise(graph, 7)
        hold(together.run(pixels), alone.run(pixels), 1e-4)


@pytest.mark.parametrize("name", ["duo", "sface", "retail", "dlib"])
def test_f16_changes_less_than_bf16(name: str, packs: str) -> None:
    """A processor without bf16 is slower at it, and answers the same."""
    for graph in graphs(name, packs):
        pixels = waves(graph.height, graph.width, 3)[None]
        exact = OpenVinoSession(graph, Cores(1), "f32").run(pixels)
        half = OnnxSession(graph, Cores(1), "cpu", "f16").run(pixels)
        brief = OpenVinoSession(graph, Cores(1), "bf16").run(pixels)
        assert distance(half, exact) < distance(brief, exact), (graph.file.name, graph.height)


def test_only_embedders_may_be_in_f16_unasked(packs: str) -> None:
    """A detector's score decides what happens next, so that rounding may change much."""
    halves = {graph.file.stem for graph in graphs("duo", packs) if graph.half}
    assert halves == {"face-reidentification-retail-0095", "face_recognition_sface_2021dec_int8bq"}


def distance(one: Outputs, other: Outputs) -> float:
    return max(float(np.linalg.norm(one[name] - other[name]) / np.linalg.norm(other[name])) for name in one)


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
    assert OnnxSession(graph, Cores(1), "cpu").describe().engine == "ONNX Runtime"


def test_onnx_runtime_refuses_a_broken_file_as_openvino_does(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no network at all")
    with pytest.raises(RuntimeError):
        OnnxSession(Graph(tmp_path / "broken.onnx", 8, 8), Cores(1))
