"""Writes a network as ONNX for ONNX Runtime: pixels in as bytes, preprocessing in the graph, any count of inputs.

A file of ONNX is taken as it is, and what else OpenVINO reads is exported before. Every `Reshape` gets a first axis of
-1, since publishers write a 1 there.
"""

import math
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mien.engine.nodes import Nodes
from mien.engine.session import Graph, hold_size

ENTRY, COUNT = "mien/pixels", "N"  # the input's name, and that of its first axis; a file may have any other


@dataclass(frozen=True, slots=True)
class Written:
    """A network as ONNX; its only input is uint8 (N, height, width, 3) RGB.

    Attributes:
        content: the file.
        numbers: how many numbers all layers output for one input.
    """

    content: bytes
    numbers: int


def written(graph: Graph, *, half: bool = False) -> Written:
    """Writes a network.

    Args:
        graph: the network.
        half: whether it calculates in float16; what goes in and comes out stays as it is.

    Raises:
        ValueError: it is no network, too large, or has a layer that cannot be written.
    """
    found = graph.read(graph.file) if graph.read else None
    if found is None and graph.file.suffix == ".onnx":
        found = graph.file.read_bytes()
    if not isinstance(found, bytes):
        from mien.engine.exported import exported  # noqa: PLC0415  a file of ONNX needs no OpenVINO

        found = exported(found, graph)
    model = onnx.load_from_string(found)
    numbers = _freed(model, graph)
    if half:
        from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415  loads slowly

        model = convert_float_to_float16(model, keep_io_types=True)
    _enter(model, graph)
    return Written(bytes(model.SerializeToString()), numbers)


def _freed(model: onnx.ModelProto, graph: Graph) -> int:
    """Makes a network take any count of inputs of the graph's size, and counts the numbers of its layers for one."""
    entry = _entry(model)
    sizes = entry.type.tensor_type.shape.dim
    for dimension, size in zip(sizes, (1, 3, graph.height, graph.width), strict=True):
        dimension.dim_value = size
    for declared in (*model.graph.output, *model.graph.value_info):
        declared.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes: dict[str, list[int]] = {
        each.name: [size.dim_value for size in each.type.tensor_type.shape.dim]
        for each in (*inferred.value_info, *inferred.output)
    }
    numbers = sum(math.prod(max(1, size) for size in shape) for shape in shapes.values())
    hold_size(numbers)
    sizes[0].dim_param = COUNT
    for node in model.graph.node:
        shape = shapes.get(node.output[0], []) if node.op_type == "Reshape" else []
        if shape and all(shape):
            name = f"{node.output[0]}/shape"
            model.graph.initializer.append(numpy_helper.from_array(np.array([-1, *shape[1:]], np.int64), name))
            node.input[1] = name
    return numbers


def _enter(model: onnx.ModelProto, graph: Graph) -> None:
    """Puts the preprocessing before a network: order of the axes and of the colours, mean, scale."""
    to, old = Nodes("mien/"), _entry(model)
    node = to.node("Transpose", [ENTRY], perm=[0, 3, 1, 2])
    if graph.color == "BGR":
        node = to.node("Gather", [node, to.numbers([2, 1, 0])], axis=1)
    node = to.node("Cast", [node], to=TensorProto.FLOAT)
    for kind, values, none in (("Sub", graph.mean, 0.0), ("Div", graph.scale, 1.0)):
        if set(values) != {none}:
            node = to.node(kind, [node, to.weight(np.array(values, np.float32).reshape(1, 3, 1, 1))])
    to.nodes.append(helper.make_node("Identity", [node], [old.name]))
    following = [*to.nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(following)
    model.graph.initializer.extend(to.weights)
    model.graph.input.remove(old)
    entry = helper.make_tensor_value_info(ENTRY, TensorProto.UINT8, [COUNT, graph.height, graph.width, 3])
    model.graph.input.append(entry)


def _entry(model: onnx.ModelProto) -> onnx.ValueInfoProto:
    """Returns the only input that is no weight."""
    weights = {weight.name for weight in model.graph.initializer}
    entry: onnx.ValueInfoProto
    (entry,) = [each for each in model.graph.input if each.name not in weights]
    return entry
