"""The reader of block-wise weights: what it writes answers as ONNX Runtime answers from the file itself."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mien.engine.cores import Cores
from mien.engine.onnx import OnnxSession
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph
from mien.packs.readers import blockwise
from tests import photos

SFACE = photos.SHARED / "models" / "face_recognition_sface_2021dec_int8bq.onnx"
RANDOM = np.random.default_rng(14)


def quantised(axis: int = 1, block: int = 4, zeros: bool = True) -> onnx.ModelProto:
    """A matrix product over weights of (6, 10) in blocks, with an input that no node reads."""
    sizes = [6, 10]
    sizes[axis] = -(-sizes[axis] // block)
    given: dict[str, NDArray[np.generic]] = {
        "weights": RANDOM.integers(-128, 128, (6, 10)).astype(np.int8),
        "scales": RANDOM.random(sizes).astype(np.float32),
        "zeros": RANDOM.integers(-5, 6, sizes).astype(np.int8),
    }
    names = ["weights", "scales", "zeros"] if zeros else ["weights", "scales"]
    nodes = [
        helper.make_node("DequantizeLinear", names, ["matrix"], axis=axis, block_size=block),
        helper.make_node("Flatten", ["pixels"], ["row"], axis=1),
        helper.make_node("Slice", ["row", "first", "last", "columns"], ["few"]),
        helper.make_node("Gemm", ["few", "matrix"], ["answer"], transB=1),
    ]
    places = {"first": [0], "last": [10], "columns": [1]}
    initializers = [numpy_helper.from_array(given[name], name) for name in names]
    initializers += [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in places.items()]
    graph = helper.make_graph(
        nodes, "quantised",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, 4, 4]),
         helper.make_tensor_value_info("left_behind", TensorProto.FLOAT, [9])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 6])],
        initializers,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def itself(model: onnx.ModelProto, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """What ONNX Runtime, which knows such weights, answers from the model as it is."""
    entry = model.graph.input[0]
    del model.graph.input[:]
    model.graph.input.append(entry)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.asarray(session.run(None, {entry.name: pixels})[0])


@pytest.mark.parametrize("zeros", [True, False])
@pytest.mark.parametrize(("axis", "block"), [(1, 4), (1, 10), (1, 3), (0, 2), (0, 4), (-1, 5)])
def test_weights_are_written_out(tmp_path: Path, axis: int, block: int, zeros: bool) -> None:
    model, file = quantised(axis, block, zeros), tmp_path / "network.onnx"
    file.write_bytes(model.SerializeToString())
    graph = Graph(file, 4, 4, read=blockwise.read)
    pixels = RANDOM.integers(0, 256, (1, 4, 4, 3)).astype(np.uint8)
    expected = itself(model, pixels.transpose(0, 3, 1, 2).astype(np.float32))
    for session in (OpenVinoSession(graph, Cores(1), "f32"), OnnxSession(graph, Cores(1))):
        (answer,) = session.run(pixels).values()
        np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-2)


def test_a_file_without_such_weights_stays_as_it_is(tmp_path: Path) -> None:
    model = quantised()
    del model.graph.node[0], model.graph.initializer[:3], model.graph.input[1]
    model.graph.initializer.append(numpy_helper.from_array(np.ones((6, 10), np.float32), "matrix"))
    file = tmp_path / "network.onnx"
    file.write_bytes(model.SerializeToString())
    assert onnx.load_from_string(blockwise.read(file)) == model


def test_scales_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    model = quantised()
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.ones((6, 2), np.float32), "scales"))
    (tmp_path / "network.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match="scales do not fit"):
        blockwise.read(tmp_path / "network.onnx")


@given(cut=st.integers(1, 200), changed=st.binary(min_size=1, max_size=4))
def test_damage_is_refused_or_read(tmp_path_factory: pytest.TempPathFactory, cut: int, changed: bytes) -> None:
    """Whatever bytes lie there, it is a ValueError or an answer no longer than four times the file and some."""
    whole = quantised().SerializeToString()
    file = tmp_path_factory.mktemp("damaged") / "network.onnx"
    for data in (whole[:-cut], whole[:cut] + changed + whole[cut + len(changed) :]):
        file.write_bytes(data)
        with suppress(ValueError):
            assert len(blockwise.read(file)) < 4 * len(whole) + 1000


@pytest.mark.skipif(not SFACE.is_file(), reason="../shared/models is not here")
def test_sface_answers_as_its_file_does() -> None:
    graph = Graph(SFACE, 112, 112, read=blockwise.read)
    pixels = RANDOM.integers(0, 256, (2, 112, 112, 3)).astype(np.uint8)
    expected = [
        itself(onnx.load(str(SFACE)), each[None].transpose(0, 3, 1, 2).astype(np.float32))[0] for each in pixels
    ]
    for session in (OpenVinoSession(graph, Cores(1), "f32"), OnnxSession(graph, Cores(1))):
        np.testing.assert_allclose(session.run(pixels)["fc1"], expected, atol=1e-4)
