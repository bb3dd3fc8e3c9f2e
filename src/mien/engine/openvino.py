"""Runs networks with OpenVINO on the CPU: its own IR and ONNX, static shapes, compiled once for the whole process.

An inference takes one core, which gives the highest throughput, or two where a core would idle (`Graph.paired`).
"""

import copy
import math
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.engine.cores import Cores
from mien.engine.mapped import compile_mapped
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


class OpenVinoSession:
    """A network compiled for the CPU, with as many inferences in flight as it has cores.

    Pixels are passed without a copy: colour order, mean, scale and layout are part of the compiled graph. `precision`
    is "f32", "bf16", or "auto" for the processor's fastest.
    """

    def __init__(self, graph: Graph, cores: Cores, precision: str = "auto") -> None:
        model = _model(graph)
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
        options: dict[str, object] = {} if precision == "auto" else {"INFERENCE_PRECISION_HINT": precision}
        options["ENABLE_CPU_PINNING"] = False  # the cores are shared with threads that decode
        built = _of_bytes(steps.build())
        count, pairs = cores.count, cores.count // 2
        threads = 2 if graph.lean and pairs else 1
        if graph.lean or not graph.chained:
            options["SNIPPETS_MODE"] = "DISABLE"
        self._singles = _Lanes(built, count // threads, threads, LANES * (count // threads), options)
        self._pairs = _Lanes(built, pairs, 2, pairs, options) if graph.paired and pairs else None
        self._names = [output_name(port) for port in self._singles.compiled.outputs]
        self._batch, self._cores = graph.batch, cores
        self.shape = (graph.height, graph.width, 3)

    def describe(self) -> Runtime:
        """Returns the version of OpenVINO, the processor and the precision."""
        device = str(core().get_property("CPU", "FULL_DEVICE_NAME"))
        precision = self._singles.compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return Runtime("OpenVINO", ov.__version__.split("-")[0], device, precision, self._batch)

    def unpaired(self) -> "OpenVinoSession":
        """Returns the same compiled network with one core for every inference, for measuring."""
        other = copy.copy(self)
        other._pairs = None
        return other

    def run(self, pixels: Pixels) -> Outputs:
        """Runs the network on each input, on all idle requests at once (see `Session.run`)."""
        count = len(pixels)
        pixels = self._filled(pixels)
        answers = [np.empty((len(pixels), *shape), np.float32) for shape in self._singles.shapes]
        calls = [slice(first, first + self._batch) for first in range(0, len(pixels), self._batch)]
        rows_of_bytes = pixels.reshape(len(pixels), math.prod(self.shape))
        with self._fitting(len(calls)).taken(len(calls)) as lanes:
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
        for lanes in (self._singles, self._pairs):
            if lanes:
                lanes.release()

    def _fitting(self, calls: int) -> _Lanes:
        """Returns the lanes of two cores for a single call while each thread at work has two; outputs are the same."""
        return self._pairs if self._pairs and calls == 1 and self._cores.share > 1 else self._singles

    def _filled(self, pixels: Pixels) -> Pixels:
        """Appends black inputs up to whole batches."""
        missing = -len(pixels) % self._batch
        return np.concatenate([pixels, np.zeros((missing, *self.shape), np.uint8)]) if missing else pixels


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
