"""Each kind of layer, written as ONNX, computes what OpenVINO computes, for one input and for several."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.engine.cores import Cores
from mien.engine.onnx import OnnxSession
from mien.engine.openvino import OpenVinoSession
from mien.engine.quiet import ov
from mien.engine.session import Graph, Outputs

op = ov.opset15
Layer = Callable[[ov.Node], ov.Node]
SIDE = 9


def weights(*shape: int, half: bool = False) -> ov.Node:
    values = op.constant(np.random.default_rng(shape).normal(0, 1, shape).astype(np.float16 if half else np.float32))
    return op.convert(values, "f32") if half else values


def whole(*numbers: int) -> ov.Node:
    return op.constant(np.array(numbers, np.int64))


def scalar(number: float) -> ov.Node:
    return op.constant(np.float32(number))


def limits(low: float, high: float) -> tuple[ov.Node, ov.Node]:
    return op.constant(np.full((1, 3, 1, 1), low, np.float32)), op.constant(np.full((1, 3, 1, 1), high, np.float32))


def regions(x: ov.Node, extent: int, samples: int) -> ov.Node:
    """A region at each value of the first row, of this extent, whose corner is the value and that of the last row."""
    low = op.multiply(op.gather(op.gather(x, whole(0, 8), op.constant(2)), whole(0, 1), op.constant(1)), scalar(8))
    corners = op.reshape(op.transpose(low, whole(0, 3, 2, 1)), whole(-1, 2), False)
    found = op.concat([corners, op.add(corners, scalar(extent))], 1)
    none = op.constant(np.zeros(2 * SIDE, np.int32))
    taken = op.roi_align(x, found, none, 1, 2, samples, 0.5, "avg", "half_pixel_for_nn")
    return op.reshape(taken, whole(1, 2 * SIDE, -1), False)


LAYERS: dict[str, Layer] = {
    "Abs": lambda x: op.abs(op.subtract(x, scalar(0.5))),
    "Add": lambda x: op.add(x, weights(1, 3, 1, 1)),
    "AvgPool": lambda x: op.avg_pool(x, [2, 2], [1, 1], [1, 1], [3, 3], True),
    "AvgPool that counts its padding": lambda x: op.avg_pool(x, [2, 2], [1, 1], [1, 1], [3, 3], False),
    "AvgPool up": lambda x: op.avg_pool(x, [2, 2], [0, 0], [0, 0], [2, 2], True, "ceil"),
    "Clamp": lambda x: op.clamp(x, 0.25, 0.75),
    "Concat": lambda x: op.concat([x, op.relu(x)], 1),
    "Concat with a token": lambda x: op.concat([weights(1, 3, 1, SIDE), x], 2),
    "Convert": lambda x: op.convert(op.convert(op.multiply(x, scalar(9)), "i32"), "f32"),
    "Convolution": lambda x: op.convolution(x, weights(4, 3, 3, 2), [2, 1], [1, 0], [0, 1], [1, 2]),
    "Convolution, half weights": lambda x: op.convolution(x, weights(4, 3, 3, 3, half=True), [1] * 2, [1] * 2, [1] * 2,
                                                          [1, 1]),
    "Convolution, the same size": lambda x: op.convolution(x, weights(4, 3, 3, 3), [2, 2], [0, 0], [0, 0], [1, 1],
                                                           "same_upper"),
    "Divide": lambda x: op.divide(x, scalar(3)),
    "Exp": op.exp,
    "FakeQuantize": lambda x: op.fake_quantize(x, *limits(0.1003, 0.8009), *limits(-1.0, 2.0), 16),
    "Gather": lambda x: op.gather(x, whole(2, 0, -1), op.constant(3)),
    "Gather one": lambda x: op.gather(x, op.constant(1), op.constant(1)),
    "GridSample": lambda x: op.grid_sample(
        x, op.transpose(op.gather(x, whole(0, 1), op.constant(1)), whole(0, 2, 3, 1)),
        {"align_corners": False, "mode": "bilinear", "padding_mode": "border"}),
    "GroupConvolution": lambda x: op.group_convolution(x, weights(3, 2, 1, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]),
    "HSwish": op.hswish,
    "MatMul": lambda x: op.matmul(op.reshape(x, whole(0, -1), True), weights(3 * SIDE * SIDE, 5), False, False),
    "MatMul, turned": lambda x: op.matmul(x, weights(7, SIDE), True, True),
    "MaxPool": lambda x: op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0).get_node(),
    "MaxPool up": lambda x: op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "ceil").output(0).get_node(),
    "Maximum": lambda x: op.maximum(x, scalar(0.5)),
    "Minimum": lambda x: op.minimum(x, scalar(0.5)),
    "Multiply": lambda x: op.multiply(x, weights(1, 3, 1, 1)),
    "Negative": op.negative,
    "PRelu": lambda x: op.prelu(op.subtract(x, scalar(0.5)), weights(3)),
    "PRelu, flat": lambda x: op.prelu(op.reduce_mean(op.negative(x), whole(2, 3)), weights(3)),
    "PRelu, one slope": lambda x: op.prelu(op.subtract(x, scalar(0.5)), weights(1)),
    "Pad": lambda x: op.pad(x, whole(0, 0, 1, 2), whole(0, 1, 0, 1), "constant", np.float32(0.5)),
    "Pad by the edge": lambda x: op.pad(x, whole(0, 0, 1, 2), whole(0, 0, 0, 1), "edge"),
    "Power": lambda x: op.power(x, scalar(2)),
    "ROIAlign": lambda x: regions(x, 1, 2),
    "ROIAlign at points": lambda x: regions(x, 0, 1),
    "ReduceMax": lambda x: op.reduce_max(x, whole(1), True),
    "ReduceMean": lambda x: op.reduce_mean(x, whole(2, 3), False),
    "ReduceMin": lambda x: op.reduce_min(x, whole(-1), True),
    "ReduceSum": lambda x: op.reduce_sum(x, whole(3), True),
    "Relu": lambda x: op.relu(op.subtract(x, scalar(0.5))),
    "Reshape": lambda x: op.reshape(x, whole(1, SIDE, -1), False),
    "Reshape of all to rows": lambda x: op.reshape(op.transpose(x, whole(0, 2, 3, 1)), whole(-1, 3), False),
    "Sigmoid": op.sigmoid,
    "Slice": lambda x: op.strided_slice(x, whole(0, 1, 0), whole(1, 3, 0), whole(1, 1, 2), [0, 0, 0], [0, 0, 1]),
    "Slice from the end": lambda x: op.strided_slice(x, whole(0, -2), whole(0, -1), whole(1, 1), [1, 0], [1, 0]),
    "Slice of one": lambda x: op.strided_slice(x, whole(0, -1), whole(0, 0), whole(1, 1), [1, 0], [1, 0], [], [0, 1]),
    "Softmax": lambda x: op.softmax(x, 1),
    "Sqrt": op.sqrt,
    "SquaredDifference": lambda x: op.squared_difference(x, weights(1, 3, 1, 1)),
    "Squeeze": lambda x: op.squeeze(op.reduce_mean(x, whole(2), True), whole(2)),
    "Subtract": lambda x: op.subtract(x, scalar(0.5)),
    "Swish": op.swish,
    "Swish with its factor": lambda x: op.swish(x, scalar(1.5)),
    "Tanh": op.tanh,
    "Transpose": lambda x: op.transpose(x, whole(0, 2, 3, 1)),
    "Unsqueeze": lambda x: op.unsqueeze(x, whole(1)),
}  # fmt: skip


def graph(layer: Layer) -> Graph:
    def read(_: Path) -> ov.Model:
        entry = op.parameter(ov.PartialShape([-1, 3, SIDE, SIDE]), np.float32)
        model = ov.Model([layer(entry)], [entry], "one layer")
        model.output().tensor.set_names({"answer"})
        return model

    return Graph(Path("unread"), SIDE, SIDE, "BGR", (10.0, 20.0, 30.0), (300.0, 250.0, 260.0), read=read)


def pixels(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(count).integers(40, 256, (count, SIDE, SIDE, 3)).astype(np.uint8)


def close(one: Outputs, other: Outputs) -> bool:
    return one["answer"].shape == other["answer"].shape and bool(np.allclose(one["answer"], other["answer"], atol=1e-5))


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_the_same(name: str) -> None:
    layer = graph(LAYERS[name])
    exact, session = OpenVinoSession(layer, Cores(1), "f32").run(pixels(5)), OnnxSession(layer, Cores(1), "cpu")
    assert close(session.run(pixels(5)), exact)
    together = OnnxSession(layer, Cores(1), "cpu", together=4)
    assert together.describe().together == 4
    assert close(together.run(pixels(5)), exact)


def test_a_layer_that_cannot_be_written_is_named() -> None:
    with pytest.raises(RuntimeError, match="its layer of the kind Erf cannot be written as ONNX"):
        OnnxSession(graph(op.erf), Cores(1), "cpu")


def test_an_option_that_cannot_be_written_is_named() -> None:
    with pytest.raises(RuntimeError, match="its layer of the kind Pad cannot"):
        OnnxSession(graph(lambda x: op.pad(x, whole(0, 0, 1, 1), whole(0, 0, 0, 0), "symmetric")), Cores(1), "cpu")


def test_inputs_that_a_network_mixes_go_one_by_one() -> None:
    """Its first axis does not stay that of the inputs, so that two at once would be answered wrongly."""
    mixing = graph(lambda x: op.reshape(op.transpose(x, whole(2, 0, 1, 3)), whole(1, -1), False))
    session = OnnxSession(mixing, Cores(1), "cpu", together=4)
    assert session.describe().together == 1
    assert close(session.run(pixels(5)), OpenVinoSession(mixing, Cores(1), "f32").run(pixels(5)))
