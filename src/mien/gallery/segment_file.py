"""Reads and writes the file of a segment: codes, keys, scales, then each plane of its sketches.

A file is never changed once it is written, and a deleted one stays until the last mapping of it is gone. So processes
that map a file share its memory, and none of them can see it cut short. Every byte is read, not mapped, for the
checksum: a bad disk is an error of a read, but ends a process that meets it in a mapping.
"""

import contextlib
import mmap
import os
import sys
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.gallery.segment import Segment

_CHUNK = 1 << 22  # bytes checksummed at a time
_POPULATE_READ = 22  # of madvise on Linux 5.14 or later: maps all pages at once, with an error in place of a signal


class DamagedError(Exception):
    """A file of a snapshot is missing, damaged or incomplete."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the arrays of segments that have files lie.

    Attributes:
        paged: whether codes are mapped from the file and released after each search.
        shared: whether all arrays but `alive` are mapped, so that processes share them.
    """

    paged: bool = False
    shared: bool = False


IN_MEMORY = Placement()


@dataclass(frozen=True, slots=True)
class Saved:
    """What the index of a snapshot says about a segment.

    Attributes:
        path: the segment's file.
        crc: the CRC-32 of the file.
        count: the number of rows.
        lowest, highest: bounds of the keys.
        alive: bool (count,).
    """

    path: Path
    crc: int
    count: int
    lowest: int
    highest: int
    alive: NDArray[np.bool_]


def write_segment(folder: Path, segment: Segment) -> Segment:
    """Writes a segment to a new file, and returns the segment with it.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    path = folder / f"{uuid.uuid4().hex}.segment"
    return replace(segment, file=(path, write(path, _bytes(segment, segment.count))))


def write(path: Path, parts: Iterable[memoryview | bytes]) -> int:
    """Writes a file, waits until it is on disk, and returns its CRC-32.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    crc = 0
    try:
        with open(path, "xb", buffering=0, opener=_privately) as file:
            for part in parts:
                whole = memoryview(part)
                for start in range(0, len(whole), _CHUNK):
                    chunk = whole[start : start + _CHUNK]
                    crc = zlib.crc32(chunk, crc)
                    while chunk:
                        chunk = chunk[file.write(chunk) :]
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return crc


def read_segment(saved: Saved, words: int, dimension: int, placement: Placement) -> Segment:
    """Reads or maps a segment and compares its checksum.

    Raises:
        DamagedError: the file does not have the size or the checksum that the index says.
        OSError: it cannot be read.
    """
    segment = Segment.empty(words, dimension)
    if placement.shared or placement.paged:
        segment = _on_file(saved.path, saved.count, segment, placement)
    scratch = memoryview(bytearray(_CHUNK))
    crc = 0
    with saved.path.open("rb", buffering=0) as file:
        for part in _bytes(segment, saved.count):
            for start in range(0, len(part), _CHUNK):
                chunk = part[start : start + _CHUNK]
                chunk = scratch[: len(chunk)] if chunk.readonly else chunk
                if file.readinto(chunk) != len(chunk):
                    raise DamagedError(saved.path.name)
                crc = zlib.crc32(chunk, crc)
        if crc != saved.crc or file.read(1):
            raise DamagedError(saved.path.name)
    alive = np.zeros(len(segment.keys), np.bool_)
    alive[: saved.count] = saved.alive
    segment = replace(segment, alive=alive, count=saved.count, lowest=saved.lowest, highest=saved.highest)
    return replace(segment, file=(saved.path, saved.crc))


def paged(segment: Segment) -> Segment:
    """Returns a segment whose codes are paged in from its file.

    Raises:
        OSError, DamagedError: as `read_segment`.
    """
    if segment.file is None or segment.paged:
        return segment
    return _on_file(segment.file[0], segment.count, segment, Placement(paged=True))


def _on_file(path: Path, count: int, segment: Segment, placement: Placement) -> Segment:
    """Returns a segment with its codes mapped from a file, and with `shared` the other arrays too."""
    words, dimension = len(segment.planes), segment.codes.shape[1]
    size = count * (dimension + 8 + 4 + 8 * words)
    with path.open("rb", buffering=0) as file:
        if not count or os.fstat(file.fileno()).st_size != size:
            raise DamagedError(path.name)
        mapping = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    codes = np.frombuffer(mapping, np.int8, count * dimension).reshape(count, dimension)
    segment = replace(segment, codes=codes, paged=mapping if placement.paged else None)
    if not placement.shared:
        return segment
    _populate(mapping, codes.nbytes if placement.paged else 0)
    keys = np.frombuffer(mapping, np.int64, count, codes.nbytes)
    scales = np.frombuffer(mapping, np.float32, count, codes.nbytes + keys.nbytes)
    planes = np.frombuffer(mapping, np.uint64, words * count, codes.nbytes + keys.nbytes + scales.nbytes)
    return replace(
        segment,
        keys=np.require(keys, requirements="A"),  # a copy where an odd dimension has moved the numbers off their places
        scales=np.require(scales, requirements="A"),
        planes=np.require(planes, requirements="A").reshape(words, count),
    )


def _populate(mapping: mmap.mmap, start: int) -> None:
    """Maps the pages from `start` on, as huge ones where the system has them for files; else they come when touched."""
    if sys.platform == "linux":
        for advice in (mmap.MADV_HUGEPAGE, _POPULATE_READ):
            with contextlib.suppress(OSError):
                mapping.madvise(advice, start // mmap.PAGESIZE * mmap.PAGESIZE)


def _bytes(segment: Segment, count: int) -> list[memoryview]:
    parts = [segment.codes[:count], segment.keys[:count], segment.scales[:count]]
    parts += [plane[:count] for plane in segment.planes]
    return [memoryview(np.ascontiguousarray(part).data).cast("B") for part in parts]


def _privately(path: str, flags: int) -> int:
    """Opens a new file with its owner's permissions only, whatever the umask."""
    return os.open(path, flags, 0o600)
