"""Measures the CPU time of decoding an image, beside the pixels for which its header is counted.

    python benchmarks/cost.py

Images are generated, in one colour unless noted, so that few bytes cost as much as their header promises.
"""

import io
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from mien.image import rows
from mien.image.decode import read_header
from tests.image.files import chunk

CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
PAETH = 4  # the filter that takes the most time


def png(width: int, height: int, depth: int, kind: int, way: int = 0) -> bytes:
    """Encodes a black PNG."""
    compress = zlib.compressobj(1)
    parts = []
    for columns, count in rows.passes(width, height) if way else [(width, height)]:
        row = bytes([PAETH]) + bytes((columns * CHANNELS[kind] * depth + 7) // 8)
        parts += [compress.compress(row) for _ in range(count)]
    pixels = b"".join([*parts, compress.flush()])
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, way)
    return rows.MAGIC + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int, height: int, scans: int = 0, noise: bool = False) -> bytes:
    """Encodes a JPEG; with `scans`, a progressive one whose last scan is repeated."""
    pixels = np.full((height, width, 3), 90, np.uint8)
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, pixels.shape).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90, progressive=bool(scans))
    data = file.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * (scans - 1) + data[-2:] if scans else data


PICTURES: dict[str, Callable[[], bytes]] = {
    "JPEG of 12 MP, noise": lambda: jpeg(4000, 3000, noise=True),
    "the same, progressive": lambda: jpeg(4000, 3000, 1, noise=True),
    "progressive JPEG of 100 MP": lambda: jpeg(10_000, 10_000, 1),
    "JPEG of 1 MP, 1,500 scans": lambda: jpeg(1000, 1000, 1490),
    "JPEG of 100 × 100, 39,000 scans": lambda: jpeg(100, 100, 39_000),
    "JPEG of 100 MP, 14 scans": lambda: jpeg(10_000, 10_000, 5),
    "PNG of 12 MP, RGB": lambda: png(4000, 3000, 8, 2),
    "PNG of 12 MP, one bit": lambda: png(4000, 3000, 1, 0),
    "PNG of 12 MP, RGBA": lambda: png(4000, 3000, 8, 6),
    "PNG of 12 MP, RGB of 16 bits": lambda: png(4000, 3000, 16, 2),
    "PNG of 12 MP, RGBA of 16 bits": lambda: png(4000, 3000, 16, 6),
    "PNG of 100 MP, gray and alpha of 16 bits": lambda: png(10_000, 10_000, 16, 4),
    "PNG of 100 MP, RGBA of 16 bits": lambda: png(10_000, 10_000, 16, 6),
    "the same, interlaced": lambda: png(10_000, 10_000, 16, 6, 1),
}


def main() -> None:
    """Prints the table."""
    cv2.setNumThreads(1)
    print("| picture | kilobytes | seconds | counts for, megapixels | ns for a counted pixel |\n|---|---|---|---|---|")
    for name, make in PICTURES.items():
        data, times = make(), []
        for _ in range(3):
            started = time.thread_time()
            picture = read_header(data)
            picture.rgb(max(picture.width, picture.height))
            times.append(time.thread_time() - started)
        took, counted = min(times), picture.cost
        print(
            f"| {name} | {len(data) / 1e3:.0f} | {took:.2f} | {counted / 1e6:.1f} | {took / counted * 1e9:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
