"""Runs networks with ONNX Runtime: the engine for ONNX packs on a GPU, or by choice (`mien[onnx]`, `mien[cuda]`)."""

import functools
import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.engine.cores import Cores
from mien.engine.session import Graph, Outputs, Pixels, Runtime, hold_size, single
from mien.errors import SetupError

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")  # the first that is available runs the network


class OnnxSession:
    """An ONNX network under ONNX Runtime, on the GPU if there is one.

    Preprocessing runs in numpy before the network, because ONNX Runtime cannot add it to the file's graph.
    """

    def __init__(self, graph: Graph, cores: Cores) -> None:
        ort = _runtime()
        content = _content(graph)
        options = ort.SessionOptions()
        options.intra_op_num_threads = cores.count
        options.log_severity_level = 3
        present = ort.get_available_providers()
        try:
            self._session = ort.InferenceSession(
                _static(content, graph), options, providers=[name for name in PROVIDERS if name in present]
            )
        except Exception as error:  # noqa: BLE001  its exceptions share no base class
            raise RuntimeError(str(error)) from None
        self._graph = graph
        self._input = self._session.get_inputs()[0].name
        self._names = [output.name for output in self._session.get_outputs()]
        self.shape = (graph.height, graph.width, 3)

    def describe(self) -> Runtime:
        """Returns the version of ONNX Runtime and its device."""
        device = _device(self._session.get_providers()[0])
        return Runtime("ONNX Runtime", str(_runtime().__version__), device, "f32")

    def run(self, pixels: Pixels) -> Outputs:
        """Runs the network on each input (see `Session.run`)."""
        answers: list[list[NDArray[np.float32]]] = [
            self._session.run(self._names, {self._input: each[None]}) for each in self._prepared(pixels)
        ]
        return {
            name: np.stack([answer[index].reshape(single(answer[index].shape, 1)) for answer in answers])
            for index, name in enumerate(self._names)
        }

    def release(self) -> None:
        """Has nothing to give back: the buffers of ONNX Runtime cannot be freed from outside a run."""

    def _prepared(self, pixels: Pixels) -> NDArray[np.float32]:
        """Applies the network's colour order, mean and scale; returns float32 (N, 3, height, width)."""
        ordered = pixels[..., ::-1] if self._graph.color == "BGR" else pixels
        scaled = (ordered - np.array(self._graph.mean, np.float32)) / np.array(self._graph.scale, np.float32)
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def _content(graph: Graph) -> bytes:
    """Returns the network as ONNX.

    Raises:
        SetupError: the file is not ONNX, and its reader does not build ONNX.
    """
    found = graph.read(graph.file) if graph.read else graph.file.suffix == ".onnx" and graph.file.read_bytes()
    if not isinstance(found, bytes):
        raise SetupError(
            f"{graph.file.name} is not an ONNX file, and ONNX Runtime reads no other; use engine = openvino."
        )
    return found


def _static(content: bytes, graph: Graph) -> bytes:
    """Fixes the input to the graph's size, and clears all other shapes so that the runtime infers them."""
    import onnx  # noqa: PLC0415  an optional dependency

    model = onnx.load_from_string(content)
    weights = {weight.name for weight in model.graph.initializer}
    (entry,) = [each for each in model.graph.input if each.name not in weights]
    for dimension, size in zip(entry.type.tensor_type.shape.dim, (1, 3, graph.height, graph.width), strict=True):
        dimension.dim_value = size
    for declared in (*model.graph.output, *model.graph.value_info):
        declared.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = (each.type.tensor_type.shape.dim for each in (*inferred.value_info, *inferred.output))
    hold_size(sum(math.prod(max(1, size.dim_value) for size in shape) for shape in shapes))
    return bytes(model.SerializeToString())


def available() -> tuple[str, list[str]]:
    """Returns the version of ONNX Runtime and the devices it can run on, the preferred one first.

    Raises:
        SetupError: it is not installed.
    """
    present = _runtime().get_available_providers()
    return str(_runtime().__version__), [_device(name) for name in PROVIDERS if name in present]


def _device(provider: str) -> str:
    return provider.removesuffix("ExecutionProvider")


@functools.cache
def _runtime() -> Any:
    """Imports ONNX Runtime with its telemetry off; the import reads the variable, so it is set before."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnx  # noqa: F401, PLC0415  an optional dependency
        import onnxruntime  # noqa: PLC0415
    except ImportError:
        raise SetupError(
            "ONNX Runtime is not installed: pip install 'mien[onnx]' for the CPU, 'mien[cuda]' for a GPU."
        ) from None
    return onnxruntime
