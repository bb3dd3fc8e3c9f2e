"""Chooses the engine that the settings name, on the device and with the precision that they want."""

from collections.abc import Callable
from functools import partial

from mien.config import Settings
from mien.engine import onnx
from mien.engine.cores import Cores
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph, Session
from mien.errors import SetupError

Compile = Callable[[Graph, Cores], Session]


def engine(settings: Settings, precision: str = "") -> Compile:
    """Returns the function that compiles networks.

    Args:
        settings: the settings.
        precision: in place of the setting's, for networks that need another.

    Raises:
        SetupError: the engine is not installed, or has not this device or precision.
    """
    wanted = precision or settings.precision
    if settings.engine == "openvino":
        if settings.device == "cuda":
            raise SetupError("OpenVINO runs networks on the CPU; device = cuda needs engine = onnx and `mien[cuda]`.")
        if wanted == "f16":
            raise SetupError("OpenVINO on the CPU calculates in f32 or bf16; f16 needs engine = onnx.")
        return partial(OpenVinoSession, precision=wanted)
    if wanted == "bf16":
        raise SetupError("ONNX Runtime calculates in f32 or f16; leave precision at auto, or use engine = openvino.")
    return partial(onnx.OnnxSession, device=onnx.chosen(settings.device), precision=wanted)
