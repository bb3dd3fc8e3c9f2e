"""Collects nodes and weights of an ONNX network while it is written."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


class Nodes:
    """Nodes and weights as they are written, named by a prefix and a number."""

    def __init__(self, prefix: str = "") -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._prefix = prefix

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Appends a node with one output, and returns the output's name."""
        output = f"{self._prefix}node{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def weight(self, values: NDArray[Any]) -> str:
        """Appends a constant, and returns its name."""
        name = f"{self._prefix}weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def numbers(self, values: Sequence[int]) -> str:
        """Appends a constant row of whole numbers, such as a shape, and returns its name."""
        return self.weight(np.array(values, np.int64))

    def reshaped(self, tensor: str, shape: Sequence[int]) -> str:
        """Appends a `Reshape` to a shape that is known for one input."""
        return self.node("Reshape", [tensor, self.numbers([-1, *shape[1:]] if shape else [])])
