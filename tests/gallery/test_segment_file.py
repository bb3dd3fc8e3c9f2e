"""The file of a segment: where its arrays lie, and that mapped ones are what was written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.gallery.segment import Segment
from mien.gallery.segment_file import IN_MEMORY, DamagedError, Placement, Saved, read_segment, write_segment
from mien.gallery.sketch import Sketcher, encode
from mien.gallery.sketched import SketchedGallery
from tests.gallery.galleries import SCANNERS

WORDS = 4
PLACEMENTS = [IN_MEMORY, Placement(paged=True), Placement(shared=True), Placement(paged=True, shared=True)]


def written(folder: Path, dimension: int, count: int) -> tuple[Segment, Saved, np.ndarray[tuple[int, ...], np.dtype]]:
    vectors = np.random.default_rng(dimension).normal(size=(count, dimension)).astype(np.float32)
    sketcher = Sketcher.around(np.zeros(dimension, np.float32))
    codes, scales = encode(vectors)
    segment = Segment.empty(sketcher.words, dimension).filled(
        np.arange(count, dtype=np.int64), sketcher.sketch(vectors), codes, scales
    )
    segment = write_segment(folder, segment)
    assert segment.file
    return segment, Saved(*segment.file, count, 0, count - 1, np.ones(count, np.bool_)), vectors


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize(("dimension", "count"), [(32, 1000), (384, 77), (33, 999), (130, 1)])  # also off their places
def test_what_is_read_is_what_was_written(tmp_path: Path, dimension: int, count: int, placement: Placement) -> None:
    segment, saved, vectors = written(tmp_path, dimension, count)
    read = read_segment(saved, WORDS, dimension, placement)
    for name in ("keys", "scales", "codes", "alive"):
        np.testing.assert_array_equal(getattr(read, name)[:count], getattr(segment, name)[:count])
    np.testing.assert_array_equal(read.planes[:, :count], segment.planes[:, :count])
    assert read.alive.flags.writeable
    assert (read.room == 0) == (placement != IN_MEMORY)
    around = Sketcher.around(np.zeros(dimension, np.float32))
    held = dict(enumerate(vectors))
    gallery = SketchedGallery(
        around, lambda keys: (keys, np.stack([held[key] for key in keys.tolist()])), SCANNERS.pool, 1, [read]
    )
    assert gallery.search(vectors[count // 2], 1, -1).keys.tolist() == [count // 2]


def test_shared_arrays_lie_in_the_file(tmp_path: Path) -> None:
    _, saved, _ = written(tmp_path, 32, 1000)
    one, two = (read_segment(saved, WORDS, 32, Placement(shared=True)) for _ in range(2))
    for name in ("keys", "planes", "codes", "scales"):
        array = getattr(one, name)
        assert not array.flags.owndata
        assert not array.flags.writeable
    one.alive[3] = False
    assert two.alive[3], "what is alive is each process's own"


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("size", [0, 1, -1])
def test_a_file_of_another_size_is_never_mapped(tmp_path: Path, placement: Placement, size: int) -> None:
    """A mapping beyond the end of a file would end the process at a touch."""
    _, saved, _ = written(tmp_path, 32, 1000)
    whole = saved.path.read_bytes()
    saved.path.write_bytes(whole[:0] if not size else whole + b"\0" if size > 0 else whole[:-1])
    with pytest.raises(DamagedError):
        read_segment(saved, WORDS, 32, placement)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_another_checksum_is_damage(tmp_path: Path, placement: Placement) -> None:
    _, saved, _ = written(tmp_path, 32, 1000)
    with pytest.raises(DamagedError):
        read_segment(replace(saved, crc=saved.crc ^ 1), WORDS, 32, placement)
