"""Every kind of JPEG and PNG is decoded to 8-bit RGB."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mien.image.decode import read_header
from tests import photos
from tests.image import files


def decoded(data: bytes) -> photos.Pixels:
    pixels = read_header(data).rgb(10_000)
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert pixels.flags.c_contiguous
    return pixels


def ramp(height: int = 90, width: int = 100) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8), (height, width))


@pytest.mark.parametrize("interlaced", [False, True])
def test_png_rgb_is_exact(interlaced: bool) -> None:
    data = files.png(files.quarters(), files.RGB, interlaced=interlaced)
    np.testing.assert_array_equal(decoded(data), files.quarters())


def test_png_gray_becomes_rgb() -> None:
    np.testing.assert_array_equal(decoded(files.png(ramp(), files.GRAY)), np.repeat(ramp()[..., None], 3, axis=2))


@pytest.mark.parametrize(("depth", "levels"), [(1, 2), (2, 4), (4, 16)])
def test_png_gray_of_few_bits_is_stretched_to_the_whole_range(depth: int, levels: int) -> None:
    samples = np.arange(96 * 96).reshape(96, 96) % levels
    pixels = decoded(files.png(samples, files.GRAY, depth))
    np.testing.assert_array_equal(pixels[..., 0], samples * 255 // (levels - 1))


def test_png_16_bit_gray_keeps_its_high_byte() -> None:
    samples = np.broadcast_to(np.linspace(0, 65535, 100).astype(np.uint16), (90, 100))
    pixels = decoded(files.png(samples, files.GRAY, 16))
    assert np.abs(pixels[..., 1].astype(float) - samples / 257).max() <= 1


def test_png_16_bit_rgb_keeps_its_high_bytes_in_order() -> None:
    samples = files.quarters().astype(np.uint16) * 257
    np.testing.assert_array_equal(decoded(files.png(samples, files.RGB, 16)), files.quarters())


def test_png_16_bit_rgba_is_composited() -> None:
    samples = np.dstack([files.quarters(), np.full((96, 160), 255)]).astype(np.uint16) * 257
    samples[:, :80, 3] = 0
    pixels = decoded(files.png(samples, files.RGBA, 16))
    assert (pixels[:, :80] == 255).all()
    np.testing.assert_array_equal(pixels[:, 80:], files.quarters()[:, 80:])


def test_png_alpha_is_composited_over_white() -> None:
    samples = np.dstack([files.quarters(), np.zeros((96, 160), np.uint8)])
    samples[:48, :, 3], samples[48:, :80, 3], samples[48:, 80:, 3] = 255, 0, 128
    pixels = decoded(files.png(samples, files.RGBA))
    np.testing.assert_array_equal(pixels[:48], files.quarters()[:48])
    assert (pixels[48:, :80] == 255).all()
    expected = (files.quarters()[48:, 80:].astype(float) * 128 + 255 * 127) / 255
    assert np.abs(pixels[48:, 80:] - expected).max() <= 1


def test_png_gray_with_alpha_is_composited() -> None:
    samples = np.dstack([ramp(), np.full((90, 100), 255, np.uint8)])
    samples[:45, :, 1] = 0
    pixels = decoded(files.png(samples, files.GRAY_ALPHA))
    assert (pixels[:45] == 255).all()
    np.testing.assert_array_equal(pixels[45:, :, 2], ramp()[45:])


PALETTE = files.chunk(b"PLTE", bytes([200, 40, 40, 40, 200, 40, 40, 40, 200, 220, 220, 60]))


def palette_indices() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    indices = np.zeros((96, 160), np.uint8)
    indices[:48, 80:], indices[48:, :80], indices[48:, 80:] = 1, 2, 3
    return indices


@pytest.mark.parametrize("depth", [2, 4, 8])
def test_png_palette_is_looked_up(depth: int) -> None:
    data = files.png(palette_indices(), files.PALETTE, depth, before=PALETTE)
    np.testing.assert_array_equal(decoded(data), files.quarters())


def test_png_palette_with_transparency_is_composited() -> None:
    transparency = files.chunk(b"tRNS", bytes([255, 0]))  # the second colour is clear, those not named are opaque
    pixels = decoded(files.png(palette_indices(), files.PALETTE, before=PALETTE + transparency))
    assert (pixels[:48, 80:] == 255).all()
    np.testing.assert_array_equal(pixels[48:], files.quarters()[48:])


def test_png_rgb_with_a_clear_colour_is_composited() -> None:
    clear = files.chunk(b"tRNS", struct.pack(">HHH", 200, 40, 40))
    pixels = decoded(files.png(files.quarters(), files.RGB, before=clear))
    assert (pixels[:48, :80] == 255).all()
    np.testing.assert_array_equal(pixels[48:], files.quarters()[48:])


def test_animated_png_shows_its_first_frame() -> None:
    height, width = files.quarters().shape[:2]
    control = struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 10, 0, 0)
    second = np.full_like(files.quarters(), 255)
    later = struct.pack(">IIIIIHHBB", 1, width, height, 0, 0, 1, 10, 0, 0)
    frame = struct.pack(">I", 2) + zlib.compress(files.scanlines(second, 8))
    data = files.png(
        files.quarters(),
        files.RGB,
        before=files.chunk(b"acTL", struct.pack(">II", 2, 0)) + files.chunk(b"fcTL", control),
        after=files.chunk(b"fcTL", later) + files.chunk(b"fdAT", frame),
    )
    np.testing.assert_array_equal(decoded(data), files.quarters())


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}, {"optimize": True}])
def test_jpeg_of_every_common_make_is_near_its_source(options: dict[str, object]) -> None:
    data = photos.jpeg(files.quarters(), **options)
    assert np.abs(decoded(data).astype(int) - files.quarters()).mean() < 3


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_in_gray_becomes_rgb(progressive: bool) -> None:
    pixels = decoded(photos.encoded(np.asarray(ramp()), "JPEG", quality=95, progressive=progressive))
    assert np.abs(pixels - np.repeat(ramp()[..., None], 3, axis=2).astype(int)).max() < 8
    np.testing.assert_array_equal(pixels[..., 0], pixels[..., 2])


@pytest.mark.parametrize("long_side", [160, 80])
def test_jpeg_in_cmyk_becomes_rgb(long_side: int) -> None:
    file = io.BytesIO()
    Image.fromarray(files.quarters()).convert("CMYK").save(file, "JPEG", quality=95)
    pixels = read_header(file.getvalue()).rgb(long_side)
    step = 160 // pixels.shape[1]
    assert np.abs(pixels.astype(int) - files.quarters()[::step, ::step]).mean() < 6


def test_bytes_behind_the_end_of_a_jpeg_are_ignored() -> None:
    whole = photos.jpeg(files.quarters())
    np.testing.assert_array_equal(decoded(whole + b"\0" * 64 + b"camera maker's notes"), decoded(whole))


def test_a_photograph_decodes_as_pillow_decodes_it() -> None:
    for photo in (photos.astronaut(), photos.hopper()):
        assert np.abs(decoded(photo.data).astype(int) - photo.pixels).max() <= 4
