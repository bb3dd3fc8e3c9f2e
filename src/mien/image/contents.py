"""Tells what a file is by its first bytes: a photograph of which format, or a video, a sidecar, a text.

The first look at a file of a folder, and at an image before its header is read (`decode.py`). A name says little:
phones and cloud drives rename, and a video beside a photograph may bear its name.
"""

import re
import struct
from dataclasses import dataclass
from enum import Enum

ENOUGH = 4096  # bytes from which a kind is told


class Kind(Enum):
    """What a file is; the value is the word for it, in the plural, for reports."""

    PHOTOGRAPH = "photographs"
    OTHER_PICTURE = "pictures in formats that mien does not read"
    RAW = "raw files of cameras"
    VIDEO = "videos"
    AUDIO = "sound files"
    SIDECAR = "sidecar files"
    THUMBNAILS = "thumbnails and databases of file managers"
    DOCUMENT = "documents"
    TEXT = "texts"
    EMPTY = "empty files"
    UNKNOWN = "files of unknown content"


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds.

    Attributes:
        kind: its kind.
        format: the name of its format, as "heic"; of a photograph as the setting `formats` spells it. Empty if unknown.
    """

    kind: Kind
    format: str = ""

    @property
    def is_photograph(self) -> bool:
        """Whether it is a picture in a format that mien reads, whole or damaged."""
        return self.kind is Kind.PHOTOGRAPH


# Bytes that a file of one kind begins with.
_BEGINNINGS = (
    (b"\xff\xd8\xff", Content(Kind.PHOTOGRAPH, "jpeg")),
    (b"\x89PNG\r\n\x1a\n", Content(Kind.PHOTOGRAPH, "png")),
    (b"GIF87a", Content(Kind.PHOTOGRAPH, "gif")),
    (b"GIF89a", Content(Kind.PHOTOGRAPH, "gif")),
    (b"\xff\x0a", Content(Kind.PHOTOGRAPH, "jxl")),
    (b"\0\0\0\x0cJXL \r\n\x87\n", Content(Kind.PHOTOGRAPH, "jxl")),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Content(Kind.OTHER_PICTURE, "jpeg2000")),
    (b"\xff\x4f\xff\x51", Content(Kind.OTHER_PICTURE, "jpeg2000")),
    (b"8BPS", Content(Kind.OTHER_PICTURE, "psd")),
    (b"\0\0\1\0", Content(Kind.OTHER_PICTURE, "ico")),
    (b"FUJIFILMCCD-RAW", Content(Kind.RAW, "raf")),
    (b"IIRO", Content(Kind.RAW, "orf")),
    (b"IIU\0", Content(Kind.RAW, "rw2")),
    (b"FOVb", Content(Kind.RAW, "x3f")),
    (b"\x1aE\xdf\xa3", Content(Kind.VIDEO, "matroska")),
    (b"FLV\1", Content(Kind.VIDEO, "flv")),
    (b"\0\0\1\xba", Content(Kind.VIDEO, "mpeg")),
    (b"\0\0\1\xb3", Content(Kind.VIDEO, "mpeg")),
    (b"0&\xb2u\x8ef\xcf\x11", Content(Kind.VIDEO, "asf")),
    (b"ID3", Content(Kind.AUDIO, "mp3")),
    (b"OggS", Content(Kind.AUDIO, "ogg")),
    (b"fLaC", Content(Kind.AUDIO, "flac")),
    (b"caff", Content(Kind.AUDIO, "caf")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Content(Kind.THUMBNAILS, "ole")),  # Thumbs.db; old Office files too
    (b"CMMM", Content(Kind.THUMBNAILS, "thumbcache")),
    (b"\0\0\0\1Bud1", Content(Kind.THUMBNAILS, "ds_store")),
    (b"SQLite format 3\0", Content(Kind.THUMBNAILS, "sqlite")),
    (b"\0\5\x16\7", Content(Kind.SIDECAR, "appledouble")),
    (b"\0\5\x16\0", Content(Kind.SIDECAR, "applesingle")),
    (b"bplist00", Content(Kind.SIDECAR, "plist")),
    (b"%PDF-", Content(Kind.DOCUMENT, "pdf")),
    (b"PK\3\4", Content(Kind.DOCUMENT, "zip")),
    (b"PK\5\6", Content(Kind.DOCUMENT, "zip")),
    (b"\x1f\x8b", Content(Kind.DOCUMENT, "gzip")),
    (b"7z\xbc\xaf'\x1c", Content(Kind.DOCUMENT, "7z")),
    (b"Rar!", Content(Kind.DOCUMENT, "rar")),
)
_RIFF = {
    b"WEBP": Content(Kind.PHOTOGRAPH, "webp"),
    b"AVI ": Content(Kind.VIDEO, "avi"),
    b"WAVE": Content(Kind.AUDIO, "wav"),
}
# Brands of a file in boxes (ISO/IEC 14496-12), of which the first that is known tells.
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_BRANDS = {
    b"avif": Content(Kind.PHOTOGRAPH, "avif"),
    b"avis": Content(Kind.PHOTOGRAPH, "avif"),
    **dict.fromkeys(_HEIF, Content(Kind.PHOTOGRAPH, "heic")),
    b"crx ": Content(Kind.RAW, "cr3"),
    b"M4A ": Content(Kind.AUDIO, "m4a"),
}
_ANY_PICTURE = (b"mif1", b"mif2", b"msf1", b"miaf")  # a picture in boxes, of a codec that another brand names
_BOXES_OF_FILMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")  # QuickTime before it had `ftyp`
_DIB_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # bytes of the second header of a BMP
_TIFF = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
_RAW_TAGS = (0x828D, 0x828E, 0xC612, 0xC6FE, 0x014A)  # the pattern of a colour filter, of a DNG; sub-directories
_THUMBNAIL_TAG, _SUB_DIRECTORIES = 0x00FE, 0x014A
_SIDECAR = re.compile(rb"<x:xmpmeta|<\?xpacket|adjustmentBaseVersion|<!DOCTYPE plist|<rdf:RDF", re.IGNORECASE)
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def content(data: bytes) -> Content:
    """Tells what a file is.

    Args:
        data: the file, or its first ENOUGH bytes.
    """
    head = data[:ENOUGH]
    if not head:
        return Content(Kind.EMPTY)
    beginnings = (told for beginning, told in _BEGINNINGS if head.startswith(beginning))
    return next(beginnings, None) or _of_container(head) or _of_frames(head) or _of_text(head)


def _of_container(head: bytes) -> Content | None:
    """Tells a file whose beginning is shared by several kinds, by what it names next."""
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[4:8] in _BOXES_OF_FILMS:
        return Content(Kind.VIDEO, "quicktime")
    if head[:4] in _TIFF:
        return Content(Kind.RAW, "tiff") if _is_raw(head) else Content(Kind.PHOTOGRAPH, "tiff")
    return None


def _of_frames(head: bytes) -> Content | None:
    """Tells a file that begins with few bytes of its own, by further ones that fit them."""
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _DIB_HEADERS:
        return Content(Kind.PHOTOGRAPH, "bmp")
    if head[0] == 0x47 and len(head) > 376 and head[188] == head[376] == 0x47:
        return Content(Kind.VIDEO, "mpeg-ts")
    if head[0] == 0xFF and len(head) > 1 and head[1] & 0xE6 in (0xE0, 0xE2, 0xE4):
        return Content(Kind.AUDIO, "mpeg")
    return None


def _of_brands(head: bytes) -> Content:
    """Tells a file in boxes by its brands: those of pictures, else a video."""
    end = min(len(head), max(16, int.from_bytes(head[:4], "big")))
    brands = [head[8:12], *(head[place : place + 4] for place in range(16, end - 3, 4))]
    if told := next((_BRANDS[each] for each in brands if each in _BRANDS), None):
        return told
    if any(each in _ANY_PICTURE for each in brands):
        return Content(Kind.PHOTOGRAPH, "heic")
    return Content(Kind.VIDEO, "mp4")


def _is_raw(head: bytes) -> bool:
    """Returns whether a TIFF is a camera's raw file: its first directory shows only a thumbnail, or names a filter."""
    if head[8:10] == b"CR":
        return True
    order, tags = _TIFF[head[:4]], []
    try:
        (first,) = struct.unpack_from(f"{order}I", head, 4)
        (count,) = struct.unpack_from(f"{order}H", head, first)
        for place in range(first + 2, first + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHII", head, place)
            tags.append(tag)
            if tag == _THUMBNAIL_TAG and value & (1 if order == "<" else 1 | 1 << 16):
                tags.append(-1)
    except struct.error:
        return any(tag in _RAW_TAGS[:4] for tag in tags)
    return any(tag in _RAW_TAGS[:4] for tag in tags) or (-1 in tags and _SUB_DIRECTORIES in tags)


def _of_text(head: bytes) -> Content:
    """Tells a text by its letters; one in XML may be the sidecar of a photograph."""
    for encoding in ("utf-8", "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"):
        try:
            text = head.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding != "utf-8" or error.start < len(head) - 3:  # it may be cut within a letter
                continue
            text = head[: error.start].decode()
        if text and not any(ord(letter) in _CONTROLS for letter in text):
            return Content(Kind.SIDECAR, "xml") if _SIDECAR.search(text.encode()) else Content(Kind.TEXT)
    return Content(Kind.UNKNOWN)
