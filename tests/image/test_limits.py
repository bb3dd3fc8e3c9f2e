"""A file that is not a whole JPEG or PNG, or is too small or too large, is refused by name before decoding."""

import base64
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.errors import ImageTooLargeError, InvalidImageFormatError, InvalidParameterError
from mien.image.decode import read_header
from tests import photos
from tests.image import files
from tests.live import environment


def jpeg_of(width: int, height: int) -> bytes:
    return files.with_jpeg_size(photos.jpeg(files.quarters()), width, height)


def png_of(width: int, height: int) -> bytes:
    """Returns a header and one byte of pixels, so that decoding fails and reading the header does not."""
    return files.png_header(width, height) + files.chunk(b"IDAT", b"\x78") + files.chunk(b"IEND", b"")


FLAT = np.full((96, 96, 3), 90, np.uint8)
NOT_IMAGES = {
    "nothing": b"",
    "text": b"not an image at all" * 20,
    "gif": photos.encoded(FLAT, "GIF"),
    "webp": photos.encoded(FLAT, "WEBP"),
    "bmp": photos.encoded(FLAT, "BMP"),
    "tiff": photos.encoded(FLAT, "TIFF"),
    "pdf": photos.encoded(FLAT, "PDF"),
    "base64 of a jpeg": base64.b64encode(photos.jpeg(FLAT)),
    "a jpeg behind a byte": b"\n" + photos.jpeg(FLAT),
    "jpeg magic alone": b"\xff\xd8\xff",
    "jpeg magic and noise": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4,
    "png magic alone": b"\x89PNG\r\n\x1a\n",
    "png magic and noise": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
    "png without pixels": files.png_header(96, 96) + files.chunk(b"IEND", b""),
}


@pytest.mark.parametrize("name", NOT_IMAGES)
def test_another_format_is_refused(name: str) -> None:
    with pytest.raises(InvalidImageFormatError, match="Request has invalid image format"):
        read_header(NOT_IMAGES[name]).rgb(96)


@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_an_image_cut_short_is_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (120, 120, 3)).astype(np.uint8)
    whole = photos.encoded(noise, kind.removeprefix("progressive "), progressive=kind.startswith("progressive"))
    with pytest.raises(InvalidImageFormatError):
        read_header(whole[: int(len(whole) * share)]).rgb(120)


@pytest.mark.parametrize("long_side", [120, 60])
def test_a_gray_or_large_jpeg_cut_short_is_refused_at_every_scale(long_side: int) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (120, 120)).astype(np.uint8)
    whole = photos.encoded(noise, "JPEG")
    with pytest.raises(InvalidImageFormatError):
        read_header(whole[: len(whole) // 2]).rgb(long_side)


def test_a_png_with_damaged_pixels_is_refused() -> None:
    whole = bytearray(photos.encoded(np.random.default_rng(3).integers(0, 255, (96, 96, 3)).astype(np.uint8), "PNG"))
    for place in range(2000, 2100):
        whole[place] ^= 0xFF
    with pytest.raises(InvalidImageFormatError):
        read_header(bytes(whole)).rgb(96)


def test_a_png_with_too_few_rows_is_refused() -> None:
    rows = files.quarters()[:40]
    body = files.chunk(b"IDAT", zlib.compress(files.scanlines(rows, 8)))
    with pytest.raises(InvalidImageFormatError):
        read_header(files.png_header(160, 96) + body + files.chunk(b"IEND", b"")).rgb(160)


@pytest.mark.parametrize("make", [jpeg_of, png_of])
@pytest.mark.parametrize("sides", [(79, 200), (200, 79), (79, 79), (1, 1)])
def test_a_side_below_80_pixels_is_refused(make: Callable[[int, int], bytes], sides: tuple[int, int]) -> None:
    with pytest.raises(InvalidParameterError, match="Request has invalid parameters"):
        read_header(make(*sides))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_80_pixels_are_enough(kind: str) -> None:
    data = photos.encoded(np.full((80, 80, 3), 200, np.uint8), kind)
    assert read_header(data).rgb(80).shape == (80, 80, 3)


@pytest.mark.parametrize("make", [jpeg_of, png_of])
def test_a_side_above_10000_pixels_is_refused_in_awss_words(make: Callable[[int, int], bytes]) -> None:
    text = "Input image dimensions 10001 x 90 exceed maximum dimension size of 10000 pixels"
    with pytest.raises(ImageTooLargeError, match=text):
        read_header(make(10_001, 90))
    with pytest.raises(ImageTooLargeError):
        read_header(make(90, 10_001))
    assert read_header(make(10_000, 90)).width == 10_000


@pytest.mark.parametrize("make", [jpeg_of, png_of])
def test_a_bomb_is_refused_from_its_header_without_allocating(make: Callable[[int, int], bytes]) -> None:
    bomb = make(60_000, 60_000)
    tracemalloc.start()
    try:
        with pytest.raises(ImageTooLargeError):
            read_header(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


MEASURE = """
import resource, sys
from pathlib import Path
from mien.errors import ImageTooLargeError
from mien.image.decode import read_header
bombs = [Path(name).read_bytes() for name in sys.argv[1:]]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for bomb in bombs:
    try:
        read_header(bomb)
    except ImageTooLargeError:
        continue
    sys.exit("not refused")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_bombs_do_not_raise_a_processs_memory(tmp_path: Path) -> None:
    """Native decoders allocate where tracemalloc does not look, so a fresh process's peak is measured as well."""
    paths = []
    for name, make in (("bomb.jpg", jpeg_of), ("bomb.png", png_of)):
        (tmp_path / name).write_bytes(make(60_000, 60_000))
        paths.append(str(tmp_path / name))
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=False, env=environment()
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 30_000  # kilobytes; one gray buffer of the claimed size would take 3.6 million
