"""Runs networks with ONNX Runtime: on an NVIDIA GPU (`mien[cuda]`), or on the CPU by choice (`mien[onnx]`).

A GPU is used well only if several inputs go through it in one call. So calls of many threads that wait at a time are
run together there (`Batching`).
"""

import functools
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.engine import card
from mien.engine.cores import Cores
from mien.engine.session import MOST_NUMBERS, Graph, Outputs, Pixels, Runtime, single, waves
from mien.errors import SetupError
from mien.system.batching import Batching

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
MOST_TOGETHER = 32  # inputs that go through a GPU in one call
GROWTH = 4  # of the counts of inputs that a call may have; each is a compiled network of its own
PATIENCE = 0.001  # seconds for which inputs of other threads at work are waited for, once a call could begin
ALIKE, ALIKE_HALF = 0.01, 0.1  # of an output's length: what an input's place among several may change by rounding


class OnnxSession:
    """A network under ONNX Runtime; its preprocessing is part of the graph.

    Args:
        graph: the network.
        cores: the cores that inferences share; on a GPU, who else is at work decides whether a call waits for others.
        device: "cpu", "cuda", or "auto" for a GPU where `mien[cuda]` is installed.
        precision: "f32", "f16", or "auto" for f16 on a GPU if the graph may (`Graph.half`).
        together: inputs in one call at most; None for what suits the device.

    Raises:
        SetupError: the GPU that is wanted cannot be used.
        RuntimeError: the file is no network, or cannot be run or written as ONNX.
    """

    def __init__(
        self, graph: Graph, cores: Cores, device: str = "auto", precision: str = "auto", together: int | None = None
    ) -> None:
        self.device = chosen(device)
        self._half = precision == "f16" or (precision == "auto" and graph.half and self.device == "cuda")
        self.shape = (graph.height, graph.width, 3)
        self.shapes = [self.shape]
        from mien.engine.written import written  # noqa: PLC0415  needs an optional dependency

        try:
            network = written(graph, half=self._half)
            compiled = functools.partial(_compiled, network.content, cores, self.device, half=self._half)
            self._session = compiled()
        except SetupError:
            raise
        except Exception as error:  # noqa: BLE001  those of ONNX share no base class
            raise RuntimeError(str(error)) from None
        self._entry = self._session.get_inputs()[0].name
        self._names = [output.name for output in self._session.get_outputs()]
        wanted = together or (MOST_TOGETHER if self.device == "cuda" else graph.batch)
        self._most = max(1, min(wanted, MOST_NUMBERS // max(1, network.numbers)))
        self._sized: dict[int, Any] = {1: self._session}
        self._shapes = [single(answer.shape, graph.batch) for answer in self._called(waves(*self.shape)[None])]
        gathers = bool(together) or self.device == "cuda"
        self._sizes = self._usable(compiled if gathers else lambda: self._session)
        self._together: Batching[Pixels, Outputs] | None = None
        if self._sizes[-1] > 1 and gathers:
            self._together = Batching(self._serve, self._sizes[-1], expected=lambda: cores.busy, patience=PATIENCE)

    def describe(self) -> Runtime:
        """Returns the version of ONNX Runtime, its device, the precision, and how many inputs a call takes."""
        precision = "f16" if self._half else "f32"
        device = card.name() + _beside(self._session) if self.device == "cuda" else "CPU"
        return Runtime("ONNX Runtime", str(runtime().__version__), device, precision, self._sizes[-1])

    def run(self, pixels: Pixels) -> Outputs:
        """Runs the network on each input (see `Session.run`), on a GPU together with what other threads wait for."""
        return self._together(pixels) if self._together and len(pixels) else self._infer(pixels)

    def release(self) -> None:
        """Has nothing to give back: the buffers of ONNX Runtime cannot be freed from outside a run."""

    def _serve(self, calls: Sequence[Pixels]) -> list[Outputs]:
        """Runs the inputs of several calls together, and returns the outputs of each."""
        outputs = self._infer(np.concatenate(calls) if len(calls) > 1 else calls[0])
        ends = np.cumsum([len(each) for each in calls])[:-1]
        parts = {name: np.split(values, ends) for name, values in outputs.items()}
        return [{name: parts[name][index] for name in outputs} for index in range(len(calls))]

    def _infer(self, pixels: Pixels) -> Outputs:
        """Runs the network on inputs of any count, in as few calls as its sizes allow."""
        answers = [np.empty((len(pixels), *shape), np.float32) for shape in self._shapes]
        for first in range(0, len(pixels), self._sizes[-1]):
            some = pixels[first : first + self._sizes[-1]]
            size = next(size for size in self._sizes if size >= len(some))
            called = self._called(_filled(some, size))
            for answer, values in zip(answers, called, strict=True):
                answer[first : first + len(some)] = values.reshape(size, *answer.shape[1:])[: len(some)]
        return dict(zip(self._names, answers, strict=True))

    def _called(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        try:
            return list(self._sized[len(pixels)].run(self._names, {self._entry: pixels}))
        except Exception as error:  # noqa: BLE001  its exceptions share no base class
            raise RuntimeError(str(error)) from None

    def _usable(self, compiled: Callable[[], Any]) -> list[int]:
        """Returns the counts of inputs that a call may have, each tried: 1, 4, 16 … up to the most.

        On a GPU, a network chooses its kernels again whenever the count is another than in its last call, which takes
        seconds. So there are few counts, each with a compiled network of its own that no other count ever reaches,
        and whose kernels are chosen here. A network that mixes up its inputs, or takes but one, is called with one.

        Args:
            compiled: compiles the network for a count.
        """
        if self._most == 1:
            return [1]
        sizes = [1]
        while sizes[-1] < self._most:
            sizes.append(min(GROWTH * sizes[-1], self._most))
        known = waves(*self.shape)
        pair = np.stack([known, np.ascontiguousarray(known[::-1, ::-1])])
        alone = [self._called(each[None]) for each in pair]
        for size in sizes[1:]:
            inputs = np.concatenate([pair] * (size // 2 + 1))[:size]
            self._sized[size] = compiled()
            try:
                together = self._called(inputs)
            except RuntimeError:
                return [1]
            apart = ALIKE_HALF if self._half else ALIKE
            if not all(_same(values, ones, apart) for values, *ones in zip(together, *alone, strict=True)):
                return [1]
        return sizes


def _same(together: NDArray[np.float32], alone: Sequence[NDArray[np.float32]], apart: float) -> bool:
    """Returns whether the answers for inputs in turn equal those for each of them alone, up to rounding."""
    count, rest = divmod(together.size, alone[0].size)
    if rest:
        return False
    parts = zip(together.reshape(count, -1), itertools.cycle(each.ravel() for each in alone), strict=False)
    return all(np.linalg.norm(part - one) <= apart * np.linalg.norm(one) for part, one in parts)


def _filled(pixels: Pixels, size: int) -> Pixels:
    """Appends black inputs up to a size."""
    missing = size - len(pixels)
    return np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), np.uint8)]) if missing else pixels


def chosen(device: str) -> str:
    """Returns the device, "cpu" or "cuda", that a setting means here.

    Raises:
        SetupError: ONNX Runtime is not installed, or not the one for a GPU that is wanted.
    """
    on_gpu = CUDA in runtime().get_available_providers()
    if device == "cuda" and not on_gpu:
        raise SetupError(
            "device = cuda needs the ONNX Runtime for GPUs, and the one for CPUs is installed: "
            "pip uninstall onnxruntime, then pip install 'mien[cuda]'."
        )
    return "cuda" if on_gpu and device != "cpu" else "cpu"


def _compiled(content: bytes, cores: Cores, device: str, *, half: bool) -> Any:
    """Returns ONNX Runtime's session on the device, and on no other.

    Raises:
        SetupError: the GPU was not loaded.
    """
    ort = runtime()
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = cores.count if device == "cpu" else 1
    providers: list[Any] = [CPU]
    if device == "cuda":
        # a search through all kernels takes seconds for each count of inputs; f32 is f32, not TF32
        own = {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": str(int(half))}
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        providers.insert(0, (CUDA, own | {"arena_extend_strategy": "kSameAsRequested"}))
        _load_libraries()
    session = ort.InferenceSession(content, options, providers=providers, enable_fallback=0)
    if device == "cuda" and CUDA not in session.get_providers():
        raise SetupError(
            f"ONNX Runtime {ort.__version__} could not load the GPU (card: {card.describe() or 'none found'}). It "
            f"needs NVIDIA's driver, CUDA {getattr(ort, 'cuda_version', '') or 12} and cuDNN 9: "
            "pip install 'onnxruntime-gpu[cuda,cudnn]' brings the last two. device = cpu runs without a GPU."
        )
    return session


@functools.cache
def _load_libraries() -> None:
    """Loads CUDA and cuDNN as pip has installed them, once; the system's are found without."""
    if hasattr(runtime(), "preload_dlls"):
        with redirect_stdout(sys.stderr):  # it prints what it does not find
            runtime().preload_dlls()


def _beside(session: Any) -> str:
    """Returns how many layers of a GPU's session run on the CPU all the same, such as those that compute shapes."""
    if not hasattr(session, "get_provider_graph_assignment_info"):  # an older ONNX Runtime does not tell
        return ""
    parts = [(part.ep_name, len(part.get_nodes())) for part in session.get_provider_graph_assignment_info()]
    total, beside = sum(count for _, count in parts), sum(count for name, count in parts if name == CPU)
    return f", {beside} of {total} layers on the CPU" if beside else ""


def available() -> tuple[str, list[str]]:
    """Returns the version of ONNX Runtime and the devices it was built for, the preferred one first.

    Raises:
        SetupError: it is not installed.
    """
    present = runtime().get_available_providers()
    names = [name.removesuffix("ExecutionProvider") for name in (CUDA, CPU) if name in present]
    return str(runtime().__version__), names


@functools.cache
def runtime() -> Any:
    """Imports ONNX Runtime with its telemetry off; the import reads the variable, so it is set before.

    Raises:
        SetupError: it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnx  # noqa: F401, PLC0415  an optional dependency
        import onnxruntime  # noqa: PLC0415
    except ImportError:
        raise SetupError(
            "ONNX Runtime is not installed: pip install 'mien[onnx]' for the CPU, 'mien[cuda]' for a GPU."
        ) from None
    return onnxruntime
