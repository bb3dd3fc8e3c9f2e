"""Takes JPEG and PNG files apart into segments and chunks, and joins them again after a test has changed them."""

import struct
import zlib
from dataclasses import dataclass, replace

ENTROPY_ENDS = frozenset((*range(0x01, 0xD0), *range(0xD8, 0x100)))  # no stuffed byte, no restart marker
EOI, SOS = 0xD9, 0xDA


@dataclass(frozen=True, slots=True)
class Part:
    """A segment of a JPEG or a chunk of a PNG.

    Attributes:
        kind: the marker's byte, or the chunk's four.
        content: what is in it.
        behind: of a scan, the coded pixels that follow it.
        length: what it says about its length; None for the truth.
        crc: of a chunk, its checksum; None for the right one.
    """

    kind: bytes
    content: bytes
    behind: bytes = b""
    length: int | None = None
    crc: bytes | None = None

    def changed(self, place: int, value: int) -> "Part":
        """With another byte somewhere in its content."""
        if not self.content:
            return self
        place %= len(self.content)
        return replace(self, content=self.content[:place] + bytes([value]) + self.content[place + 1 :])


def jpeg(data: bytes) -> list[Part]:
    parts, place = [], 2
    while data[place + 1] != EOI:
        kind, (length,) = data[place + 1 : place + 2], struct.unpack(">H", data[place + 2 : place + 4])
        content = data[place + 4 : place + 2 + length]
        place += 2 + length
        start = place
        if kind[0] == SOS:
            while not (data[place] == 0xFF and data[place + 1] in ENTROPY_ENDS):
                place += 1
        parts.append(Part(kind, content, data[start:place]))
    return parts


def joined_jpeg(parts: list[Part]) -> bytes:
    body = b"\xff\xd8"
    for part in parts:
        length = len(part.content) + 2 if part.length is None else part.length
        body += b"\xff" + part.kind + struct.pack(">H", length & 0xFFFF) + part.content + part.behind
    return body + b"\xff\xd9"


def png(data: bytes) -> list[Part]:
    parts, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        parts.append(Part(data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return parts


def joined_png(parts: list[Part]) -> bytes:
    body = b"\x89PNG\r\n\x1a\n"
    for part in parts:
        length = len(part.content) if part.length is None else part.length
        crc = struct.pack(">I", zlib.crc32(part.kind + part.content)) if part.crc is None else part.crc
        body += struct.pack(">I", length & 0xFFFFFFFF) + part.kind + part.content + crc
    return body
