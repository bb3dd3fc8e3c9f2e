"""Small ONNX networks with random weights and the output layouts of real ones, made when a test needs them."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

STRIDES, GUESSES = (8, 16, 32), 2


class Graph:
    """Nodes and weights as they are put together."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, value: NDArray[np.generic]) -> str:
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def normal(self, *shape: int, scale: float = 1.0) -> str:
        return self.weight(self.random.normal(0, scale, shape).astype(np.float32))

    def shape(self, *sides: int) -> str:
        return self.weight(np.array(sides, np.int64))

    def node(self, kind: str, inputs: list[str], name: str = "", **options: Any) -> str:
        output = name or f"node{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **options))
        return output

    def save(self, path: Path, sides: tuple[int | str, ...], outputs: dict[str, tuple[int | str, ...]]) -> Path:
        entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, sides)
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        graph = helper.make_graph(self.nodes, "generated", [entry], ends, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))
        return path


def embedder(path: Path, size: int = 112, dimension: int = 512, seed: int = 1, scale: float = 0.02) -> Path:
    """ArcFace's layout: (N, 3, size, size) → (N, dimension), any number of inputs at once."""
    graph = Graph(seed)
    seen = graph.node("Conv", ["input", graph.normal(8, 3, 8, 8, scale=scale)], strides=[8, 8])
    bent = graph.node("Relu", [seen])
    flat = graph.node("Flatten", [bent], axis=1)
    cells = 8 * (size // 8) ** 2
    graph.node("Gemm", [flat, graph.normal(cells, dimension, scale=0.05), graph.normal(dimension)], "embedding")
    return graph.save(path, ("N", 3, size, size), {"embedding": ("N", dimension)})


def scrfd(path: Path, batched: bool = False, seed: int = 2) -> Path:
    """SCRFD's layout: (1, 3, H, W) → scores, boxes and points of three strides, with or without a leading 1."""
    graph = Graph(seed)
    outputs: dict[str, tuple[int | str, ...]] = {}
    made: dict[tuple[int, int], str] = {}
    for stride in STRIDES:
        for width, scale, offset in ((1, 0.25, -2.0), (4, 0.03, 2.0), (10, 0.05, 0.0)):
            kernel = graph.normal(GUESSES * width, 3, stride, stride, scale=scale * 8 / stride)
            offsets = graph.weight(np.full(GUESSES * width, offset, np.float32))
            map_ = graph.node("Conv", ["input", kernel, offsets], strides=[stride, stride])
            rows = graph.node("Transpose", [map_], perm=[0, 2, 3, 1])
            lead = (1,) if batched else ()
            listed = graph.node("Reshape", [rows, graph.shape(*lead, -1, width)])
            made[stride, width] = graph.node("Sigmoid", [listed]) if width == 1 else listed
    for width in (1, 4, 10):  # the publisher's order: all scores, all boxes, all points
        for stride in STRIDES:
            name = f"{400 + len(outputs)}"
            graph.node("Identity", [made[stride, width]], name)
            outputs[name] = (*((1,) if batched else ()), f"cells{stride}", width)
    return graph.save(path, (1, 3, "H", "W"), outputs)
