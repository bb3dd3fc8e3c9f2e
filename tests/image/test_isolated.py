"""The process that decodes a picture holds no more than was said, opens nothing, and may die without harm."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from mien.errors import ImageTooLargeError, InvalidImageFormatError
from mien.image import isolated
from mien.image.decode import read_header
from mien.image.limits import EVERY, MOST_EVER, MOST_HELD
from tests import photos
from tests.image import formats

SIDES = (4800, 3600)  # 17 megapixels
DYING = """
import os, signal, sys
data = sys.stdin.buffer.read()
if b"crash" in data:
    os.kill(os.getpid(), signal.SIGSEGV)
if b"short" in data:
    os.write(1, bytes(5))
if b"long" in data:
    os.write(1, bytes(100 * 100 * 3 + 1))
if b"loop" in data:
    while True:
        pass
if b"fail" in data:
    os.write(1, bytes(100 * 100 * 3))
    sys.exit(1)
"""
OPENING = """
import socket, sys
sys.path.insert(0, sys.argv[1])
import decoder
decoder.confine(1 << 24, 10)
tried = (lambda: open("/etc/hostname"), socket.socket, lambda: bytearray(1 << 26), lambda: open("x", "w"))
for each in tried:
    try:
        each()
    except (OSError, MemoryError):
        continue
    sys.exit("allowed")
"""


def photograph() -> Image.Image:
    return Image.fromarray(photos.astronaut().pixels).resize(SIDES)


@pytest.mark.parametrize("name", formats.APART)
def test_a_large_picture_is_decoded_within_the_memory_that_is_said(name: str) -> None:
    """The process is given no more, so that a decoder that needs more fails."""
    options = {"avif": {"speed": 10}, "webp": {"lossless": False, "method": 0}, "jxl": {"lossless": False, "effort": 1}}
    data = formats.encoded(photograph(), name, **options.get(name, {}))
    picture = read_header(data, EVERY)
    assert picture.held(max(SIDES)) <= MOST_HELD + picture.file.beside
    assert picture.cost >= picture.file.beside / 4
    assert max(picture.rgb(max(SIDES)).shape) >= max(SIDES) // 2


@pytest.mark.parametrize("mode", ["RGBA", "CMYK", "I;16", "LA"])
def test_a_large_tiff_of_any_mode_is_too(mode: str) -> None:
    image = Image.new("I;16", SIDES) if mode == "I;16" else photograph().convert(mode)
    data = formats.encoded(image, "tiff", compression="tiff_lzw", tiffinfo={278: SIDES[1]})  # in one strip
    assert read_header(data, EVERY).rgb(1280).shape[2] == 3


def test_what_would_hold_too_much_is_refused_in_words() -> None:
    side = int((MOST_EVER / isolated.BYTES_A_PIXEL["webp"]) ** 0.5) + 400
    size = (side - 1).to_bytes(3, "little")
    data = b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + size + size + bytes(40)
    with pytest.raises(ImageTooLargeError, match="megapixels, more than can be decoded in 2 GB"):
        read_header(data, EVERY)


@pytest.mark.parametrize("way", ["crash", "short", "long", "loop", "fail", "nothing"])
def test_a_decoder_that_dies_is_a_damaged_picture(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "decoder.py"
    program.write_text(DYING)
    monkeypatch.setattr(isolated, "DECODER", program)
    monkeypatch.setattr(isolated, "FIXED", 1)
    with pytest.raises(InvalidImageFormatError):
        isolated.Isolated(way.encode(), "webp", 100, 100).decode(8)


def test_a_large_file_for_a_process_that_reads_nothing_is_a_damaged_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "decoder.py"
    program.write_text("")
    monkeypatch.setattr(isolated, "DECODER", program)
    with pytest.raises(InvalidImageFormatError):
        isolated.Isolated(bytes(5_000_000), "webp", 100, 100).decode(8)


def test_the_process_can_open_nothing_and_holds_little() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", OPENING, str(isolated.DECODER.parent)],
        capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def test_no_process_and_no_pipe_stays_behind() -> None:
    data = formats.encoded(Image.fromarray(photos.astronaut().pixels), "webp")
    read_header(data, EVERY).rgb(512)
    before, children = len([*Path("/proc/self/fd").iterdir()]), psutil.Process().children()
    for cut in (len(data), len(data) // 2, 200):
        try:
            pixels = read_header(data[:cut], EVERY).rgb(512)
            assert np.any(pixels)
        except InvalidImageFormatError:
            continue
    assert len([*Path("/proc/self/fd").iterdir()]) == before
    assert psutil.Process().children() == children
