"""Builds dlib's face recognition network from the weights file that its publisher serialised.

The file is a stream of layers in the order they run, each a tag with its parameters. An integer is one byte with the
count of bytes that follow, little-endian, its highest bit the sign. A tensor is its version (2), four sizes and raw
float32. A convolution (`con_4`) has one tensor, its filters and then its biases, and after it its count of filters,
rows, columns, strides and paddings. An affine layer (`affine_`) has its gains and then its offsets. The last layer
(`fc_2`) is a matrix. How the blocks are joined is not in the file; it follows dlib's face recognition example
(`dnn_face_recognition_ex.cpp`, `anet_type`).
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.engine.quiet import ov

SIDE = 150  # rows and columns of the input
BLOCKS = 14  # residual blocks of two convolutions each, after the first convolution
_TENSOR = 2
op = ov.opset15


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with the affine layer behind it folded in.

    Attributes:
        filters: float32 (outputs, inputs, rows, columns).
        biases: float32 (outputs,).
        stride: pixels, the same both ways.
        padding: zeros on every side.
    """

    filters: NDArray[np.float32]
    biases: NDArray[np.float32]
    stride: int
    padding: int


class Layers:
    """Reads the layers of a serialised network, one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def convolution(self, inputs: int) -> Convolution:
        """Reads the next convolution and its affine layer; `inputs` is the count of input channels.

        Raises:
            ValueError: the file holds something else.
        """
        self._layer("con_4")
        parameters = self._tensor()
        count, rows, columns, stride, stride_x, padding, padding_x = (self._integer() for _ in range(7))
        if (stride, padding) != (stride_x, padding_x):
            raise ValueError("a convolution's stride or padding differs between its axes")
        if min(count, rows, columns, stride) < 1 or not 0 <= padding < max(rows, columns):
            raise ValueError("a convolution has no filters, no stride, or more padding than its window")
        self._layer("affine_")
        gains, offsets = np.split(self._tensor(), 2)
        filters = parameters[:-count].reshape(count, inputs, rows, columns) * gains[:, None, None, None]
        return Convolution(filters, parameters[-count:] * gains + offsets, stride, padding)

    def matrix(self) -> NDArray[np.float32]:
        """Reads the next fully connected layer, float32 (inputs, outputs).

        Raises:
            ValueError: the file holds something else.
        """
        self._layer("fc_2")
        outputs, inputs = self._integer(), self._integer()
        return self._tensor().reshape(inputs, outputs)

    def _layer(self, tag: str) -> None:
        """Moves behind the tag of the next layer of this name."""
        mark = bytes([1, len(tag)]) + tag.encode()
        found = self._data.find(mark, self._at)
        if found < 0:
            raise ValueError(f"a layer {tag} is missing")
        self._at = found + len(mark)

    def _tensor(self) -> NDArray[np.float32]:
        """Reads the tensor at the current offset, as one row."""
        version = self._integer()
        sizes = [self._integer() for _ in range(4)]
        if version != _TENSOR or min(sizes) < 1:
            raise ValueError(f"a layer holds no tensor of version {_TENSOR}")
        first, self._at = self._at, self._at + 4 * math.prod(sizes)
        if self._at > len(self._data):
            raise ValueError("the file ends too soon for a tensor")
        return np.frombuffer(self._data[first : self._at], "<f4")

    def _integer(self) -> int:
        head = self._data[self._at]
        first, self._at = self._at + 1, self._at + 1 + (head & 0x0F)
        value = int.from_bytes(self._data[first : self._at], "little")
        if value >= 1 << 31:
            raise ValueError("a layer has a number that no network has")
        return -value if head & 0x80 else value


def read(file: Path) -> ov.Model:
    """Builds the network: input float32 (1, 3, 150, 150) RGB, normalised; output `embedding` (1, 128), any length.

    Raises:
        ValueError: the file is not such a network.
    """
    layers = Layers(file.read_bytes())
    entry = op.parameter([1, 3, SIDE, SIDE], np.float32)
    try:
        node = op.relu(_convolved(entry, layers.convolution(3)))
        node = op.max_pool(node, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)
        for _ in range(BLOCKS):
            node = _block(node, layers)
        node = op.reduce_mean(node, op.constant([2, 3]), keep_dims=False)
        answer = op.matmul(node, op.constant(layers.matrix()), False, False)
    except IndexError as error:
        raise ValueError(f"the file ends too soon ({error})") from None
    model = ov.Model([answer], [entry], "dlib-resnet")
    model.output().tensor.set_names({"embedding"})
    return model


def _block(node: ov.Output, layers: Layers) -> ov.Output:
    """Adds a residual block: two convolutions, and a shortcut that is halved where they halve."""
    first = layers.convolution(_shape(node)[1])
    second = layers.convolution(len(first.biases))
    branch = _convolved(op.relu(_convolved(node, first)), second)
    if first.stride > 1:
        node = op.avg_pool(node, [2, 2], [0, 0], [0, 0], [2, 2], True)
    target = np.maximum(_shape(branch), _shape(node))
    return op.relu(op.add(_padded(branch, target), _padded(node, target)))


def _convolved(node: ov.Output, layer: Convolution) -> ov.Output:
    sums = op.convolution(
        node, op.constant(layer.filters), [layer.stride] * 2, [layer.padding] * 2, [layer.padding] * 2, [1, 1]
    )
    return op.add(sums, op.constant(layer.biases.reshape(1, -1, 1, 1)))


def _padded(node: ov.Output, target: NDArray[np.int64]) -> ov.Output:
    """Pads with zeros after the last channel, row and column, up to the target's shape."""
    missing = target - _shape(node)
    return op.pad(node, np.zeros(4, np.int64), missing, "constant", np.float32(0)) if missing.any() else node


def _shape(node: ov.Output) -> NDArray[np.int64]:
    output = node if isinstance(node, ov.Output) else node.output(0)
    return np.array(output.get_shape(), np.int64)
