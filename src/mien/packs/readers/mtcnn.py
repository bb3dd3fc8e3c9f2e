"""Builds the three networks of MTCNN from the arrays of the package `mtcnn` (`readers/arrays.py`).

A file is a list of float32 arrays in the order the layers run: a convolution's filters (rows, columns, inputs,
outputs) and biases, then the slopes of the PReLU behind it; a dense layer's matrix (inputs, outputs) and biases. The
layers between are those of Zhang et al. 2016 (arXiv 1604.02878), figure 2; the 3×3 pools over the first convolution
are padded at the end by a row and a column where needed. All take RGB, NCHW, (pixel − 127.5) / 128.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.engine.quiet import ov
from mien.packs.readers import arrays

REFINED, FINISHED = 24, 48  # rows and columns of the second and third network's input
op = ov.opset15


class Arrays:
    """Reads the arrays of one network, a layer at a time.

    Raises:
        SetupError: the package that decompresses them is not installed.
        ValueError: the file is not of this format, or holds too few arrays.
    """

    def __init__(self, file: Path) -> None:
        self._arrays: Iterator[NDArray[np.float32]] = arrays.read(file)

    def convolution(self, node: ov.Output) -> ov.Output:
        """Adds a convolution, stride 1, no padding."""
        filters, biases = self._next(4), self._next(1)
        weights = op.constant(np.ascontiguousarray(filters.transpose(3, 2, 0, 1)))
        sums = op.convolution(node, weights, [1, 1], [0, 0], [0, 0], [1, 1])
        return op.add(sums, op.constant(biases.reshape(1, -1, 1, 1)))

    def dense(self, node: ov.Output) -> ov.Output:
        """Adds a fully connected layer over (N, inputs)."""
        matrix, biases = self._next(2), self._next(1)
        return op.add(op.matmul(node, op.constant(matrix), False, False), op.constant(biases[None]))

    def prelu(self, node: ov.Output) -> ov.Output:
        """Adds a PReLU with one slope for each channel."""
        return op.prelu(node, op.constant(self._next().ravel()))

    def _next(self, axes: int = 0) -> NDArray[np.float32]:
        array = next(self._arrays, None)
        if array is None or axes not in (0, array.ndim):
            raise ValueError("the file does not hold this network's arrays")
        return array


def read_proposal(file: Path) -> ov.Model:
    """Builds the first network, over a canvas of any size, with one guess for every 12×12 window, two pixels apart.

    Outputs: `score` (N, rows, columns), 0–1; `shift` (N, 4, rows, columns), the offsets of the face's left, top, right
    and bottom edge from the window's, in windows.
    """
    layers = Arrays(file)
    entry = op.parameter(ov.PartialShape([-1, 3, -1, -1]), np.float32)
    node = _pool(layers.prelu(layers.convolution(entry)), 2)
    node = layers.prelu(layers.convolution(node))
    node = layers.prelu(layers.convolution(node))
    shift = layers.convolution(node)
    return _model(entry, shift=shift, score=_second(layers.convolution(node)))


def read_refinement(file: Path) -> ov.Model:
    """Builds the second network, over 24×24: outputs `score` (N,), 0–1, and `shift` (N, 4), in sides of the input."""
    layers = Arrays(file)
    entry = op.parameter(ov.PartialShape([-1, 3, REFINED, REFINED]), np.float32)
    node = _pool(layers.prelu(layers.convolution(entry)), 3, "same_upper")
    node = _pool(layers.prelu(layers.convolution(node)), 3)
    node = layers.prelu(layers.convolution(node))
    node = layers.prelu(layers.dense(_flat(node)))
    shift = layers.dense(node)
    return _model(entry, shift=shift, score=_second(layers.dense(node)))


def read_output(file: Path) -> ov.Model:
    """Builds the third network, over 48×48: also outputs `points` (N, 2, 5), x and y of five, in sides of the input."""
    layers = Arrays(file)
    entry = op.parameter(ov.PartialShape([-1, 3, FINISHED, FINISHED]), np.float32)
    node = _pool(layers.prelu(layers.convolution(entry)), 3, "same_upper")
    node = _pool(layers.prelu(layers.convolution(node)), 3)
    node = _pool(layers.prelu(layers.convolution(node)), 2)
    node = layers.prelu(layers.convolution(node))
    node = layers.prelu(layers.dense(_flat(node)))
    shift, points = layers.dense(node), layers.dense(node)
    points = op.reshape(points, op.constant([0, 2, 5]), True)
    return _model(entry, shift=shift, points=points, score=_second(layers.dense(node)))


def _pool(node: ov.Output, side: int, padding: str = "valid") -> ov.Output:
    return op.max_pool(node, [2, 2], [1, 1], [0, 0], [0, 0], [side, side], "floor", padding).output(0)


def _flat(node: ov.Output) -> ov.Output:
    """Reshapes (N, channels, rows, columns) to (N, columns · rows · channels), the order of the weights."""
    return op.reshape(op.transpose(node, op.constant([0, 3, 2, 1])), op.constant([0, -1]), True)


def _second(logits: ov.Output) -> ov.Output:
    """Returns the probability of the second of two classes, "face"."""
    return op.gather(op.softmax(logits, 1), op.constant(1), op.constant(1))


def _model(entry: ov.Output, **answers: ov.Output) -> ov.Model:
    model = ov.Model(list(answers.values()), [entry], "mtcnn")
    for output, name in zip(model.outputs, answers, strict=True):
        output.tensor.set_names({name})
    return model
