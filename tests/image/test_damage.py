"""A damaged file is decoded or refused by name, in bounded time and memory, without a decoder's own exception.

`tests/corpus/images` has the first files. `make fuzz` runs longer.
"""

import contextlib
import random
import re
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.errors import ApiError, InvalidImageFormatError
from mien.image.decode import read_header
from tests.fuzzing import examples
from tests.image import dissect, files
from tests.image.dissect import Part

FILES = sorted((Path(__file__).parents[1] / "corpus" / "images").iterdir())
WHOLE = [path for path in FILES if path.name not in ("many-scans.jpg", "cut-in-the-scan.jpg")]
SIDES = (0, 1, 79, 80, 96, 160, 255, 256, 1000, 4096, 9999, 10_000, 10_001, 65_535)
MARKERS = bytes((0x01, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC9, 0xCC, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDD, 0xE1, 0xEE, 0xFE))
CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"iCCP", b"eXIf", b"gAMA", b"zTXt")
MOST_SECONDS = 10.0  # of one core; 16 scans of 100 megapixels take about two
MOST_BYTES = 4  # for each pixel that a picture counts for, and
AND_BYTES = 64 << 20
FULLY = 20_000_000  # pixels that are also decoded at full resolution, as they are for small faces


def limited(data: bytes) -> None:
    """Decodes, or expects a refusal by name, within bounds."""
    held, begun, counted = _peak(reset=True), time.thread_time(), 0
    with contextlib.suppress(ApiError):
        picture = read_header(data)
        pixels, counted = picture.width * picture.height, picture.cost
        for long_side in (100, 1280) if pixels > FULLY else (100, max(picture.width, picture.height)):
            image = picture.rgb(long_side)
            assert image.dtype == np.uint8
            assert image.shape[2] == 3
            assert image.flags.c_contiguous
    assert time.thread_time() - begun < MOST_SECONDS
    assert _peak() - held < MOST_BYTES * counted + AND_BYTES


def _peak(reset: bool = False) -> int:
    """Returns the most bytes this process has held since the last reset, if the system says so (Linux)."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_the_corpus(path: Path) -> None:
    data = path.read_bytes()
    limited(data)
    limited(data[:-1])


def test_a_jpeg_of_many_scans_is_refused() -> None:
    """A scan of a few bytes costs a walk over all pixels; a file of 5 MB would have taken hours."""
    data = next(path for path in FILES if path.name == "many-scans.jpg").read_bytes()
    with pytest.raises(InvalidImageFormatError):
        read_header(data)
    small = files.with_jpeg_size(data, 160, 96)
    assert read_header(small).width == 160  # allowed, because it costs little


@pytest.mark.filterwarnings("ignore")
def test_bytes_that_look_like_a_scan_are_not_counted() -> None:
    data = next(path for path in FILES if path.name == "progressive.jpg").read_bytes()
    parts = dissect.jpeg(files.with_jpeg_size(data, 10_000, 10_000))
    alike = Part(b"\xe4", b"\xff\xda" * 400)
    assert read_header(dissect.joined_jpeg([alike, *parts]) + b"\xff\xda" * 400).width == 10_000


def test_a_png_whose_chunk_claims_four_gigabytes_is_refused() -> None:
    """OpenCV allocates a chunk before it checks that the file has it."""
    first, *rest = dissect.png(next(path for path in FILES if path.name == "plain.png").read_bytes())
    with pytest.raises(InvalidImageFormatError):
        read_header(dissect.joined_png([first, Part(b"tEXt", b"a\0b", length=0xFFFFFFF0), *rest]))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=examples(250), deadline=None)
@given(
    path=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    kept=st.floats(0, 1),
    in_header=st.booleans(),
)
def test_changed_bytes(path: Path, changes: list[tuple[float, int]], kept: float, in_header: bool) -> None:
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[int(place * (min(400, len(data)) if in_header else len(data)))] = value
    limited(bytes(data if in_header else data[: int(kept * len(data)) + 1]))


@cache
def parts(path: Path) -> list[Part]:
    return dissect.jpeg(path.read_bytes()) if path.suffix == ".jpg" else dissect.png(path.read_bytes())


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=examples(400), deadline=None)
@given(path=st.sampled_from(WHOLE), seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 6))
def test_changed_parts(path: Path, seed: int, steps: int) -> None:
    """Segments and chunks are dropped, doubled, moved, swapped, renamed, and given wrong lengths."""
    chance, made = random.Random(seed), list(parts(path))
    strangers = parts(chance.choice([other for other in WHOLE if other.suffix == path.suffix]))
    for _ in range(steps):
        _step(made, strangers, chance, path.suffix == ".jpg")
    joined = dissect.joined_jpeg(made) if path.suffix == ".jpg" else dissect.joined_png(made)
    limited(joined)


def _step(made: list[Part], strangers: list[Part], chance: random.Random, is_jpeg: bool) -> None:
    if not made:
        return
    at = chance.randrange(len(made))
    part = made[at]
    match chance.choice(("drop", "double", "move", "stranger", "rename", "byte", "side", "length", "behind", "crc")):
        case "drop":
            del made[at]
        case "double":
            made[at:at] = [part] * chance.choice((1, 2, 40))
        case "move":
            made.insert(chance.randrange(len(made)), made.pop(at))
        case "stranger":
            made[at] = chance.choice(strangers)
        case "rename":
            made[at] = replace(part, kind=bytes([chance.choice(MARKERS)]) if is_jpeg else chance.choice(CHUNKS))
        case "byte":
            made[at] = part.changed(chance.randrange(1 << 16), chance.randrange(256))
        case "side":
            made[:] = [_resized(each, chance) for each in made]
        case "length":
            made[at] = replace(part, length=chance.choice((0, 1, 2, 3, len(part.content), 0xFFFF, 0xFFFFFFFF)))
        case "behind" if part.behind:
            made[at] = replace(part, behind=chance.choice((b"", b"\xff", part.behind[:9], part.behind * 3)))
        case "crc":
            made[at] = replace(part, crc=bytes(4))


def _resized(part: Part, chance: random.Random) -> Part:
    """Returns the part with the picture's size, with another size in it."""
    width, height = chance.choice(SIDES), chance.choice(SIDES)
    if part.kind in (b"\xc0", b"\xc2"):
        size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
        return replace(part, content=part.content[:1] + size + part.content[5:])
    if part.kind == b"IHDR":
        return replace(part, content=width.to_bytes(4, "big") + height.to_bytes(4, "big") + part.content[8:])
    return part
