"""The seam between a network and what runs it, and the check that what runs it can be trusted.

A session is one compiled network with a static input; `openvino` and `onnx` implement it, `Recorded` stands in for
both where a test wants known outputs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Outputs = dict[str, NDArray[np.float32]]

# Numbers that all layers of a network answer for one call. A detector over 640 × 640 pixels has 56 million; a network
# can be a hundred bytes long and ask for a petabyte.
MOST_NUMBERS = 1_000_000_000
SAMPLES = 64  # values of a network's outputs that the start-up check compares


@dataclass(frozen=True, slots=True)
class Graph:
    """A network on disk and how pixels enter it.

    Attributes:
        file: the ONNX or OpenVINO IR file; an IR's `.bin` lies beside it under the same stem.
        height: rows of the input.
        width: columns of the input.
        color: "RGB" or "BGR", the channel order the network was trained on. Pixels are handed over as RGB always.
        mean: subtracted from each channel, in the network's order, on the 0–255 scale.
        scale: what each channel is divided by afterwards.
        batch: inputs that go through the network in one call; more than one pays where inputs are small and many.
        paired: whether an inference is to have two cores while there are two for each thread at work (`cores`); it
            costs memory, and only a network that has much to do for one input gains. An engine may pass it over.
        read: for a file no engine knows, what makes an OpenVINO model of it (input NCHW); None for ONNX and IR.
    """

    file: Path
    height: int
    width: int
    color: str = "RGB"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    scale: tuple[float, ...] = (1.0, 1.0, 1.0)
    batch: int = 1
    paired: bool = False
    read: Callable[[Path], Any] | None = None


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs a network: engine and version, device in the vendor's words, precision of the arithmetic."""

    engine: str
    version: str
    device: str
    precision: str


class Session(Protocol):
    """One compiled network. Safe to call from many threads."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one input."""

    def describe(self) -> Runtime:
        """Say what runs this network."""

    def run(self, pixels: Pixels) -> Outputs:
        """Run the network on N inputs.

        Args:
            pixels: uint8, (N, height, width, 3), RGB, C-contiguous.

        Returns:
            Output name → float32 (N, …), N in place of the network's own leading axis where it has one (`single`);
            the caller's to keep.
        """


class Recorded:
    """A session that answers what it was given, for tests of what stands above the engine."""

    def __init__(self, shape: tuple[int, int, int], outputs: Mapping[str, NDArray[np.float32]]) -> None:
        self.shape = shape
        self._outputs = outputs

    def describe(self) -> Runtime:
        """Say that nothing runs here."""
        return Runtime("recorded", "0", "none", "f32")

    def run(self, pixels: Pixels) -> Outputs:
        """Answer the recorded outputs once for each input."""
        return {name: np.repeat(value[None], len(pixels), axis=0) for name, value in self._outputs.items()}


def single(shape: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """The shape of what a network says of one input, from the shape of what it says of a batch.

    A network for one input may have no leading axis for it: SCRFD's answers are (12800, 1).
    """
    return shape[1:] if batch > 1 or (len(shape) > 1 and shape[0] == 1) else shape


def hold_size(numbers: int) -> None:
    """Refuse a network whose layers answer more than MOST_NUMBERS, before room is made for them.

    Raises:
        ValueError: so it is.
    """
    if numbers > MOST_NUMBERS:
        raise ValueError(f"its layers answer {numbers:.1e} numbers, and at most {MOST_NUMBERS:.0e} are allowed")


def fingerprint(session: Session) -> NDArray[np.float32]:
    """Run a known input and sample the outputs, so that a broken runtime shows before the first user does.

    The input is a fixed sum of waves; no file is needed and every machine makes the same bytes. The samples are taken
    at even steps over all outputs in order of their names.

    Returns:
        float32, (SAMPLES,).
    """
    outputs = session.run(_waves(*session.shape)[None])
    flat = np.concatenate([outputs[name].ravel() for name in sorted(outputs)])
    return np.asarray(flat[np.linspace(0, len(flat) - 1, SAMPLES).astype(int)], np.float32)


@cache
def _waves(height: int, width: int, channels: int) -> Pixels:
    """The known input of a size; kept, because readiness asks for it again and again, and sines are slow."""
    y, x, c = np.ogrid[:height, :width, :channels]  # open, so that a sine is taken for each column and not each pixel
    waves = 127.5 + 60 * np.sin(x / 7.0 + c) + 60 * np.cos(y / 11.0 - 2 * c)
    return np.asarray(waves, np.uint8)


def alive(measured: NDArray[np.float32]) -> bool:
    """Tell whether a fingerprint could be any network's: finite, and not one value throughout."""
    return bool(np.isfinite(measured).all()) and float(np.ptp(measured)) > 0


def agrees(measured: NDArray[np.float32], stored: NDArray[np.float32]) -> bool:
    """Tell whether two fingerprints are of the same network, bfloat16 against float32 included.

    Rounding moves a fingerprint by under one part in a hundred; zeros, NaNs or another network's answer move it by
    more than half. The bar of 0.1 on the relative distance lies between.
    """
    distance = float(np.linalg.norm(measured - stored))
    return bool(np.isfinite(measured).all()) and distance <= 0.1 * float(np.linalg.norm(stored))
