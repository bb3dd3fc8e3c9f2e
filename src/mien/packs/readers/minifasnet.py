"""Builds the networks MiniFASNetV2 and MiniFASNetV1SE from their publisher's files (`readers/tensors.py`).

The layers are those of `src/model_lib/MiniFASNet.py` in minivision-ai/Silent-Face-Anti-Spoofing: blocks of a pointwise,
a depthwise and a pointwise convolution, each with its batch normalisation and, but for the last, a PReLU; some blocks
have a shortcut, and the last of a row in V1SE squeeze and excitation. How many blocks and channels there are follows
from the tensors' names and shapes.
"""

from itertools import count, takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.engine.quiet import ov
from mien.packs.readers import tensors

SIDE = 80  # rows and columns of the input
EPSILON = 1e-5  # which PyTorch adds to a variance
op = ov.opset15


class Layers:
    """The layers of one network, by their names in its file.

    Args:
        file: the publisher's.

    Raises:
        ValueError: the file is none of PyTorch's, or lacks a layer.
    """

    def __init__(self, file: Path) -> None:
        self._tensors = {name.removeprefix("module."): each for name, each in tensors.read(file).items()}

    def has(self, part: str) -> bool:
        """Returns whether a part of the network exists."""
        return any(name.startswith(part + ".") for name in self._tensors)

    def block(self, node: ov.Output, name: str, stride: int = 1, padding: int = 1) -> ov.Output:
        """Adds a convolution, its batch normalisation, and its PReLU if it has one."""
        node = self.convolution(node, f"{name}.conv", f"{name}.bn", stride, padding)
        slopes = self._tensors.get(f"{name}.prelu.weight")
        return node if slopes is None else op.prelu(node, op.constant(slopes))

    def convolution(self, node: ov.Output, name: str, norm: str, stride: int = 1, padding: int = 0) -> ov.Output:
        """Adds a convolution with the batch normalisation behind it folded in; padded if it looks around a pixel."""
        gains, offsets = self.folded(norm)
        filters = self._tensor(f"{name}.weight", 4)
        outputs, inputs, side, _ = filters.shape
        filters = (filters * gains[:, None, None, None]).astype(np.float32)
        steps, pads = [stride] * 2, [padding if side > 1 else 0] * 2
        if inputs == 1:
            grouped = op.constant(filters.reshape(outputs, 1, 1, side, side))
            sums = op.group_convolution(node, grouped, steps, pads, pads, [1, 1])
        else:
            sums = op.convolution(node, op.constant(filters), steps, pads, pads, [1, 1])
        return op.add(sums, op.constant(offsets.astype(np.float32).reshape(1, -1, 1, 1)))

    def bottleneck(self, node: ov.Output, name: str, stride: int = 1) -> ov.Output:
        """Adds a block of three convolutions; the one in the middle may halve the picture."""
        inner = self.block(self.block(node, f"{name}.conv"), f"{name}.conv_dw", stride)
        return self.block(inner, f"{name}.project")

    def row(self, node: ov.Output, name: str) -> ov.Output:
        """Adds a row of blocks with shortcuts."""
        blocks = (f"{name}.model.{number}" for number in count())
        for block in takewhile(self.has, blocks):
            node = op.add(node, self._excited(self.bottleneck(node, block), f"{block}.se_module"))
        return node

    def logits(self, node: ov.Output) -> ov.Output:
        """Adds the last layers, which are linear, as one: (1, channels) → (1, classes)."""
        gains, offsets = self.folded("bn")
        last = self._tensor("prob.weight", 2).astype(np.float64)
        matrix, biases = (last * gains) @ self._tensor("linear.weight", 2), last @ offsets
        sums = op.matmul(node, op.constant(matrix.astype(np.float32)), False, True)
        return op.add(sums, op.constant(biases.astype(np.float32)[None]))

    def folded(self, norm: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Returns a batch normalisation as gains and offsets."""
        weight, bias, mean, variance = (
            self._tensor(f"{norm}.{part}", 1).astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        gains = weight / np.sqrt(variance + EPSILON)
        return gains, bias - mean * gains

    def _excited(self, node: ov.Output, name: str) -> ov.Output:
        """Adds squeeze and excitation, where there is one."""
        if not self.has(name):
            return node
        shares = op.reduce_mean(node, op.constant([2, 3]), keep_dims=True)
        shares = op.relu(self.convolution(shares, f"{name}.fc1", f"{name}.bn1"))
        shares = op.sigmoid(self.convolution(shares, f"{name}.fc2", f"{name}.bn2"))
        return op.multiply(node, shares)

    def _tensor(self, name: str, axes: int) -> NDArray[np.float32]:
        found = self._tensors.get(name)
        if found is None or found.ndim != axes:
            raise ValueError(f"the layer {name} is missing, or has another shape")
        return found


def read(file: Path) -> ov.Model:
    """Builds the network: input float32 (1, 3, 80, 80) BGR 0–255; outputs `probabilities` and `logits` (1, 3).

    The classes are spoof, live, spoof. The logits show a broken engine where the probabilities are 0 and 1.

    Raises:
        ValueError: the file is not such a network.
    """
    layers = Layers(file)
    entry = op.parameter([1, 3, SIDE, SIDE], np.float32)
    try:
        node = layers.block(layers.block(entry, "conv1", stride=2), "conv2_dw")
        for halving, row in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
            node = layers.row(layers.bottleneck(node, halving, stride=2), row)
        node = layers.block(layers.block(node, "conv_6_sep"), "conv_6_dw", padding=0)
        logits = layers.logits(op.reshape(node, op.constant([0, -1]), True))
    except RuntimeError as error:  # of shapes that do not fit
        raise ValueError(f"{file.name} has layers that do not fit ({str(error).splitlines()[-1]})") from None
    model = ov.Model([op.softmax(logits, 1), logits], [entry], "minifasnet")
    for output, name in zip(model.outputs, ("probabilities", "logits"), strict=True):
        output.tensor.set_names({name})
    return model
