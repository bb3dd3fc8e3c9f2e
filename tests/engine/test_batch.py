"""A network that takes several inputs in one call answers each as it would alone."""

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset15 as op

from mien.engine.cores import Cores
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph


def read(_: Path) -> ov.Model:
    """The mean and the corner of each channel, of inputs of any count."""
    entry = op.parameter(ov.PartialShape([-1, 3, 4, 4]), np.float32)
    mean = op.reduce_mean(entry, op.constant([2, 3]), keep_dims=False)
    corner = op.gather(op.gather(entry, op.constant(0), op.constant(3)), op.constant(0), op.constant(2))
    model = ov.Model([mean, corner], [entry], "batch")
    for output, name in zip(model.outputs, ("mean", "corner"), strict=True):
        output.tensor.set_names({name})
    return model


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 13])
def test_a_batch_answers_each_input(count: int, threads: int) -> None:
    pixels = np.random.default_rng(count).integers(0, 256, (count, 4, 4, 3), np.uint8)
    outputs = OpenVinoSession(Graph(Path("unread"), 4, 4, batch=4, read=read), Cores(threads)).run(pixels)
    assert np.allclose(outputs["mean"], pixels.mean(axis=(1, 2)), atol=1)
    assert np.allclose(outputs["corner"], pixels[:, 0, 0], atol=1)
