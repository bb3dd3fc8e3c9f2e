"""A file is told by its first bytes: photographs of every format, and what lies beside them in a folder."""

import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from mien.image.contents import ENOUGH, Content, Kind, content
from tests import photos

FLAT = np.full((96, 96, 3), 90, np.uint8)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def brands(major: bytes, *others: bytes) -> bytes:
    return box(b"ftyp", major + bytes(4) + b"".join(others)) + box(b"free", b"")


def tiff(*entries: tuple[int, int], order: str = "<") -> bytes:
    """A directory of long values by tag."""
    rows = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in entries)
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(entries)) + rows + bytes(4)


def ole() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("a.jpg", photos.jpeg(FLAT))
    return file.getvalue()


AAE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x">\n'
    b'<plist version="1.0"><dict><key>adjustmentBaseVersion</key><integer>0</integer></dict></plist>'
)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'

FOUND: dict[str, tuple[bytes, Content]] = {
    "jpeg": (photos.jpeg(FLAT), Content(Kind.PHOTOGRAPH, "jpeg")),
    "a film behind a jpeg": (photos.jpeg(FLAT) + brands(b"mp42"), Content(Kind.PHOTOGRAPH, "jpeg")),
    **{
        kind.lower(): (photos.encoded(FLAT, kind), Content(Kind.PHOTOGRAPH, kind.lower()))
        for kind in ("PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
    },
    "big-endian tiff": (tiff((256, 96), (257, 96), order=">"), Content(Kind.PHOTOGRAPH, "tiff")),
    "pages with previews": (tiff((256, 96), (0x014A, 900)), Content(Kind.PHOTOGRAPH, "tiff")),
    "heic": (brands(b"heic", b"mif1", b"heic"), Content(Kind.PHOTOGRAPH, "heic")),
    "heif by its second brand": (brands(b"mif1", b"miaf", b"heix"), Content(Kind.PHOTOGRAPH, "heic")),
    "avif by its second brand": (brands(b"mif1", b"avif", b"miaf"), Content(Kind.PHOTOGRAPH, "avif")),
    "bare jxl": (b"\xff\x0a" + bytes(40), Content(Kind.PHOTOGRAPH, "jxl")),
    "jxl in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), Content(Kind.PHOTOGRAPH, "jxl")),
    "jpeg 2000": (photos.encoded(FLAT, "JPEG2000"), Content(Kind.OTHER_PICTURE, "jpeg2000")),
    "canon raw": (brands(b"crx ", b"isom"), Content(Kind.RAW, "cr3")),
    "older canon raw": (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), Content(Kind.RAW, "tiff")),
    "digital negative": (tiff((254, 1), (256, 160), (0xC612, 0x401)), Content(Kind.RAW, "tiff")),
    "nikon raw": (tiff((254, 1), (256, 160), (0x014A, 900)), Content(Kind.RAW, "tiff")),
    "nikon raw, big-endian": (tiff((254, 1), (256, 160), (0x014A, 900), order=">"), Content(Kind.RAW, "tiff")),
    "mov of a live photo": (brands(b"qt  "), Content(Kind.VIDEO, "mp4")),
    "mp4": (brands(b"isom", b"iso2", b"avc1", b"mp41"), Content(Kind.VIDEO, "mp4")),
    "old quicktime": (box(b"moov", bytes(40)), Content(Kind.VIDEO, "quicktime")),
    "film that begins with its data": (box(b"mdat", bytes(40)), Content(Kind.VIDEO, "quicktime")),
    "avi": (b"RIFF\0\1\0\0AVI LIST", Content(Kind.VIDEO, "avi")),
    "matroska": (b"\x1aE\xdf\xa3" + bytes(30), Content(Kind.VIDEO, "matroska")),
    "transport stream": ((b"\x47" + bytes(187)) * 4, Content(Kind.VIDEO, "mpeg-ts")),
    "wav": (b"RIFF\0\1\0\0WAVEfmt ", Content(Kind.AUDIO, "wav")),
    "m4a": (brands(b"M4A ", b"isom"), Content(Kind.AUDIO, "m4a")),
    "mp3": (b"\xff\xfb\x90\x64" + bytes(400), Content(Kind.AUDIO, "mpeg")),
    "aae": (AAE, Content(Kind.SIDECAR, "xml")),
    "xmp": (XMP, Content(Kind.SIDECAR, "xml")),
    "xmp in utf-16": (XMP.decode().encode("utf-16"), Content(Kind.SIDECAR, "xml")),
    "resource fork": (b"\0\5\x16\7" + bytes(80), Content(Kind.SIDECAR, "appledouble")),
    "thumbs.db": (ole(), Content(Kind.THUMBNAILS, "ole")),
    "catalogue": (b"SQLite format 3\0" + bytes(80), Content(Kind.THUMBNAILS, "sqlite")),
    "pdf": (photos.encoded(FLAT, "PDF"), Content(Kind.DOCUMENT, "pdf")),
    "zip": (archive(), Content(Kind.DOCUMENT, "zip")),
    "text": ("Ночь, улица, фонарь, аптека.\n".encode() * 300, Content(Kind.TEXT)),
    "text of one letter": (b"x", Content(Kind.TEXT)),
    "nothing": (b"", Content(Kind.EMPTY)),
    "zeros": (bytes(5000), Content(Kind.UNKNOWN)),
    "noise": (np.random.default_rng(7).integers(1, 255, 5000).astype(np.uint8).tobytes(), Content(Kind.UNKNOWN)),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_file_is_told_by_its_bytes(name: str) -> None:
    data, expected = FOUND[name]
    assert content(data) == expected
    assert content(data[:ENOUGH]) == expected
    assert expected.is_photograph == (expected.kind is Kind.PHOTOGRAPH)


@pytest.mark.parametrize("name", FOUND)
def test_a_file_cut_short_at_any_place_is_told_without_an_error(name: str) -> None:
    data, _ = FOUND[name]
    for end in range(min(len(data), 64)):
        assert content(data[:end]).kind in Kind


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_tiff_of_pillow_is_a_photograph(mode: str) -> None:
    file = io.BytesIO()
    Image.new(mode, (96, 96)).save(file, "TIFF")
    assert content(file.getvalue()) == Content(Kind.PHOTOGRAPH, "tiff")


@pytest.mark.parametrize("version", [12, 40, 108, 124])
def test_every_header_of_a_bmp_is_known(version: int) -> None:
    assert content(b"BM" + bytes(12) + struct.pack("<I", version) + bytes(200)).format == "bmp"
