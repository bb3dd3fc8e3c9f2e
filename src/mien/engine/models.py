"""Reads a network's file, whatever its format, and bounds what it may take."""

import functools
import math
import threading
from pathlib import Path

from mien.engine.quiet import ov
from mien.engine.session import hold_size

_UNBOUNDED = ("Loop", "TensorIterator", "If")
_CORE_LOCK = threading.Lock()  # networks compile in parallel, and every `Core` would load OpenVINO's plugins again


def core() -> ov.Core:
    """Returns the process's only OpenVINO."""
    with _CORE_LOCK:
        return _only_core()


@functools.cache
def _only_core() -> ov.Core:
    return ov.Core()


def read_model(file: Path) -> ov.Model:
    """Reads a network in a format that OpenVINO knows, for readers that build one of it."""
    return core().read_model(file)


def bounded(model: ov.Model) -> int:
    """Refuses a network that could take any amount of memory or time, and returns the numbers its layers output.

    Raises:
        ValueError: it has loops, layers of no fixed size, or layers that are too large.
    """
    numbers = 0
    for layer in model.get_ops():
        if layer.get_type_name() in _UNBOUNDED:
            raise ValueError(f"it has a layer of the kind {layer.get_type_name()}, which may run without end")
        for output in layer.outputs():
            if output.get_partial_shape().is_dynamic:
                raise ValueError(f"the size of its layer {layer.get_friendly_name()} does not follow from its input's")
            numbers += math.prod(output.get_shape())
    hold_size(numbers)
    return numbers


def output_name(port: ov.ConstOutput) -> str:
    """Returns the publisher's name of an output; a converter may have added numbers as names, which sort first."""
    names = port.get_names()
    given = str(port.get_node().get_friendly_name()).split("/sink_port_")[0]
    return given if given in names else max(names, default="output")
