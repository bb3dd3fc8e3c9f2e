"""Reads a TFLite network whose input has its channels last (NHWC), and puts an input NCHW before it."""

from pathlib import Path

import numpy as np

from mien.engine.models import read_model
from mien.engine.quiet import ov

op = ov.opset15


def read(file: Path) -> ov.Model:
    """Builds the network with an input NCHW.

    Raises:
        ValueError: it has other inputs than one picture.
    """
    model = read_model(file)
    names = [set(port.get_names()) for port in model.outputs]
    entry, outputs = turned(model)
    for output, given in zip(outputs, names, strict=True):
        output.get_tensor().set_names(given)
    return ov.Model([op.result(each) for each in outputs], [entry], model.get_friendly_name())


def turned(model: ov.Model) -> tuple[ov.op.Parameter, list[ov.Output]]:
    """Returns a new input NCHW of a network, and its outputs, for one picture.

    Raises:
        ValueError: it has other inputs than one picture.
    """
    shape = model.inputs[0].get_partial_shape()
    if len(model.inputs) != 1 or len(shape) != 4 or shape[3] != 3:
        raise ValueError("its input is not one picture with its channels last")
    model.reshape([1, shape[1], shape[2], 3])
    entry = op.parameter(ov.PartialShape([1, 3, shape[1], shape[2]]), np.float32)
    (old,) = model.get_parameters()
    old.output(0).replace(op.transpose(entry, op.constant(np.array([0, 2, 3, 1]))).output(0))
    return entry, [result.input_value(0) for result in model.get_results()]
