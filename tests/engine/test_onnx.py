"""ONNX Runtime's session: calls of many threads go together, a lone one goes at once, and no GPU is made up for."""

import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.engine import card, onnx
from mien.engine.cores import Cores
from mien.engine.onnx import CUDA, OnnxSession
from mien.engine.session import Graph, Pixels
from mien.errors import SetupError
from tests import networks


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return Graph(networks.embedder(tmp_path / "a.onnx", 32, 8), 32, 32, "RGB", (127.5,) * 3, (127.5,) * 3)


@pytest.fixture
def claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime says that it is built for a GPU, and none loads: as with a driver that is missing or too old."""
    monkeypatch.setattr(onnx.runtime(), "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"])


def noise(count: int, seed: int = 5) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)


def watched(session: OnnxSession, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Returns a list that gets the inputs of each call of the network from now on."""
    sizes: list[int] = []
    called = session._called

    def counting(pixels: Pixels) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
        sizes.append(len(pixels))
        return called(pixels)

    monkeypatch.setattr(session, "_called", counting)
    return sizes


def test_calls_of_many_threads_go_together(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    cores, inputs = Cores(2), noise(64)
    monkeypatch.setattr(onnx, "PATIENCE", 0.05)
    session, alone = OnnxSession(graph, cores, "cpu", together=8), OnnxSession(graph, cores, "cpu").run(inputs)
    sizes = watched(session, monkeypatch)
    together = threading.Barrier(8)

    def call(first: int) -> None:
        with cores.at_work():
            together.wait(10)
            answer = session.run(inputs[first : first + 2])
        assert np.allclose(answer["embedding"], alone["embedding"][first : first + 2], atol=1e-5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(0, 64, 2)))
    assert max(sizes) == 8
    assert len(sizes) < 32  # there were 32 calls


@pytest.mark.parametrize(
    ("count", "calls"), [(1, [1]), (3, [4]), (8, [8]), (21, [8, 8, 8]), (17, [8, 8, 1]), (10, [8, 4])]
)
def test_inputs_of_one_call_are_split_and_filled(
    graph: Graph, count: int, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = OnnxSession(graph, Cores(2), "cpu", together=8)
    sizes = watched(session, monkeypatch)
    answer = session.run(noise(count))
    assert sizes == calls
    assert np.allclose(
        answer["embedding"], OnnxSession(graph, Cores(2), "cpu").run(noise(count))["embedding"], atol=1e-5
    )


def test_a_compiled_network_is_called_with_one_count_of_inputs(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU it would choose its kernels anew, for seconds, whenever the count is another than before."""
    seen: list[set[int]] = []
    compiled = onnx._compiled

    class Counting:
        def __init__(self, session: Any) -> None:
            self._session, self._seen = session, set[int]()
            seen.append(self._seen)

        def run(self, names: list[str], inputs: dict[str, Pixels]) -> Any:
            self._seen.update(len(each) for each in inputs.values())
            return self._session.run(names, inputs)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._session, name)

    monkeypatch.setattr(onnx, "_compiled", lambda *given, **named: Counting(compiled(*given, **named)))
    session = OnnxSession(graph, Cores(2), "cpu", together=32)
    for count in (1, 2, 32, 5, 3, 17, 4, 40):
        session.run(noise(count))
    assert sorted(seen, key=min) == [{1}, {4}, {16}, {32}]


def test_no_inputs_are_no_call(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    session = OnnxSession(graph, Cores(2), "cpu", together=8)
    sizes = watched(session, monkeypatch)
    assert session.run(noise(0))["embedding"].shape == (0, 8)
    assert sizes == []


def test_a_lone_caller_does_not_wait(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "PATIENCE", 60.0)
    cores = Cores(2)
    session = OnnxSession(graph, cores, "cpu", together=8)
    began = time.monotonic()
    session.run(noise(1))  # no thread has said that it is at work
    with cores.at_work():
        session.run(noise(3))
    assert time.monotonic() - began < 10


def test_a_failure_is_that_of_every_call(graph: Graph) -> None:
    session = OnnxSession(graph, Cores(2), "cpu", together=8)
    with pytest.raises(RuntimeError, match="INVALID_ARGUMENT"):
        session.run(np.zeros((1, 16, 16, 3), np.uint8))
    assert session.run(noise(1))["embedding"].shape == (1, 8)


def test_a_gpu_that_does_not_load_is_an_error(graph: Graph, claimed: None) -> None:
    if card.describe():
        pytest.skip("there is a card, which may load")
    for device in ("auto", "cuda"):
        with warnings.catch_warnings(), pytest.raises(SetupError, match="could not load the GPU") as raised:
            warnings.simplefilter("ignore")  # the package for CPUs warns, the one for GPUs does not
            OnnxSession(graph, Cores(1), device)
        assert "device = cpu runs without a GPU" in str(raised.value)
    assert OnnxSession(graph, Cores(1), "cpu").describe().device == "CPU"


def test_cuda_needs_the_package_for_it(graph: Graph) -> None:
    if CUDA in onnx.runtime().get_available_providers():
        pytest.skip("the ONNX Runtime for GPUs is installed")
    with pytest.raises(SetupError, match=r"pip install 'mien\[cuda\]'"):
        OnnxSession(graph, Cores(1), "cuda")
    assert OnnxSession(graph, Cores(1), "auto").describe().device == "CPU"


def test_it_says_what_it_calculates_in_and_how_many_go_together(graph: Graph) -> None:
    said = OnnxSession(graph, Cores(1), "cpu", "f16", together=4).describe()
    assert (said.engine, said.precision, said.together) == ("ONNX Runtime", "f16", 4)
    assert OnnxSession(graph, Cores(1), "cpu").describe().precision == "f32"
