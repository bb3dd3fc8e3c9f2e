"""Saves a sketched gallery to disk, so that a process need not build it again from the store.

A folder has a file for each segment and an index that names them. Files are written beside the old ones under new names
and reach the disk before `save` returns the name of the new index. The caller stores that name, which makes the
snapshot valid, and `prune` deletes the others. A checksum over every byte detects damage.
"""

import contextlib
import os
import uuid
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.gallery import segment_file
from mien.gallery.segment import ROWS, Segment, joined
from mien.gallery.segment_file import IN_MEMORY, DamagedError, Placement, Saved
from mien.gallery.sketch import Sketcher

if TYPE_CHECKING:
    from mien.gallery.sketched import SketchedGallery

FORMAT = 2
_CRC = 4


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

    def joined(self) -> "Moment":
        """Returns this state with segments that have no file joined to their neighbours, as far as they fit.

        A segment that is mapped has no more room, so without this each snapshot would add a small one.
        """
        kept: list[Segment] = []
        for segment, alive in zip(self.segments, self.alive, strict=True):
            now = replace(segment, alive=alive)
            if kept and not (now.file and kept[-1].file) and kept[-1].living + now.living <= ROWS:
                kept[-1] = joined(kept[-1], now)
            else:
                kept.append(now)
        return replace(self, segments=tuple(kept), alive=tuple(each.alive[: each.count] for each in kept))


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
            segments.append(each if each.file else segment_file.write_segment(folder, each))
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
    segment_file.write(folder / name, [index, zlib.crc32(index).to_bytes(_CRC, "little")])
    _sync(folder)
    return name


def load(folder: Path, name: str, placement: Placement, threads: int, held: Sequence[Segment] = ()) -> Moment:
    """Reads a snapshot.

    Args:
        folder: the folder of the gallery's snapshots.
        name: the name of the index.
        placement: where the segments lie; the last is shared, or else in memory, where it can be filled.
        threads: that read.
        held: segments of an earlier snapshot, whose arrays are taken where a file is the same.

    Raises:
        DamagedError: it is damaged or incomplete.
    """
    try:
        index = _read_index(folder, name)
        mean = np.frombuffer(index.mean, np.float32)
        sketcher = Sketcher(mean, np.frombuffer(index.directions, np.float32).reshape(len(mean), -1))
        known = {each.file: each for each in held if each.file}
        last = index.segments[-1:] if not placement.shared else []

        def read(kept: _SavedSegment) -> Segment:
            alive = np.unpackbits(np.frombuffer(kept.alive, np.uint8), count=kept.count).view(np.bool_)
            saved = Saved(folder / kept.file, kept.crc, kept.count, kept.lowest, kept.highest, alive)
            if (same := known.get((saved.path, saved.crc))) and same.count == saved.count:
                return replace(same, alive=alive)
            return segment_file.read_segment(saved, index.words, len(mean), IN_MEMORY if kept in last else placement)

        with ThreadPoolExecutor(threads) as pool:
            segments = tuple(pool.map(read, index.segments))
        return Moment(index.revision, sketcher, segments, tuple(each.alive for each in segments), index.history)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise DamagedError(f"{name}: {type(error).__name__}") from None


def _read_index(folder: Path, name: str) -> _Index:
    """Reads an index and compares its checksum.

    Raises:
        DamagedError, OSError, MsgspecError: it is missing, damaged or old.
    """
    data = (folder / name).read_bytes()
    if zlib.crc32(data[:-_CRC]).to_bytes(_CRC, "little") != data[-_CRC:]:
        raise DamagedError(name)
    index = msgspec.msgpack.decode(data[:-_CRC], type=_Index)
    if index.format != FORMAT:
        raise DamagedError(name)
    return index


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


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
