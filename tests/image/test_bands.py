"""A PNG decoded in bands has the pixels of one decoded whole, and takes hardly more memory than its answer."""

import random
import struct
import zlib
from dataclasses import replace
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mien.errors import InvalidImageFormatError
from mien.image import png, rows
from mien.image.decode import read_header
from tests import photos
from tests.image import dissect, files
from tests.image.dissect import Part

KINDS = [(files.GRAY, depth) for depth in (1, 2, 4, 8, 16)]
KINDS += [(files.PALETTE, depth) for depth in (1, 2, 4, 8)]
KINDS += [(kind, depth) for kind in (files.RGB, files.GRAY_ALPHA, files.RGBA) for depth in (8, 16)]
CHANNELS = {files.GRAY: 1, files.RGB: 3, files.PALETTE: 1, files.GRAY_ALPHA: 2, files.RGBA: 4}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
CLEAR = {files.GRAY: struct.pack(">H", 1), files.RGB: struct.pack(">HHH", 1, 2, 3), files.PALETTE: bytes([0, 99, 255])}
SMALL = 3000  # bytes of a band: a handful of rows


def random_png(
    width: int, height: int, kind: int, depth: int, *, interlaced: bool = False, clear: bool = False, seed: int = 1
) -> bytes:
    """Noise behind every kind of filter: any bytes are rows of some picture."""
    chance = random.Random(seed)
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    lines = b""
    for x, y, across, down in passes:
        columns, count = -((x - width) // across), -((y - height) // down)
        size = (columns * CHANNELS[kind] * depth + 7) // 8
        if columns > 0:
            lines += b"".join(bytes([chance.randrange(5)]) + chance.randbytes(size) for _ in range(count))
    colours = files.chunk(b"PLTE", chance.randbytes(3 * 2 ** min(8, depth))) if kind == files.PALETTE else b""
    colours += files.chunk(b"tRNS", CLEAR[kind]) if clear else b""
    header = files.png_header(width, height, depth, kind, interlaced)
    return header + colours + pieces(zlib.compress(lines)) + files.chunk(b"IEND", b"")


def pieces(compressed: bytes, size: int = 5000) -> bytes:
    return b"".join(files.chunk(b"IDAT", compressed[start : start + size]) for start in range(0, len(compressed), size))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize(("kind", "depth"), KINDS)
def test_the_pixels_are_those_of_the_whole(kind: int, depth: int, clear: bool, interlaced: bool) -> None:
    if clear and kind not in CLEAR:
        pytest.skip("a kind with alpha has no clear colour")
    for width, height in ((97, 83), (80, 128), (131, 89)):
        data = random_png(width, height, kind, depth, interlaced=interlaced, clear=clear)
        np.testing.assert_array_equal(png.decode_bands(data, 8, SMALL), rows.as_rgb(rows.decode(data)))


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize(("width", "height"), [(160, 96), (97, 83), (131, 90), (86, 95)])
def test_halves_are_those_of_the_whole(times: int, width: int, height: int) -> None:
    data = random_png(width, height, files.RGB, 8)
    halves = png.decode_bands(data, 8)
    for _ in range(times):
        rows_, columns = halves.shape[0] // 2, halves.shape[1] // 2
        cut = halves[: 2 * rows_, : 2 * columns]
        halves = np.asarray(cv2.resize(cut, (columns, rows_), interpolation=cv2.INTER_AREA), np.uint8)
    np.testing.assert_array_equal(png.decode_bands(data, 8 >> times, SMALL), halves)


@pytest.mark.parametrize("eighths", [1, 2, 4])
@pytest.mark.parametrize(("width", "height"), [(160, 96), (97, 83), (131, 90), (86, 95)])
def test_a_pixel_of_an_interlaced_picture_is_the_mean_of_those_it_stands_for(
    eighths: int, width: int, height: int
) -> None:
    data = random_png(width, height, files.RGB, 8, interlaced=True)
    side = 8 // eighths
    down, across = height // side, width // side
    full = png.decode_bands(data, 8)[: down * side, : across * side].reshape(down, side, across, side, 3)
    reduced = png.decode_bands(data, eighths, SMALL)
    assert reduced.shape == (down, across, 3)
    assert np.abs(reduced - full.mean(axis=(1, 3))).max() <= 0.5


@pytest.mark.parametrize("eighths", [5, 6, 7])
def test_scales_between_show_the_same_picture(eighths: int) -> None:
    photo = photos.astronaut().pixels
    reduced = png.decode_bands(photos.encoded(photo, "PNG"), eighths, 50_000)
    expected = cv2.resize(photo, (512 * eighths // 8,) * 2, interpolation=cv2.INTER_AREA)
    assert reduced.shape == expected.shape
    assert np.abs(reduced.astype(int) - expected).max() <= 1
    odd = png.decode_bands(photos.encoded(photo[:251, :245], "PNG"), eighths, 50_000)
    assert odd.shape == (251 * eighths // 8, 245 * eighths // 8, 3)


@pytest.mark.parametrize("name", ["palette", "16-bits", "alpha", "interlaced", "one-bit", "many-empty-chunks", "plain"])
def test_a_file_of_the_corpus_is_read_alike(name: str) -> None:
    data = (Path(__file__).parents[1] / "corpus" / "images" / f"{name}.png").read_bytes()
    np.testing.assert_array_equal(png.decode_bands(data, 8, SMALL), rows.as_rgb(rows.decode(data)))


def test_hints_and_misplaced_chunks_change_nothing() -> None:
    head, *pixels, end = dissect.png(random_png(97, 83, files.RGB, 8))
    hints = [Part(b"PLTE", bytes(30)), Part(b"tEXt", b"a\0b"), Part(b"gAMA", struct.pack(">I", 100_000))]
    data = dissect.joined_png([head, *hints, *pixels, Part(b"tIME", bytes(7)), end])
    np.testing.assert_array_equal(png.decode_bands(data, 8), png.decode_bands(random_png(97, 83, files.RGB, 8), 8))


def _damaged(whole: list[Part]) -> dict[str, list[Part]]:
    head, palette, *pixels, end = whole
    early = zlib.compress(zlib.decompress(b"".join(part.content for part in pixels))[:5000])
    return {
        "a checksum of the header": [replace(head, crc=bytes(4)), palette, *pixels, end],
        "a checksum of pixels": [head, palette, pixels[0], replace(pixels[1], crc=bytes(4)), *pixels[2:], end],
        "a checksum of the palette": [head, replace(palette, crc=bytes(4)), *pixels, end],
        "no palette": [head, *pixels, end],
        "two palettes": [head, palette, palette, *pixels, end],
        "a palette too long": [head, replace(palette, content=bytes(771)), *pixels, end],
        "a depth that does not exist": [head.changed(8, 3), palette, *pixels, end],
        "a filter that does not exist": [head, palette, Part(b"IDAT", zlib.compress(b"\5" * (98 * 83))), end],
        "another compression": [head.changed(10, 1), palette, *pixels, end],
        "an unknown chunk that is needed": [head, palette, Part(b"NEED", b""), *pixels, end],
        "something between the pixels": [head, palette, pixels[0], Part(b"tEXt", b"a\0b"), *pixels[1:], end],
        "pixels that are no deflate": [head, palette, Part(b"IDAT", b"\0" * 9000), end],
        "too few rows": [head, palette, Part(b"IDAT", early), end],
        "no pixels": [head, palette, Part(b"IDAT", b""), end],
    }


@pytest.mark.parametrize("name", _damaged([Part(b"IHDR", bytes(13))] * 2 + [Part(b"IDAT", zlib.compress(b""))] * 3))
def test_a_damaged_picture_is_refused_whole_and_in_bands(name: str) -> None:
    whole = dissect.png(random_png(97, 83, files.PALETTE, 8))
    data = dissect.joined_png(_damaged(whole)[name])
    with pytest.raises(InvalidImageFormatError):
        png.decode_bands(data, 8, SMALL)
    with pytest.raises(InvalidImageFormatError):
        rows.decode(data)


def test_a_large_picture_of_a_person_is_the_same_at_full_size() -> None:
    """Photographs have more pixels than `WHOLE`."""
    large = photos.resized(photos.hopper().pixels, 2.5)
    assert large.size > 3 * png.WHOLE
    for kind, image in product(("RGB", "L", "RGBA"), (large,)):
        picture = Image.fromarray(image).convert(kind)
        data = photos.encoded(np.asarray(picture), "PNG")
        np.testing.assert_array_equal(read_header(data).rgb(10_000), rows.as_rgb(rows.decode(data)))
