"""The interface between the pipeline and the engines that run its networks, and the start-up check of an engine.

A session is one compiled network with a static input. `openvino` and `onnx` implement it; `Recorded` replaces them in
tests that need known outputs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Outputs = dict[str, NDArray[np.float32]]

# Numbers that all layers of a network output in one call. A detector over 640 × 640 pixels has 56 million, but a file
# of a hundred bytes can describe a network that needs a petabyte.
MOST_NUMBERS = 1_000_000_000
SAMPLES = 64  # values of a network's outputs that the start-up check compares


@dataclass(frozen=True, slots=True)
class Graph:
    """A network on disk and how pixels enter it.

    Attributes:
        file: the ONNX or OpenVINO IR file; an IR's `.bin` lies beside it under the same stem.
        height: rows of the input.
        width: columns of the input.
        color: "RGB" or "BGR", the channel order the network was trained on; pixels are always passed as RGB.
        mean: subtracted from each channel, in the network's order, on the 0–255 scale.
        scale: the divisor of each channel afterwards.
        batch: inputs that go through the network in one call; more than one pays if inputs are small and many.
        paired: whether an inference takes two cores while each thread at work has two (`Cores.share`). It costs
            memory, and only a network with much to compute for one input gains. An engine may ignore it.
        chained: whether a chain of small layers gets kernels of its own, of which each inference in flight has a copy.
            A detector is up to 3% quicker with them, and an embedder no quicker. An engine may ignore it.
        lean: whether little memory matters more than speed: an inference takes two cores, so that half as many are in
            flight, and no chain has kernels of its own. An engine may ignore it.
        read: for a format that no engine reads, builds ONNX (as bytes) or an OpenVINO model (input NCHW) of the file;
            else None.
        half: whether an engine may calculate in f16 by itself, because a little rounding only changes answers a little.
            Where a score decides what happens next, as in a detector, it can change much.
        smaller: further shapes of the input, height and width, for pictures that leave much of it black
            (`Session.shapes`). Each costs memory from its first use. An engine may ignore it.
    """

    file: Path
    height: int
    width: int
    color: str = "RGB"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    scale: tuple[float, ...] = (1.0, 1.0, 1.0)
    batch: int = 1
    paired: bool = False
    chained: bool = True
    lean: bool = False
    read: Callable[[Path], Any] | None = None
    half: bool = False
    smaller: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Runtime:
    """The engine of a network, its version, the device in the vendor's words, and the precision of the arithmetic.

    `together` is how many inputs it takes in one call at most.
    """

    engine: str
    version: str
    device: str
    precision: str
    together: int = 1


class Session(Protocol):
    """One compiled network. Safe to call from many threads."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one input."""

    @property
    def shapes(self) -> Sequence[tuple[int, int, int]]:
        """The shapes of an input that it takes, the smallest first and `shape` last."""

    def describe(self) -> Runtime:
        """Returns the engine of this network."""

    def run(self, pixels: Pixels) -> Outputs:
        """Runs the network on N inputs.

        Args:
            pixels: uint8, (N, height, width, 3), RGB, C-contiguous, in one of its shapes.

        Returns:
            Output name → float32 (N, …), N in place of the network's own leading axis if it has one (`single`). The
            arrays are the caller's to keep.
        """

    def release(self) -> None:
        """Gives back the memory that only a running inference needs; the next inference allocates it again."""


class Recorded:
    """A session that returns recorded outputs, for tests of the layers above the engine."""

    def __init__(self, shape: tuple[int, int, int], outputs: Mapping[str, NDArray[np.float32]]) -> None:
        self.shape, self.shapes = shape, [shape]
        self._outputs = outputs

    def describe(self) -> Runtime:
        """Returns a runtime that stands for no engine."""
        return Runtime("recorded", "0", "none", "f32")

    def run(self, pixels: Pixels) -> Outputs:
        """Returns the recorded outputs once for each input."""
        return {name: np.repeat(value[None], len(pixels), axis=0) for name, value in self._outputs.items()}

    def release(self) -> None:
        """Has nothing to give back."""


def single(shape: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """Returns the shape of an output for one input, given its shape for a batch.

    A network for one input may have no leading axis for it: SCRFD's outputs are (12800, 1).
    """
    return shape[1:] if batch > 1 or (len(shape) > 1 and shape[0] == 1) else shape


def hold_size(numbers: int) -> None:
    """Refuses a network whose layers output more than MOST_NUMBERS, before memory is allocated for them.

    Raises:
        ValueError: there are more.
    """
    if numbers > MOST_NUMBERS:
        raise ValueError(f"its layers output {numbers:.1e} numbers, and at most {MOST_NUMBERS:.0e} are allowed")


def fingerprint(session: Session) -> NDArray[np.float32]:
    """Runs a known input and samples the outputs, so that a broken runtime shows before a user meets it.

    The input is a fixed sum of waves: it needs no file, and every machine computes the same bytes. The samples are
    taken at even steps over all outputs, in the order of their names.

    Returns:
        float32, (SAMPLES,).
    """
    outputs = session.run(waves(*session.shape)[None])
    flat = np.concatenate([outputs[name].ravel() for name in sorted(outputs)])
    return np.asarray(flat[np.linspace(0, len(flat) - 1, SAMPLES).astype(int)], np.float32)


@cache
def waves(height: int, width: int, channels: int) -> Pixels:
    """Returns the known input of a size; cached, because readiness uses it repeatedly and sines are slow."""
    y, x, c = np.ogrid[:height, :width, :channels]  # open: a sine for each column, not for each pixel
    waves = 127.5 + 60 * np.sin(x / 7.0 + c) + 60 * np.cos(y / 11.0 - 2 * c)
    return np.asarray(waves, np.uint8)


def alive(measured: NDArray[np.float32]) -> bool:
    """Returns whether a fingerprint could be that of any network: finite, and not one value throughout."""
    return bool(np.isfinite(measured).all()) and float(np.ptp(measured)) > 0


def agrees(measured: NDArray[np.float32], stored: NDArray[np.float32]) -> bool:
    """Returns whether two fingerprints are of the same network, even if one is of bfloat16 and one of float32.

    Rounding moves a fingerprint by less than 0.01 of its length; zeros, NaNs or another network's outputs move it by
    more than half. The threshold of 0.1 on the relative distance lies between.
    """
    distance = float(np.linalg.norm(measured - stored))
    return bool(np.isfinite(measured).all()) and distance <= 0.1 * float(np.linalg.norm(stored))
