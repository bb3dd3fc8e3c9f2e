"""Runs networks with OpenVINO on the CPU: its own IR and ONNX, static shapes, compiled once for the whole process.

An inference takes one core, which gives the highest throughput, or two where a core would idle (`Graph.paired`).
"""

import copy
import math
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.engine.cores import Cores
from mien.engine.mapped import WORTH, compile_mapped, weights
from mien.engine.models import bounded, core, output_name
from mien.engine.quiet import ov
from mien.engine.session import Graph, Outputs, Pixels, Runtime, single

op = ov.opset15
LANES = 2  # requests for each running inference: Python fills or reads one while the other runs


@dataclass(frozen=True, slots=True)
class _Lane:
    """An inference request, and views of its outputs, each (batch, …)."""

    request: ov.InferRequest
    outputs: list[NDArray[np.float32]]


class _Lanes:
    """The `count` requests of a compiled network, of which `streams` run at once, each on `threads` threads."""

    def __init__(self, model: ov.Model, streams: int, threads: int, count: int, options: dict[str, object]) -> None:
        own = {
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams * threads,
            "PERFORMANCE_HINT_NUM_REQUESTS": count,
        }
        self.compiled, self._weights = compile_mapped(core(), model, options | own)
        self.batch = int(self.compiled.input().shape[0])
        self.shapes = [single(tuple(port.shape), self.batch) for port in self.compiled.outputs]
        self._count = count
        self._idle: queue.SimpleQueue[_Lane] = queue.SimpleQueue()
        for _ in range(count):
            self._idle.put(self._lane())

    @contextmanager
    def taken(self, wanted: int) -> Iterator[list[_Lane]]:
        """Waits for one lane, takes further idle ones up to `wanted`, and gives them back afterwards."""
        taken = [self._idle.get()]
        try:
            while len(taken) < wanted:
                try:
                    taken.append(self._idle.get_nowait())
                except queue.Empty:
                    break
            yield taken
        finally:
            for lane in taken:
                self._idle.put(lane)

    def release(self) -> None:
        """Frees the activations of all streams, unless a request is running."""
        with self.taken(self._count) as lanes:
            if len(lanes) == self._count:
                self.compiled.release_memory()

    def _lane(self) -> _Lane:
        request = self.compiled.create_infer_request()
        outputs = [
            request.get_output_tensor(index).data.reshape(self.batch, *shape) for index, shape in enumerate(self.shapes)
        ]
        return _Lane(request, outputs)


