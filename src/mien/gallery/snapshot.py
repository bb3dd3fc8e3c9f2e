"""Saves a sketched gallery to disk, so that a process need not build it again from the store.

A folder has a file for each segment and an index that names them. Files are written beside the old ones under new names
and reach the disk before `save` returns the name of the new index. The caller stores that name, which makes the
snapshot valid, and `prune` deletes the others. A checksum over every byte detects damage.
"""

import contextlib
import os
import shutil
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.gallery.segment import Segment
from mien.gallery.sketch import Sketcher

if TYPE_CHECKING:
    from mien.gallery.sketched import SketchedGallery

FORMAT = 2
_CHUNK = 1 << 22  # bytes checksummed at a time
_CRC = 4


class DamagedError(Exception):
    """A snapshot is damaged or incomplete."""


class _SavedSegment(msgspec.Struct, frozen=True):
    """A segment in the index; `alive` is packed bits."""

    file: str
    crc: int
    count: int
    lowest: int
    highest: int
    alive: bytes


class _Index(msgspec.Struct, frozen=True):
    """The index of a snapshot; `mean` and `directions` are those of its sketcher, as bytes of float32."""

    format: int
    revision: int
    history: int
    words: int
    mean: bytes
    directions: bytes
    segments: list[_SavedSegment]


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of a gallery at one revision of its collection.

    Attributes:
        revision: of the collection.
        sketcher: the gallery's.
        segments: the gallery's.
        alive: which of their rows are not removed, bool (count,) each.
        history: the id of the revision in the collection's history.
    """

    revision: int
    sketcher: Sketcher
    segments: tuple[Segment, ...]
    alive: tuple[NDArray[np.bool_], ...]
    history: int = 0

    @classmethod
    def of(cls, gallery: "SketchedGallery", revision: int, history: int = 0) -> "Moment":
        """Returns the current state; the caller ensures that it is at this revision and does not change meanwhile."""
        segments = gallery.segments()
        alive = tuple(each.alive[: each.count].copy() for each in segments)
        return cls(revision, gallery.sketcher, segments, alive, history)


def save(folder: Path, moment: Moment) -> tuple[str, list[Segment]]:
    """Writes a snapshot, without the segments that have files already.

    Returns:
        The name of the index, and the segments with their files.

    Raises:
        OSError: it cannot be written; its files are removed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    segments: list[Segment] = []
    try:
        for each in moment.segments:
            segments.append(each if each.file else _written(folder, each))
        return _indexed(folder, moment, segments), segments
    except OSError:
        discard(moment, segments)
        raise


def discard(moment: Moment, segments: Sequence[Segment]) -> None:
    """Deletes the segments that `save` wrote for a snapshot that will not be used."""
    for old, new in zip(moment.segments, segments, strict=False):
        if new.file and new is not old:
            new.file[0].unlink(missing_ok=True)


def _indexed(folder: Path, moment: Moment, segments: list[Segment]) -> str:
    """Writes the index of segments that have files, and returns its name."""
    kept = [
        _SavedSegment(
            each.file[0].name, each.file[1], each.count, each.lowest, each.highest, np.packbits(alive).tobytes()
        )
        for each, alive in zip(segments, moment.alive, strict=True)
        if each.file
    ]
    sketcher = moment.sketcher
    index = msgspec.msgpack.encode(
        _Index(
            FORMAT, moment.revision, moment.history, sketcher.words, sketcher.mean.tobytes(),
            sketcher.directions.tobytes(), kept,
        )
    )  # fmt: skip
    name = f"{uuid.uuid4().hex}.index"
    _write(folder / name, [index, zlib.crc32(index).to_bytes(_CRC, "little")])
    _sync(folder)
    return name


def load(folder: Path, name: str, mapped: bool, threads: int) -> Moment:
    """Reads a snapshot; `mapped` maps the codes from their files.

    Raises:
        DamagedError: it is damaged or incomplete.
    """
    try:
        data = (folder / name).read_bytes()
        if zlib.crc32(data[:-_CRC]).to_bytes(_CRC, "little") != data[-_CRC:]:
            raise DamagedError(name)
        index = msgspec.msgpack.decode(data[:-_CRC], type=_Index)
        if index.format != FORMAT:
            raise DamagedError(name)
        mean = np.frombuffer(index.mean, np.float32)
        sketcher = Sketcher(mean, np.frombuffer(index.directions, np.float32).reshape(len(mean), -1))
        with ThreadPoolExecutor(threads) as pool:
            last = len(index.segments) - 1
            segments = list(
                pool.map(
                    lambda each: _read(folder, each[1], index.words, len(mean), mapped and each[0] < last),
                    enumerate(index.segments),
                )
            )
        alive = tuple(each.alive for each in segments)
        return Moment(index.revision, sketcher, tuple(segments), alive, index.history)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise DamagedError(f"{name}: {type(error).__name__}") from None


