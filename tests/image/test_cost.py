"""The time of decoding is bounded by the pixels in the header and the bytes of the file.

A PNG of 100 × 100 with surplus pixels once cost 2.2 s a megabyte, and the same EXIF segment a hundred thousand times
five seconds. Times are processor time of this thread, because other work may run meanwhile.
"""

import itertools
import random
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from mien.errors import ApiError, InvalidImageFormatError
from mien.image.decode import read_header
from tests import photos
from tests.image import files

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "images"
SIDE = 100
FIXED, A_PIXEL, A_BYTE = 0.15, 60e-9, 60e-9  # seconds; three to five times what a slow core needs
DEEP = (16, 6)  # bits and kind of colour: RGBA
BIG = zlib.compress(bytes(300 << 20))  # 300 kB


def cost(data: bytes) -> tuple[float, int]:
    """Returns the seconds of decoding a picture at two scales, and the pixels it counts for; refused or not."""
    started, counted = time.thread_time(), 0
    try:
        picture = read_header(data)
        counted = picture.cost
        picture.rgb(640)
        picture.rgb(max(picture.width, picture.height))
    except ApiError:
        pass
    return time.thread_time() - started, counted


def bounded(data: bytes) -> None:
    seconds, counted = cost(data)
    assert seconds < FIXED + A_PIXEL * counted + A_BYTE * len(data)


def png(pixels: bytes, before: bytes = b"", behind: bytes = b"", form: tuple[int, int] = (8, 2), way: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", SIDE, SIDE, *form, 0, 0, way)
    parts = (files.chunk(b"IHDR", header), before, files.chunk(b"IDAT", pixels), behind, files.chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


ROWS = zlib.compress(bytes(SIDE * (3 * SIDE + 1)))
FIRST = photos.jpeg(files.quarters())


def jpeg(segment: bytes, count: int) -> bytes:
    return FIRST[:2] + segment * count + FIRST[2:]


def with_scans(count: int) -> bytes:
    whole = photos.encoded(files.quarters(), "JPEG", progressive=True)
    return whole[:-2] + whole[whole.rindex(b"\xff\xda") : -2] * count + whole[-2:]


def exif(count: int) -> bytes:
    entries = b"".join(struct.pack("<HHII", 0x9000, 2, 0xFFFFFFFF, 8) for _ in range(count))
    tiff = b"II*\0" + struct.pack("<IH", 8, 0xFFFF) + entries
    return b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff


def marked(kind: int, content: bytes) -> bytes:
    return bytes((0xFF, kind)) + struct.pack(">H", 2 + len(content)) + content


DEAR: dict[str, Callable[[], bytes]] = {
    "surplus pixels": lambda: png(zlib.compress(bytes(SIDE * (3 * SIDE + 1) + (300 << 20)))),
    "surplus pixels, interlaced": lambda: png(BIG, way=1),
    "surplus pixels, deep": lambda: png(BIG, form=DEEP),
    "surplus pixels, one bit": lambda: png(BIG, form=(1, 0)),
    "surplus chunks": lambda: png(ROWS, behind=files.chunk(b"IDAT", BIG)),
    "a profile": lambda: png(ROWS, before=files.chunk(b"iCCP", b"x\0\0" + BIG)),
    "texts": lambda: png(ROWS, before=files.chunk(b"zTXt", b"x\0\0" + BIG) * 3),
    "texts behind": lambda: png(ROWS, behind=files.chunk(b"iTXt", b"x\0\1\0\0\0" + BIG) * 3),
    "frames": lambda: png(ROWS, files.chunk(b"acTL", b"\0\0\xff\xff\0\0\0\0"), files.chunk(b"fdAT", b"\0\0\0\1" + BIG)),
    "EXIF": lambda: png(ROWS, before=files.chunk(b"eXIf", b"II*\0" + bytes(1 << 20))),
    "behind the end": lambda: png(ROWS) + files.chunk(b"IDAT", BIG),
    "very many chunks": lambda: png(ROWS, before=files.chunk(b"tEXt", b"") * 400_000),
    "very many chunks with pixels": lambda: png(b"", behind=files.chunk(b"IDAT", b"") * 400_000),
    "very many comments": lambda: jpeg(marked(0xFE, b""), 1_000_000),
    "very many EXIF segments": lambda: jpeg(marked(0xE1, b"Exif\0\0" + bytes(8)), 250_000),
    "large EXIF segments": lambda: jpeg(marked(0xE1, b"Exif\0\0" + bytes(65_000)), 75),
    "large EXIF segments, forgiven": lambda: jpeg(marked(0xE1, b"Exif\0\0" + bytes(300)), 15_000)[:-2],
    "EXIF of many entries": lambda: jpeg(exif(5000), 75),
    "profiles": lambda: jpeg(marked(0xE2, b"ICC_PROFILE\0\1\1" + bytes(8)), 200_000),
    "pictures in it": lambda: jpeg(marked(0xE2, b"MPF\0II*\0" + bytes(16)), 200_000),
    "tables": lambda: jpeg(marked(0xDB, bytes(65)), 70_000),
    "fill bytes": lambda: jpeg(b"\xff", 5_000_000),
    "restarts": lambda: FIRST[:-2] + b"\xff\xd0" * 2_000_000 + FIRST[-2:],
    "behind the end of a JPEG": lambda: FIRST + b"\xff\xda\0\2" * 1_200_000,
    "scans": lambda: with_scans(20_000),
    "more scans": lambda: with_scans(100_000),
}


@pytest.mark.parametrize("name", DEAR)
def test_a_picture_costs_no_more_than_it_says(name: str) -> None:
    bounded(DEAR[name]())


@pytest.mark.parametrize("way", [0, 1])
def test_bytes_behind_the_last_row_change_no_pixel(way: int) -> None:
    plain = photos.encoded(files.quarters(), "PNG")
    assert (read_header(plain + bytes(1000)).rgb(160) == files.quarters()).all()
    surplus = read_header(png(BIG, way=way)).rgb(SIDE)
    assert surplus.shape == (SIDE, SIDE, 3)
    assert not surplus.any()


def test_cost_counts_the_work() -> None:
    """Ordinary pictures count for their pixels, others for more by the time that decoding takes."""
    count = SIDE * SIDE
    assert read_header(png(ROWS)).cost == count
    assert read_header(png(ROWS, form=(1, 0))).cost == count
    assert read_header(png(ROWS, form=DEEP)).cost == count * 11 // 3
    assert read_header(FIRST).cost == 160 * 96
    assert read_header(with_scans(20_000)).cost > 160 * 96 * 20_000 / 16
    with pytest.raises(InvalidImageFormatError):
        read_header(with_scans(110_000))


def test_a_changed_file_of_the_corpus_costs_no_more() -> None:
    """Bytes are changed, pieces repeated thousands of times or left out; a refusal must be in time as well."""
    chance = random.Random(14)
    paths = [each for each in sorted(CORPUS.iterdir()) if each.suffix in (".jpg", ".png")]
    for path, _ in itertools.product(paths, range(12)):
        data = bytearray(path.read_bytes())
        for _ in range(chance.randrange(4)):
            data[chance.randrange(26, len(data))] = chance.randrange(256)
        start = chance.randrange(26, len(data))
        end = min(len(data), start + chance.choice((2, 12, 100, 2000)))
        piece = bytes(data[start:end]) * chance.choice((0, 1, 10, 1_000_000 // (end - start)))
        bounded(bytes(data[:start]) + piece + bytes(data[end:]))