class _Network:
    """A network over one shape of its input: lanes of one core, and of two where `Graph.paired`, made on first use.

    Args:
        graph: the network; its height and width are those of the input.
        model: the network as it was read.
        cores: the cores that inferences share.
        precision: that of `OpenVinoSession`.
    """

    def __init__(self, graph: Graph, model: ov.Model, cores: Cores, precision: str) -> None:
        self.shape = (graph.height, graph.width, 3)
        self._graph, self._model = graph, model
        options: dict[str, object] = {} if precision == "auto" else {"INFERENCE_PRECISION_HINT": precision}
        options["ENABLE_CPU_PINNING"] = False  # the cores are shared with threads that decode
        if graph.lean or not graph.chained:
            options["SNIPPETS_MODE"] = "DISABLE"
        self._options, self._cores = options, cores
        self._threads = 2 if graph.lean and cores.count > 1 else 1
        self._has_pairs = graph.paired and cores.count > 1
        self._made: dict[bool, _Lanes] = {}
        self._making = threading.Lock()

    def lanes(self, *, paired: bool) -> _Lanes:
        """Returns the lanes of two cores or of one, which it compiles on the first call."""
        found = self._made.get(paired)
        if found is None:
            with self._making:
                found = self._made.get(paired)
                if found is None:
                    found = self._compiled(_entered(self._graph, self._model.clone()), paired=paired)
                    self._made[paired] = found
        return found

    def compile(self) -> None:
        """Compiles all lanes, and forgets the network as it was read."""
        built = _entered(self._graph, self._model)
        for paired in (False, True)[: 1 + self._has_pairs]:
            self._made[paired] = self._compiled(built, paired=paired)
        self._model = None

    def fitting(self, calls: int, *, paired: bool) -> _Lanes:
        """Returns the lanes of two cores for a single call while each thread at work has two; outputs are the same."""
        return self.lanes(paired=paired and self._has_pairs and calls == 1 and self._cores.share > 1)

    def release(self) -> None:
        """Frees the activations that no request is using."""
        for lanes in list(self._made.values()):
            lanes.release()

    def _compiled(self, built: ov.Model, *, paired: bool) -> _Lanes:
        count = self._cores.count
        if paired:
            return _Lanes(built, count // 2, 2, count // 2, self._options)
        streams = count // self._threads
        return _Lanes(built, streams, self._threads, LANES * streams, self._options)


class OpenVinoSession:
    """A network compiled for the CPU, with as many inferences in flight as it has cores.

    Pixels are passed without a copy: colour order, mean, scale and layout are part of the compiled graph. `precision`
    is "f32", "bf16", or "auto" for the processor's fastest.
    """

    def __init__(self, graph: Graph, cores: Cores, precision: str = "auto") -> None:
        model = _model(graph)
        smaller = [each for each in graph.smaller if _can_be(model, graph, each)] if weights(model) < WORTH else []
        kept = model.clone() if smaller else None
        self._whole = _Network(graph, model, cores, precision)
        self._whole.compile()
        parts = [_Network(replace(graph, height=each[0], width=each[1]), kept, cores, precision) for each in smaller]
        self._networks = {each.shape: each for each in (*parts, self._whole)}
        self._names = [output_name(port) for port in self._whole.lanes(paired=False).compiled.outputs]
        self._batch, self._is_paired = graph.batch, True
        self.shape = self._whole.shape
        self.shapes = sorted(self._networks, key=math.prod)

    def describe(self) -> Runtime:
        """Returns the version of OpenVINO, the processor and the precision."""
        device = str(core().get_property("CPU", "FULL_DEVICE_NAME"))
        compiled = self._whole.lanes(paired=False).compiled
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return Runtime("OpenVINO", ov.__version__.split("-")[0], device, precision, self._batch)

    def unpaired(self) -> "OpenVinoSession":
        """Returns the same compiled network with one core for every inference, for measuring."""
        other = copy.copy(self)
        other._is_paired = False
        return other

    def run(self, pixels: Pixels) -> Outputs:
        """Runs the network on each input, on all idle requests at once (see `Session.run`)."""
        count = len(pixels)
        network = self._networks[pixels.shape[1:]]
        pixels = self._filled(pixels)
        calls = [slice(first, first + self._batch) for first in range(0, len(pixels), self._batch)]
        rows_of_bytes = pixels.reshape(len(pixels), math.prod(network.shape))
        fitting = network.fitting(len(calls), paired=self._is_paired)
        answers = [np.empty((len(pixels), *shape), np.float32) for shape in fitting.shapes]
        with fitting.taken(len(calls)) as lanes:
            for first in range(0, len(calls), len(lanes)):
                started = list(zip(lanes, calls[first:], strict=False))
                for lane, rows in started:
                    lane.request.set_input_tensor(ov.Tensor(rows_of_bytes[rows], shared_memory=True))
                    lane.request.start_async()
                for lane, _ in started:
                    lane.request.wait()
                for lane, rows in started:
                    for answer, output in zip(answers, lane.outputs, strict=True):
                        answer[rows] = output
        return {name: answer[:count] for name, answer in zip(self._names, answers, strict=True)}

    def release(self) -> None:
        """Frees the activations that no request is using (see `Session.release`)."""
        for network in self._networks.values():
            network.release()

    def _filled(self, pixels: Pixels) -> Pixels:
        """Appends black inputs up to whole batches."""
        missing = -len(pixels) % self._batch
        return np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), np.uint8)]) if missing else pixels


def _can_be(model: ov.Model, graph: Graph, shape: tuple[int, int]) -> bool:
    """Returns whether a network may have an input of another shape: some have sizes of their own written in."""
    try:
        model.clone().reshape([graph.batch, 3, *shape])
    except RuntimeError:
        return False
    return True


def _entered(graph: Graph, model: ov.Model) -> ov.Model:
    """Returns a network for the shape of the graph's input with its preprocessing."""
    model.reshape([graph.batch, 3, graph.height, graph.width])
    bounded(model)
    steps, color = ov.preprocess.PrePostProcessor(model), ov.preprocess.ColorFormat
    steps.input().tensor().set_element_type(ov.Type.f32).set_layout(ov.Layout("NHWC")).set_color_format(color.RGB)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    entry = steps.input().preprocess()
    if graph.color == "BGR":
        entry.convert_color(color.BGR)
    if any(graph.mean):
        entry.mean(list(graph.mean))
    if set(graph.scale) != {1.0}:
        entry.scale(list(graph.scale))
    return _of_bytes(steps.build())


def _model(graph: Graph) -> ov.Model:
    found = graph.read(graph.file) if graph.read else graph.file
    return found if isinstance(found, ov.Model) else core().read_model(found)


def _of_bytes(model: ov.Model) -> ov.Model:
    """Returns a network of float32 (N, height, width, 3) as one of bytes (N, height · width · 3).

    OpenVINO does not move its transposition of such rows before their conversion to float, as it does for pixels of
    four axes. Behind it, the transposition is free, since convolutions read channels last. This saves a tenth of a
    detector's time: see `benchmarks/README.md`, "What a look costs besides networks".
    """
    (entry,) = model.get_parameters()
    shape = entry.get_shape()
    rows = op.parameter([shape[0], math.prod(shape[1:])], ov.Type.u8)
    pixels = op.reshape(op.convert(rows, ov.Type.f32), op.constant(np.array(shape)), False)
    entry.output(0).replace(pixels.output(0))
    return ov.Model(model.get_results(), [rows], model.get_friendly_name())
