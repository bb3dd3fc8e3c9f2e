"""Writes the layers of an OpenVINO network as nodes of ONNX, one function for each kind of layer.

All shapes of the network are known, for one input. What only changes a shape becomes a `Reshape` to the shape that
follows, with -1 for the first axis: so the nodes take several inputs as well, as long as that axis is theirs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import helper

from mien.engine.nodes import Nodes
from mien.engine.quiet import ov

_ONE_TO_ONE = {
    "Abs": "Abs", "Add": "Add", "Divide": "Div", "Exp": "Exp", "HSwish": "HardSwish", "Maximum": "Max",
    "Minimum": "Min", "Multiply": "Mul", "Negative": "Neg", "Power": "Pow", "Relu": "Relu", "Sigmoid": "Sigmoid",
    "Sqrt": "Sqrt", "Subtract": "Sub", "Tanh": "Tanh",
}  # fmt: skip
_REDUCTIONS = ("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum")
_RESHAPES = ("Reshape", "Squeeze", "Unsqueeze")


def write(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    """Writes a layer, and returns the name of its first output.

    Args:
        to: gets the nodes.
        layer: the layer, whose shapes are known.
        inputs: the names of its inputs.

    Raises:
        ValueError: its kind, or an option of it, cannot be written.
    """
    kind = str(layer.get_type_name())
    if kind in _ONE_TO_ONE:
        return to.node(_ONE_TO_ONE[kind], inputs)
    if kind in _RESHAPES:
        return to.reshaped(inputs[0], _shape(layer))
    if kind in _REDUCTIONS:
        kept = int(layer.get_attributes()["keep_dims"])
        return to.node(kind, [inputs[0], to.numbers(_numbers(layer, 1))], keepdims=kept)
    if kind not in _OTHERS:
        raise _unknown(layer)
    return _OTHERS[kind](to, layer, inputs)


def _convolution(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    return to.node("Conv", inputs, **_window(layer, "dilations"))


def _grouped(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    groups, outputs, *rest = layer.input_value(1).get_shape()
    filters = to.reshaped(inputs[1], (groups * outputs, *rest))
    return to.node("Conv", [inputs[0], filters], group=groups, **_window(layer, "dilations"))


def _max_pool(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    names = {"dilations"} & layer.get_attributes().keys()
    return to.node("MaxPool", inputs, **_pool(layer), **_window(layer, *names))


def _average_pool(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    padding = int(not layer.get_attributes()["exclude-pad"])
    return to.node("AveragePool", inputs, count_include_pad=padding, **_pool(layer), **_window(layer))


def _pool(layer: ov.Node) -> dict[str, Any]:
    options = layer.get_attributes()
    return {"kernel_shape": list(options["kernel"]), "ceil_mode": int(options["rounding_type"] != "floor")}


def _window(layer: ov.Node, *names: str) -> dict[str, Any]:
    """Returns how a window moves; where OpenVINO chooses the padding, it has done so for the shapes known by now."""
    options = layer.get_attributes()
    pads = [*options["pads_begin"], *options["pads_end"]]
    return {"pads": pads, **{name: list(options[name]) for name in ("strides", *names)}}


def _prelu(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    """Writes a PReLU; one slope for each channel belongs to the second axis there, and to the last one here."""
    rank, slopes = len(_shape(layer)), list(layer.input_value(1).get_shape())
    if len(slopes) == 1 and rank > 2:
        return to.node("PRelu", [inputs[0], to.reshaped(inputs[1], [*slopes, *[1] * (rank - 2)])])
    return to.node("PRelu", inputs)


def _matmul(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    turned = []
    for index, name in enumerate(("transpose_a", "transpose_b")):
        axes = list(range(len(layer.input_value(index).get_shape())))
        axes[-2:] = reversed(axes[-2:])
        turns = layer.get_attributes()[name] and len(axes) > 1
        turned.append(to.node("Transpose", [inputs[index]], perm=axes) if turns else inputs[index])
    return to.node("MatMul", turned)


def _pad(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    mode = layer.get_attributes()["pad_mode"]
    if mode not in ("constant", "edge", "reflect"):
        raise _unknown(layer)
    pads = to.numbers([*_numbers(layer, 1), *_numbers(layer, 2)])
    return to.node("Pad", [inputs[0], pads, *inputs[3:]], mode=mode)


def _transpose(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    return to.node("Transpose", inputs[:1], perm=_numbers(layer, 1))


def _concat(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    """Writes a concatenation; a constant that is one input's part, such as a token, is repeated for each input."""
    sources = [source.get_node() for source in layer.input_values()]
    computed = [name for name, source in zip(inputs, sources, strict=True) if source.get_type_name() != "Constant"]
    joined, axis = list(inputs), layer.get_attributes()["axis"]
    for index, source in enumerate(sources):
        shape = _shape(source)
        if computed and inputs[index] not in computed and shape[0] == 1 and axis % len(shape):
            count = to.node("Shape", computed[:1], start=0, end=1)
            whole = to.node("Concat", [count, to.numbers(shape[1:])], axis=0)
            joined[index] = to.node("Expand", [inputs[index], whole])
    return to.node("Concat", joined, axis=axis)


