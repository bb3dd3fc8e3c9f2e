"""Exports a network as ONNX that OpenVINO has read, or that a reader has built with it.

An IR, a network of TFLite and what the readers of packs build are some thirty kinds of layers together (`layers`).
"""

from onnx import TensorProto, helper

from mien.engine.layers import write
from mien.engine.models import bounded, output_name, read_model
from mien.engine.nodes import Nodes
from mien.engine.quiet import ov, passes
from mien.engine.session import Graph

OPSET, IR_VERSION = 18, 9  # of what is written; ONNX Runtime has read both since its version 1.14
_COUNT = "N"  # the name of the input's first axis


def exported(found: ov.Model | None, graph: Graph) -> bytes:
    """Returns a network as a file of ONNX, whose input is float32 (N, 3, height, width).

    Args:
        found: the network as a reader has built it; None to read the graph's file.
        graph: the network's size and file.

    Raises:
        ValueError: it is too large, or has a layer that cannot be written.
        RuntimeError: OpenVINO does not read the file.
    """
    model = read_model(graph.file) if found is None else found
    model.reshape([1, 3, graph.height, graph.width])
    bounded(model)
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
    entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, [_COUNT, 3, graph.height, graph.width])
    made = helper.make_graph(to.nodes, graph.file.stem, [entry], outputs, to.weights)
    opset = helper.make_opsetid("", OPSET)
    return bytes(helper.make_model(made, opset_imports=[opset], ir_version=IR_VERSION).SerializeToString())


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
