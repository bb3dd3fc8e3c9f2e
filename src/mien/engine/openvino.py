"""OpenVINO on the CPU: reads its own IR and ONNX, static shapes, one compiled network for the life of the process."""

import functools
import queue

import numpy as np
import openvino as ov
from openvino import Layout, Type
from openvino.preprocess import ColorFormat, PrePostProcessor

from mien.engine.session import Graph, Outputs, Pixels, Runtime


@functools.cache
def _core() -> ov.Core:
    return ov.Core()


class OpenVinoSession:
    """A network compiled for the CPU, with as many inferences in flight as it was given threads.

    Pixels go in as they lie in memory; colour order, mean, scale and layout are part of the compiled graph.
    """

    def __init__(self, graph: Graph, threads: int) -> None:
        model = _core().read_model(graph.file)
        model.reshape([1, 3, graph.height, graph.width])
        steps = PrePostProcessor(model)
        steps.input().tensor().set_element_type(Type.u8).set_layout(Layout("NHWC")).set_color_format(ColorFormat.RGB)
        steps.input().model().set_layout(Layout("NCHW"))
        entry = steps.input().preprocess().convert_element_type(Type.f32)
        if graph.color == "BGR":
            entry.convert_color(ColorFormat.BGR)
        if any(graph.mean):
            entry.mean(list(graph.mean))
        if set(graph.scale) != {1.0}:
            entry.scale(list(graph.scale))
        options = {"NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT_NUM_REQUESTS": threads}
        self._compiled = _core().compile_model(steps.build(), "CPU", options)
        self._names = [_name(port) for port in self._compiled.outputs]
        self._shapes = [tuple(port.shape)[1:] for port in self._compiled.outputs]
        self._idle: queue.SimpleQueue[ov.InferRequest] = queue.SimpleQueue()
        for _ in range(threads):
            self._idle.put(self._compiled.create_infer_request())
        self.shape = (graph.height, graph.width, 3)

    def describe(self) -> Runtime:
        """Say which OpenVINO, on which processor, in which precision."""
        device = str(_core().get_property("CPU", "FULL_DEVICE_NAME"))
        precision = self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return Runtime("OpenVINO", ov.__version__.split("-")[0], device, precision)

    def run(self, pixels: Pixels) -> Outputs:
        """Run the network on each input, on every idle request at once (see `Session.run`)."""
        count = len(pixels)
        answers = [np.empty((count, *shape), np.float32) for shape in self._shapes]
        requests = self._take(count)
        try:
            for first in range(0, count, len(requests)):
                batch = list(zip(requests, range(first, count), strict=False))
                for request, row in batch:
                    request.set_input_tensor(ov.Tensor(pixels[row : row + 1], shared_memory=True))
                    request.start_async()
                for request, _ in batch:
                    request.wait()
                for request, row in batch:
                    for index, answer in enumerate(answers):
                        answer[row] = request.get_output_tensor(index).data[0]
        finally:
            for request in requests:
                self._idle.put(request)
        return dict(zip(self._names, answers, strict=True))

    def _take(self, wanted: int) -> list[ov.InferRequest]:
        """Wait for one request, then take what else is idle, up to `wanted`."""
        taken = [self._idle.get()]
        while len(taken) < wanted:
            try:
                taken.append(self._idle.get_nowait())
            except queue.Empty:
                break
        return taken


def _name(port: ov.ConstOutput) -> str:
    """The name its publisher gave an output; a converter's numbers stand beside it and sort before letters."""
    return max(port.get_names(), default="output")
