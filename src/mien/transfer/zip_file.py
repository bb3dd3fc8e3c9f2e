"""Opens the zip of an export without trusting it: nothing in it is decompressed or read without a bound.

An export has four members, stored uncompressed. A zip with other members, or whose directory is larger than that of
four members, is refused before it is read.
"""

import io
import struct
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from mien.errors import SetupError

MANIFEST = "manifest.json"
_MOST_MANIFEST = 65_536  # bytes
_MOST_DIRECTORY = 4096  # bytes of the central directory at the end of a zip
_LOCAL_HEADER = 30  # bytes before a member's name
# PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16: the end record of a zip without a comment, and the ZIP64 records before it
_END, _END64, _LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_DAMAGED = (
    zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, RuntimeError, struct.error, OverflowError, MemoryError,
)  # fmt: skip


class Manifest(msgspec.Struct):
    """The manifest of an export: its format, version and numbers of rows."""

    format: str = ""
    version: int = 0
    rows: dict[str, int] = {}


def manifest(path: Path, tables: Collection[str], further: str = "") -> Manifest:
    """Reads a zip's manifest, and verifies the checksum of every member.

    Args:
        path: the file.
        tables: the names of the members besides the manifest.
        further: the name of a member that may be missing.

    Raises:
        SetupError: the file is not an export, or is damaged.
    """
    try:
        _refuse_long(path)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = sorted(each.filename for each in members)
            if names not in (sorted([MANIFEST, *tables]), sorted([MANIFEST, *tables, further])):
                raise SetupError(f"{path} is not an export of mien: it has other members.")
            if any(map(_is_packed, members)):
                raise SetupError(f"{path} is not an export of mien: its members are compressed or encrypted.")
            if archive.getinfo(MANIFEST).file_size > _MOST_MANIFEST:
                raise SetupError(
                    f"{path} is not an export of mien: its manifest is larger than {_MOST_MANIFEST} bytes."
                )
            if archive.testzip() is not None:
                raise SetupError(f"{path} is damaged.")
            return msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except _DAMAGED as error:
        raise SetupError(f"{path} is not an export of mien, or is damaged ({type(error).__name__}).") from None


def member(path: Path, name: str) -> "ZipMember":
    """Opens a member of a zip as a file. The zip stays open until the member is closed."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
    file = path.open("rb")
    file.seek(info.header_offset + _LOCAL_HEADER - 4)  # the lengths of the name and of the extra field
    lengths = file.read(4)
    start = info.header_offset + _LOCAL_HEADER + sum(int.from_bytes(lengths[at : at + 2], "little") for at in (0, 2))
    return ZipMember(file, start, info.file_size)


def _refuse_long(path: Path) -> None:
    """Raises for a zip whose central directory is too long for an export, since zipfile would read all of it.

    Raises:
        BadZipFile: the directory is too long, or the file does not end as a zip does.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size - _LOCATOR.size - _END64.size))
        end = file.read()
    if len(end) < _END.size:
        raise zipfile.BadZipFile
    mark, *_, members, length, _, comment = _END.unpack(end[-_END.size :])
    if mark != b"PK\5\6" or comment:
        raise zipfile.BadZipFile
    if end[-_END.size - _LOCATOR.size :][:4] == b"PK\6\7":
        mark, *_, members, length, _ = _END64.unpack(end[: _END64.size])
    if mark[:2] != b"PK" or length > _MOST_DIRECTORY or members > _MOST_DIRECTORY:
        raise zipfile.BadZipFile


def _is_packed(info: zipfile.ZipInfo) -> bool:
    return bool(info.compress_type or info.flag_bits & 1 or info.file_size != info.compress_size)


class ZipMember(io.RawIOBase):
    """A range of a file, readable as a file."""

    def __init__(self, file: Any, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def seekable(self) -> bool:
        """Returns True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to a position in the range."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """Returns the position in the range."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Reads from the range, and not beyond it."""
        wanted = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
        super().close()