def mapped(segment: Segment) -> Segment:
    """Returns a segment with its codes mapped from its file."""
    if segment.file is None or isinstance(segment.codes, np.memmap):
        return segment
    return replace(segment, codes=_codes(segment.file[0], segment.count, segment.codes.shape[1]))


def prune(folder: Path, name: str | None) -> None:
    """Deletes every file of a folder that is not of the snapshot with this name; all of them for None."""
    kept = {name}
    if name is not None:
        index = msgspec.msgpack.decode((folder / name).read_bytes()[:-_CRC], type=_Index)
        kept |= {each.file for each in index.segments}
    for path in folder.iterdir() if folder.exists() else ():
        if path.name not in kept:
            with contextlib.suppress(OSError):
                path.unlink()


def drop_others(folder: Path, kept: Mapping[Path, str]) -> None:
    """Deletes all files that no valid snapshot needs, such as those of deleted collections.

    Args:
        folder: has a folder for each collection, and that one for each of its galleries.
        kept: the folders of galleries that have a valid snapshot, and its name.
    """
    collections = {path.parent for path in kept}
    for path in folder.iterdir() if folder.exists() else ():
        for inside in path.iterdir() if path in collections else (path,):
            if inside not in kept:
                shutil.rmtree(inside, ignore_errors=True)
                continue
            with contextlib.suppress(OSError, msgspec.MsgspecError):  # damage is found when it is read
                prune(inside, kept[inside])


def _written(folder: Path, segment: Segment) -> Segment:
    """Writes a segment to a new file: codes, keys, scales, then each plane of its sketches."""
    path = folder / f"{uuid.uuid4().hex}.segment"
    return replace(segment, file=(path, _write(path, _arrays(segment, segment.count))))


def _arrays(segment: Segment, count: int) -> list[memoryview]:
    parts = [segment.codes[:count], segment.keys[:count], segment.scales[:count]]
    parts += [plane[:count] for plane in segment.planes]
    return [memoryview(np.ascontiguousarray(part).data).cast("B") for part in parts]


def _privately(path: str, flags: int) -> int:
    """Opens a new file with its owner's permissions only, whatever the umask."""
    return os.open(path, flags, 0o600)


def _write(path: Path, parts: Iterable[memoryview | bytes]) -> int:
    """Writes a file, waits until it is on disk, and returns its CRC-32."""
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


def _read(folder: Path, kept: _SavedSegment, words: int, dimension: int, mapped: bool) -> Segment:
    """Reads a segment from its file and compares its checksum."""
    path = folder / kept.file
    segment = Segment.empty(words, dimension)
    if mapped:
        segment = replace(segment, codes=_codes(path, kept.count, dimension))
    crc = 0
    with path.open("rb", buffering=0) as file:
        for number, part in enumerate(_arrays(segment, kept.count)):
            if mapped and number == 0:
                crc = zlib.crc32(part, crc)
                file.seek(len(part))
                continue
            for start in range(0, len(part), _CHUNK):
                chunk = part[start : start + _CHUNK]
                if file.readinto(chunk) != len(chunk):
                    raise DamagedError(kept.file)
                crc = zlib.crc32(chunk, crc)
        if crc != kept.crc or file.read(1):
            raise DamagedError(kept.file)
    segment.release()
    alive = np.unpackbits(np.frombuffer(kept.alive, np.uint8), count=kept.count)
    segment.alive[: kept.count] = alive.view(np.bool_)
    return replace(segment, count=kept.count, lowest=kept.lowest, highest=kept.highest, file=(path, kept.crc))


def _codes(path: Path, count: int, dimension: int) -> NDArray[np.int8]:
    return np.memmap(path, np.int8, "r", shape=(count, dimension))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
