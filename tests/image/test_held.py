"""The memory of decoding is known beforehand, bounded, and not exceeded."""

import io
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks import pictures
from mien.image.decode import read_header
from mien.image.limits import MOST_HELD
from mien.system import heap
from tests import photos
from tests.image import dissect, files
from tests.image.dissect import Part

SIDES = (5200, 5000)  # width and height: 26 megapixels, more than may be held at full size
AND = 36e6  # bytes besides: the file, a band, what the allocator keeps after other tests; read whole it is 78 or more


@cache
def large() -> photos.Pixels:
    """A photograph enlarged; RGB."""
    return np.asarray(cv2.resize(photos.astronaut().pixels, SIDES, interpolation=cv2.INTER_LINEAR), np.uint8)


def cmyk() -> bytes:
    file = io.BytesIO()
    Image.fromarray(large()).convert("CMYK").save(file, "JPEG", quality=80)
    return file.getvalue()


def interlaced() -> bytes:
    return pictures.png(large(), interlaced=True)


KINDS: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: photos.jpeg(large(), quality=80),
    "JPEG on its side": lambda: pictures.turned(photos.jpeg(large(), quality=80)),
    "JPEG in CMYK": cmyk,
    "PNG": lambda: photos.encoded(large(), "PNG"),
    "PNG of 16 bits with alpha": lambda: pictures.png(large(), deep=True),
    "interlaced PNG": interlaced,
}


def peak(reset: bool = False) -> float:
    if reset:
        heap.give_back()  # what is free in this process would be taken first
        Path("/proc/self/clear_refs").write_text("5")
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.parametrize("name", KINDS)
def test_memory_stays_within_held_and_half_size_is_always_decoded(name: str) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the system does not say in /proc how much memory a process held at most")
    picture = read_header(KINDS[name]())
    for long_side in (1280, max(SIDES)):
        said, before = picture.held(long_side), peak(reset=True)
        pixels = picture.rgb(long_side)
        assert peak() - before < said + AND
        assert said <= MOST_HELD
        assert max(pixels.shape[:2]) >= min(long_side, max(SIDES) // 2)
        del pixels
    deep = 11 / 3 if name == "PNG of 16 bits with alpha" else 1  # bytes inflated and composited for a pixel
    assert picture.cost == int(SIDES[0] * SIDES[1] * deep)


@pytest.mark.parametrize(("sampling", "bytes_a_pixel"), [("4:4:4", 6), ("4:2:2", 4), ("4:2:0", 3)])
def test_a_progressive_jpeg_counts_for_its_coefficients(sampling: str, bytes_a_pixel: float) -> None:
    """All coefficients are held before there is a pixel, whatever the scale."""
    plain = read_header(photos.jpeg(large(), quality=80, subsampling=sampling))
    picture = read_header(photos.jpeg(large(), quality=80, subsampling=sampling, progressive=True))
    count = SIDES[0] * SIDES[1]
    assert picture.held(1280) - plain.held(1280) == bytes_a_pixel * count
    assert picture.cost * 4 >= bytes_a_pixel * count
    before = peak(reset=True)
    picture.rgb(1280)
    grown = peak() - before
    assert bytes_a_pixel * count < grown < picture.held(1280) + AND


def test_a_jpeg_with_a_scan_for_each_colour_counts_for_its_coefficients() -> None:
    whole = photos.jpeg(files.quarters(), subsampling=0)
    parts = dissect.jpeg(whole)
    scans = [Part(b"\xda", bytes([1, colour, 0, 0, 63, 0])) for colour in (1, 2, 3)]
    apart = dissect.joined_jpeg([part for part in parts if part.kind != b"\xda"] + scans)
    assert read_header(apart).held(160) - read_header(whole).held(160) == 6 * 160 * 96


def test_memory_follows_the_scale() -> None:
    picture = read_header(files.png_header(10_000, 10_000) + files.chunk(b"IDAT", b"\x78") + files.chunk(b"IEND", b""))
    assert picture.held(1280) == 4 * 2500**2
    assert picture.held(10_000) == 4 * 5000**2
    small = read_header(photos.jpeg(files.quarters()))
    assert small.held(80) == 4 * 80 * 48
    assert small.cost == 160 * 96
