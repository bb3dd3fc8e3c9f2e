"""Writes a small network in the form of MiniFASNet's files, and computes it again with NumPy."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
HEAD = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + b"\x80\x02M\xe9\x03."
FACTS = b"\x80\x02}(X\x10\x00\x00\x00protocol_versionM\xe9\x03X\r\x00\x00\x00little_endian\x88u."


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def whole(*values: int) -> bytes:
    return b"".join(b"J" + struct.pack("<i", value) for value in values)


def tensor(key: str, array: Array) -> bytes:
    """The pickle's words for one tensor, alone in its storage."""
    strides = [each // 4 for each in array.strides]
    storage = text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cuda:0") + whole(array.size) + b"N"
    place = b"((" + storage + b"tQ" + whole(0) + b"(" + whole(*array.shape) + b"t(" + whole(*strides) + b"t"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + place + b"\x89ccollections\nOrderedDict\n)RtR"


def written(tensors: Mapping[str, Array]) -> bytes:
    """A file of PyTorch from before version 1.6."""
    keys = {name: str(9000 + number) for number, name in enumerate(tensors)}
    table = b"".join(text(name) + tensor(keys[name], each) for name, each in tensors.items())
    listed = b"\x80\x02](" + b"".join(text(key) for key in keys.values()) + b"e."
    storages = b"".join(struct.pack("<q", each.size) + each.tobytes() for each in tensors.values())
    return HEAD + FACTS + b"\x80\x02ccollections\nOrderedDict\n)R(" + table + b"u." + listed + storages


def small(seed: int, *, squeezes: bool) -> dict[str, Array]:
    """The tensors of a network with few channels and one block with a shortcut in each row."""
    rng = np.random.default_rng(seed)
    made: dict[str, Array] = {}

    def put(name: str, *shape: int) -> None:
        made[f"module.{name}"] = rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)

    def norm(name: str, channels: int) -> None:
        put(f"{name}.weight", channels)
        put(f"{name}.bias", channels)
        put(f"{name}.running_mean", channels)
        made[f"module.{name}.running_var"] = rng.uniform(0.5, 2, channels).astype(np.float32)

    def block(name: str, *shape: int, bent: bool = True) -> None:
        put(f"{name}.conv.weight", *shape)
        norm(f"{name}.bn", shape[0])
        if bent:
            put(f"{name}.prelu.weight", shape[0])

    def bottleneck(name: str, taken: int, inner: int, given: int) -> None:
        block(f"{name}.conv", inner, taken, 1, 1)
        block(f"{name}.conv_dw", inner, 1, 3, 3)
        block(f"{name}.project", given, inner, 1, 1, bent=False)

    block("conv1", 4, 3, 3, 3)
    block("conv2_dw", 4, 1, 3, 3)
    for halving, row, taken, given in (
        ("conv_23", "conv_3", 4, 6),
        ("conv_34", "conv_4", 6, 8),
        ("conv_45", "conv_5", 8, 8),
    ):
        bottleneck(halving, taken, 5, given)
        bottleneck(f"{row}.model.0", given, 7, given)
        if squeezes:
            put(f"{row}.model.0.se_module.fc1.weight", 2, given, 1, 1)
            norm(f"{row}.model.0.se_module.bn1", 2)
            put(f"{row}.model.0.se_module.fc2.weight", given, 2, 1, 1)
            norm(f"{row}.model.0.se_module.bn2", given)
    block("conv_6_sep", 16, 8, 1, 1)
    block("conv_6_dw", 16, 1, 5, 5, bent=False)
    put("linear.weight", 12, 16)
    norm("bn", 12)
    put("prob.weight", 3, 12)
    return made


class Computed:
    """A network computed with NumPy, layer by layer as its publisher's module does, in float64."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        self._tensors = {name.removeprefix("module."): each.astype(np.float64) for name, each in tensors.items()}

    def probabilities(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The answer to one picture, BGR (80, 80, 3)."""
        x = picture.astype(np.float64).transpose(2, 0, 1)
        x = self._block(self._block(x, "conv1", 2, 1), "conv2_dw", 1, 1)
        for halving, row in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
            x = self._bottleneck(x, halving, 2)
            for number in range(len({name.split(".")[2] for name in self._tensors if name.startswith(f"{row}.")})):
                block = f"{row}.model.{number}"
                x = x + self._squeezed(self._bottleneck(x, block, 1), f"{block}.se_module")
        x = self._block(self._block(x, "conv_6_sep", 1, 0), "conv_6_dw", 1, 0)
        flat = self._normed((self._tensors["linear.weight"] @ x.ravel())[:, None, None], "bn").ravel()
        raised = np.exp(self._tensors["prob.weight"] @ flat)
        return np.asarray(raised / raised.sum())

    def _bottleneck(self, x: NDArray[np.float64], name: str, stride: int) -> NDArray[np.float64]:
        x = self._block(self._block(x, f"{name}.conv", 1, 0), f"{name}.conv_dw", stride, 1)
        return self._block(x, f"{name}.project", 1, 0)

    def _squeezed(self, x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        if f"{name}.fc1.weight" not in self._tensors:
            return x
        shares = x.mean((1, 2))[:, None, None]
        shares = np.maximum(self._normed(self._convolved(shares, f"{name}.fc1", 1, 0), f"{name}.bn1"), 0)
        shares = self._normed(self._convolved(shares, f"{name}.fc2", 1, 0), f"{name}.bn2")
        return np.asarray(x / (1 + np.exp(-shares)))

    def _block(self, x: NDArray[np.float64], name: str, stride: int, padding: int) -> NDArray[np.float64]:
        x = self._normed(self._convolved(x, f"{name}.conv", stride, padding), f"{name}.bn")
        slopes = self._tensors.get(f"{name}.prelu.weight")
        return x if slopes is None else np.where(x > 0, x, x * slopes[:, None, None])

    def _normed(self, x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        weight, bias, mean, variance = (
            self._tensors[f"{name}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return np.asarray((x - mean) / np.sqrt(variance + 1e-5) * weight + bias)

    def _convolved(self, x: NDArray[np.float64], name: str, stride: int, padding: int) -> NDArray[np.float64]:
        filters = self._tensors[f"{name}.weight"]
        side = filters.shape[2]
        padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (1, 2))[:, ::stride, ::stride]
        if filters.shape[1] == 1:
            return np.asarray(np.einsum("chwij,cij->chw", windows, filters[:, 0]))
        return np.asarray(np.tensordot(filters, windows, ((1, 2, 3), (0, 3, 4))))


def write(folder: Path, seed: int, *, squeezes: bool) -> tuple[Path, Computed]:
    """Writes a small network into a folder."""
    tensors, file = small(seed, squeezes=squeezes), folder / "small.pth"
    file.write_bytes(written(tensors))
    return file, Computed(tensors)
