"""The settings name an engine that can do what they want, or the error says what to change."""

import pytest

from mien import config
from mien.engine import onnx
from mien.engine.choice import engine
from mien.errors import SetupError


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"device": "cuda"}, "device = cuda needs engine = onnx"),
        ({"precision": "f16"}, "f16 needs engine = onnx"),
        ({"engine": "onnx", "precision": "bf16"}, "ONNX Runtime calculates in f32 or f16"),
    ],
)
def test_what_an_engine_cannot_is_an_error(settings: dict[str, str], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        engine(config.load(settings, {}))


def test_a_gpu_that_is_wanted_and_not_installed_is_an_error() -> None:
    if onnx.CUDA in onnx.runtime().get_available_providers():
        pytest.skip("the ONNX Runtime for GPUs is installed")
    with pytest.raises(SetupError, match="device = cuda needs the ONNX Runtime for GPUs"):
        engine(config.load({"engine": "onnx", "device": "cuda"}, {}))
