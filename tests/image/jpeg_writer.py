"""Writes baseline JPEGs of any chroma sampling, which no library at hand does."""

import struct
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Sampling = Sequence[tuple[int, int]]  # of each component, across and down
STEP = 2  # quantization of every coefficient
# Code lengths of all symbols are equal, so that the tables are written in a line.
_SIZES = tuple(range(12))  # bits of a DC difference
_RUNS = tuple(run << 4 | size for run in range(16) for size in range(11) if size or run in (0, 15))


def written(
    planes: Sequence[NDArray[np.uint8]], sampling: Sampling, *, segments: bytes = b"", restart: int = 0
) -> bytes:
    """A JPEG of full-size planes (H, W), reduced by the sampling.

    Args:
        planes: Y, Cb, Cr, or Y alone, or four of CMYK.
        sampling: of each plane, across and down, 1–4.
        segments: put behind the beginning.
        restart: MCUs between two restart markers; 0 for none.
    """
    height, width = planes[0].shape
    most = max(across for across, _ in sampling), max(down for _, down in sampling)
    blocks = [_blocks(plane, own, most) for plane, own in zip(planes, sampling, strict=True)]
    parts = [b"\xff\xd8", segments, _segment(0xDB, b"\0" + bytes([STEP]) * 64)]
    rows = b"".join(bytes((number + 1, across << 4 | down, 0)) for number, (across, down) in enumerate(sampling))
    parts.append(_segment(0xC0, struct.pack(">BHHB", 8, height, width, len(planes)) + rows))
    for kind, symbols, length in ((0x00, _SIZES, 4), (0x10, _RUNS, 8)):
        counts = bytes(len(symbols) if each == length else 0 for each in range(1, 17))
        parts.append(_segment(0xC4, bytes([kind]) + counts + bytes(symbols)))
    if restart:
        parts.append(_segment(0xDD, struct.pack(">H", restart)))
    scan = b"".join(bytes((number + 1, 0)) for number in range(len(planes)))
    parts.append(_segment(0xDA, bytes([len(planes)]) + scan + b"\0\x3f\0"))
    parts.append(_scan(blocks, sampling if len(planes) > 1 else [(1, 1)], restart))
    return b"".join(parts) + b"\xff\xd9"


def ycc(rgb: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    y, cr, cb = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    return [np.asarray(each, np.uint8) for each in (y, cb, cr)]


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def _blocks(plane: NDArray[np.uint8], own: tuple[int, int], most: tuple[int, int]) -> NDArray[np.int64]:
    """Quantized coefficients in the order of the file (blocks down, blocks across, 64)."""
    height, width = plane.shape
    down, across = -(-height // (8 * most[1])), -(-width // (8 * most[0]))
    full = np.pad(plane, ((0, 8 * most[1] * down - height), (0, 8 * most[0] * across - width)), "edge")
    reduced = cv2.resize(full, (8 * own[0] * across, 8 * own[1] * down), interpolation=cv2.INTER_AREA)
    tiles = reduced.reshape(own[1] * down, 8, own[0] * across, 8).swapaxes(1, 2).astype(np.float32) - 128
    found = np.array([[np.rint(cv2.dct(tile) / STEP) for tile in row] for row in tiles], np.int64)
    order = sorted(np.ndindex(8, 8), key=lambda at: (sum(at), at[1 - sum(at) % 2]))
    return np.stack([found[:, :, row, column] for row, column in order], axis=2)


def _scan(blocks: list[NDArray[np.int64]], sampling: Sampling, restart: int) -> bytes:
    down, across = (blocks[0].shape[axis] // sampling[0][1 - axis] for axis in (0, 1))
    out, before = b"", [0] * len(blocks)
    bits: list[str] = []
    for mcu in range(down * across):
        if restart and mcu and mcu % restart == 0:
            out += _packed(bits) + bytes((0xFF, 0xD0 + (mcu // restart - 1) % 8))
            bits, before = [], [0] * len(blocks)
        row, column = divmod(mcu, across)
        for number, (wide, tall) in enumerate(sampling):
            for y, x in np.ndindex(tall, wide):
                block = blocks[number][row * tall + y, column * wide + x]
                bits.append(_coded(block, before[number]))
                before[number] = int(block[0])
    return out + _packed(bits)


def _coded(block: NDArray[np.int64], before: int) -> str:
    difference = int(block[0]) - before
    text, run = f"{_SIZES.index(abs(difference).bit_length()):04b}" + _amplitude(difference), 0
    last = max(np.flatnonzero(block[1:]), default=-1) + 1
    for value in block[1 : last + 1].tolist():
        if not value:
            run += 1
            continue
        text += f"{_RUNS.index(0xF0):08b}" * (run // 16)
        text += f"{_RUNS.index((run % 16) << 4 | abs(value).bit_length()):08b}" + _amplitude(value)
        run = 0
    return text if last == 63 else text + f"{_RUNS.index(0):08b}"


def _amplitude(value: int) -> str:
    size = abs(value).bit_length()
    return f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else ""


def _packed(bits: list[str]) -> bytes:
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