def _softmax(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    return to.node("Softmax", inputs, axis=layer.get_attributes()["axis"])


def _clamp(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    least, most = (to.weight(np.array(layer.get_attributes()[name], np.float32)) for name in ("min", "max"))
    return to.node("Clip", [*inputs, least, most])


def _convert(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    kind = helper.np_dtype_to_tensor_dtype(layer.get_output_element_type(0).to_dtype())
    return to.node("Cast", inputs, to=kind)


def _gather(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    if layer.get_attributes()["batch_dims"]:
        raise _unknown(layer)
    (axis,) = _numbers(layer, 2)
    return to.node("Gather", inputs[:2], axis=axis)


def _grid_sample(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    options = layer.get_attributes()
    corners, mode, padding = int(options["align_corners"]), options["mode"], options["padding_mode"]
    return to.node("GridSample", inputs, align_corners=corners, mode=mode, padding_mode=padding)


def _regions(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    """Writes ROIAlign; as many regions belong to each input as there are for one."""
    options, regions = layer.get_attributes(), _shape(layer)[0]
    if options["aligned_mode"] != "half_pixel_for_nn" or any(_numbers(layer, 2)):
        raise _unknown(layer)
    count = to.node("Squeeze", [to.node("Shape", [inputs[1]], start=0, end=1)])
    numbers = [to.weight(np.array(number, np.int64)) for number in (0, 1, regions)]
    whose = to.node("Div", [to.node("Range", [numbers[0], count, numbers[1]]), numbers[2]])
    return to.node(
        "RoiAlign", [*inputs[:2], whose], coordinate_transformation_mode="half_pixel", mode=options["mode"],
        output_height=options["pooled_h"], output_width=options["pooled_w"],
        sampling_ratio=options["sampling_ratio"], spatial_scale=options["spatial_scale"],
    )  # fmt: skip


def _squared_difference(to: Nodes, _: ov.Node, inputs: list[str]) -> str:
    difference = to.node("Sub", inputs)
    return to.node("Mul", [difference, difference])


def _swish(to: Nodes, _: ov.Node, inputs: list[str]) -> str:
    bent = to.node("Mul", inputs) if len(inputs) > 1 else inputs[0]
    return to.node("Mul", [inputs[0], to.node("Sigmoid", [bent])])


def _strided_slice(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    """Writes a slice; an axis that is taken whole is left out, so that it may have another size."""
    options, shape = layer.get_attributes(), list(layer.input_value(0).get_shape())
    begins, ends = _numbers(layer, 1), _numbers(layer, 2)
    steps = _numbers(layer, 3) if len(inputs) > 3 else [1] * len(begins)
    if any(options["new_axis_mask"]) or any(options["ellipsis_mask"]) or min(steps, default=1) < 1:
        raise _unknown(layer)
    masks = [[*options[name], *[0] * len(begins)] for name in ("begin_mask", "end_mask", "shrink_axis_mask")]
    taken = []
    for axis, (size, begin, end, step, begun, ended, single) in enumerate(zip(shape, begins, ends, steps, *masks)):  # noqa: B905  masks may be longer
        first = 0 if begun and not single else begin
        last = first + 1 or size if single else size if ended else end
        if range(size)[first:last:step] != range(size):
            taken.append((first, last, axis, step))
    node = inputs[0]
    if taken:
        node = to.node("Slice", [node, *(to.numbers(each) for each in zip(*taken, strict=True))])
    return to.reshaped(node, _shape(layer)) if any(options["shrink_axis_mask"]) else node


def _fake_quantize(to: Nodes, layer: ov.Node, inputs: list[str]) -> str:
    """Writes OpenVINO's FakeQuantize-1: limits, rounds to so many levels, and scales to the outputs' limits."""
    value, low, high, least, most = inputs
    steps = to.weight(np.array(layer.get_attributes()["levels"] - 1, np.float32))
    held = to.node("Min", [to.node("Max", [value, low]), high])
    share = to.node("Div", [to.node("Sub", [held, low]), to.node("Sub", [high, low])])
    level = to.node("Div", [to.node("Round", [to.node("Mul", [share, steps])]), steps])
    return to.node("Add", [to.node("Mul", [level, to.node("Sub", [most, least])]), least])


def _shape(layer: ov.Node) -> list[int]:
    return list(layer.get_output_shape(0))


def _numbers(layer: ov.Node, index: int) -> list[int]:
    """Returns an input that is a constant row of whole numbers, or one of them.

    Raises:
        ValueError: it is computed from pixels.
    """
    source = layer.input_value(index).get_node()
    if source.get_type_name() != "Constant":
        raise _unknown(layer)
    return [int(number) for number in np.ravel(source.get_data())]


def _unknown(layer: ov.Node) -> ValueError:
    return ValueError(f"its layer of the kind {layer.get_type_name()} cannot be written as ONNX; use engine = openvino")


_OTHERS: dict[str, Callable[[Nodes, ov.Node, list[str]], str]] = {
    "AvgPool": _average_pool, "Clamp": _clamp, "Concat": _concat, "Convert": _convert, "Convolution": _convolution,
    "FakeQuantize": _fake_quantize, "Gather": _gather, "GridSample": _grid_sample, "GroupConvolution": _grouped,
    "MatMul": _matmul, "MaxPool": _max_pool, "PRelu": _prelu, "Pad": _pad, "ROIAlign": _regions, "Softmax": _softmax,
    "SquaredDifference": _squared_difference, "StridedSlice": _strided_slice, "Swish": _swish,
    "Transpose": _transpose,
}  # fmt: skip
