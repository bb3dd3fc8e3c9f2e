"""Writes a network as ONNX for ONNX Runtime: pixels in as bytes, preprocessing in the graph, any count of inputs.

A file of ONNX is taken as it is. Whatever else OpenVINO reads, or a reader builds with it, is written out layer by
layer. Either way every `Reshape` gets a first axis of -1, since publishers write a 1 there.
"""

import math
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mien.engine.layers import OPSET, Nodes, write
from mien.engine.models import bounded, output_name, read_model
from mien.engine.quiet import ov, passes
from mien.engine.session import Graph, hold_size

ENTRY, COUNT = "mien/pixels", "N"  # the input's name, and that of its first axis; a file may have any other
_IR_VERSION = 9  # of the files that are written here; any ONNX Runtime that runs OPSET reads it


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
    if found is None:
        found = graph.file.read_bytes() if graph.file.suffix == ".onnx" else read_model(graph.file)
    model, numbers = _taken(found, graph) if isinstance(found, bytes) else _exported(found, graph)
    if half:
        from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415  loads slowly

        model = convert_float_to_float16(model, keep_io_types=True)
    _enter(model, graph)
    return Written(bytes(model.SerializeToString()), numbers)


def _exported(model: ov.Model, graph: Graph) -> tuple[onnx.ModelProto, int]:
    """Writes out a network of OpenVINO, and counts the numbers of its layers."""
    model.reshape([1, 3, graph.height, graph.width])
    numbers = bounded(model)
    _fold(model)
    to = Nodes()
    names: dict[tuple[str, int], str] = {}  # of tensors, by the layer and the number of its output
    outputs = []
    for layer in model.get_ordered_ops():
        kind = layer.get_type_name()
        inputs = [names[source.get_node().get_name(), source.get_index()] for source in layer.input_values()]
        if kind == "Result":
            outputs.append(helper.make_tensor_value_info(output_name(layer.output(0)), TensorProto.FLOAT, None))
            to.nodes.append(helper.make_node("Identity", inputs, [outputs[-1].name]))
        elif kind == "Parameter":
            names[layer.get_name(), 0] = "input"
        elif kind == "Constant":
            names[layer.get_name(), 0] = to.weight(layer.get_data())
        else:
            names[layer.get_name(), 0] = write(to, layer, inputs)
    entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, [COUNT, 3, graph.height, graph.width])
    made = helper.make_graph(to.nodes, graph.file.stem, [entry], outputs, to.weights)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(made, opset_imports=[opset], ir_version=_IR_VERSION), numbers


def _fold(model: ov.Model) -> None:
    """Replaces what a network computes from constants alone, which OpenVINO leaves where weights lie as float16."""
    for layer in model.get_ops():
        source = layer.input_value(0).get_node() if layer.get_type_name() == "Convert" else None
        if source and source.get_type_name() == "Constant":
            values = source.get_data().astype(layer.get_output_element_type(0).to_dtype())
            layer.output(0).replace(ov.opset15.constant(values).output(0))
    steps = passes().Manager()
    steps.register_pass(passes().ConstantFolding())
    steps.run_passes(model)


def _taken(content: bytes, graph: Graph) -> tuple[onnx.ModelProto, int]:
    """Takes a file of ONNX, for any count of inputs, and counts the numbers of its layers for one."""
    model = onnx.load_from_string(content)
    entry = _entry(model)
    sizes = entry.type.tensor_type.shape.dim
    for dimension, size in zip(sizes, (1, 3, graph.height, graph.width), strict=True):
        dimension.dim_value = size
    for declared in (*model.graph.output, *model.graph.value_info):
        declared.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
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
    return model, numbers


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
