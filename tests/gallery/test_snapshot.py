"""A snapshot is read back as it was written, or not at all."""

import resource
from pathlib import Path

import numpy as np
import pytest

from mien.gallery import segment, snapshot
from mien.gallery.segment_file import IN_MEMORY, DamagedError, Placement
from mien.gallery.sketch import Sketcher
from mien.gallery.sketched import SketchedGallery
from mien.gallery.snapshot import Moment
from tests.gallery.galleries import SCANNERS, Beside

LENGTH = 32
COUNT = 3000
PLACEMENTS = [IN_MEMORY, Placement(paged=True), Placement(shared=True), Placement(paged=True, shared=True)]


def units(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    vectors = np.random.default_rng(seed).normal(size=(count, LENGTH))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Beside, Path, str]:
    """A gallery of three segments with holes, and its snapshot."""
    for module in ("sketched", "snapshot", "segment"):
        monkeypatch.setattr(f"mien.gallery.{module}.ROWS", 1280)
    around = Sketcher.around(np.zeros(LENGTH, np.float32))
    beside = Beside(lambda originals: SketchedGallery(around, originals, SCANNERS.pool, SCANNERS.threads))
    beside.add(np.arange(COUNT, dtype=np.int64), units(COUNT, 1))
    beside.remove(np.arange(0, COUNT, 7, dtype=np.int64))
    assert isinstance(beside.gallery, SketchedGallery)
    name, segments = snapshot.save(tmp_path, Moment.of(beside.gallery, 42))
    for old, new in zip(beside.gallery.segments(), segments, strict=True):
        beside.gallery.replace(old, new)
    return beside, tmp_path, name


def resumed(beside: Beside, moment: Moment) -> SketchedGallery:
    return SketchedGallery(moment.sketcher, beside.originals, SCANNERS.pool, SCANNERS.threads, moment.segments)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_what_is_read_finds_what_was_written_and_goes_on(kept: tuple[Beside, Path, str], placement: Placement) -> None:
    beside, folder, name = kept
    moment = snapshot.load(folder, name, placement, 2)
    assert moment.revision == 42
    gallery = resumed(beside, moment)
    assert len(gallery) == len(beside)
    assert (gallery.memory() < beside.memory()) == (placement != IN_MEMORY)
    for probe in units(20, 2):
        assert gallery.search(probe, 50, 0.1).keys.tolist() == beside.search(probe, 50, 0.1).keys.tolist()
    keys, more = np.arange(COUNT, 2 * COUNT, dtype=np.int64), units(COUNT, 3)
    beside.add(keys, more)
    gallery.add(keys, more)
    gallery.remove(np.array([1, 2 * COUNT - 1], np.int64))
    found = gallery.search(more[5], 1, 0.9).keys.tolist()
    assert found == [COUNT + 5]
    assert len(gallery) == len(beside) - 2


def test_a_segment_is_written_once(kept: tuple[Beside, Path, str]) -> None:
    beside, folder, _ = kept
    assert isinstance(beside.gallery, SketchedGallery)
    before = {path.name for path in folder.glob("*.segment")}
    beside.add(np.array([COUNT + 1], np.int64), units(1, 9))
    name, _ = snapshot.save(folder, Moment.of(beside.gallery, 43))
    assert len({path.name for path in folder.glob("*.segment")} - before) == 1, "only the one that is being filled"
    snapshot.prune(folder, name)
    assert len([*folder.iterdir()]) == 4
    assert snapshot.load(folder, name, IN_MEMORY, 1).revision == 43


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", ["flip", "cut", "grow", "gone", "empty"])
def test_a_damaged_snapshot_is_never_read(kept: tuple[Beside, Path, str], placement: Placement, kind: str) -> None:
    _, folder, name = kept
    random = np.random.default_rng(5)
    for path in [folder / name, *folder.glob("*.segment")]:
        whole = path.read_bytes()
        for _ in range(1 if kind in {"gone", "empty"} else 12):
            place = int(random.integers(len(whole)))
            if kind == "flip":
                path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << random.integers(8))]) + whole[place + 1 :])
            elif kind == "grow":
                path.write_bytes(whole + b"\0" * (1 + place))
            elif kind == "gone":
                path.unlink()
            else:
                path.write_bytes(whole[: place if kind == "cut" else 0])
            with pytest.raises(DamagedError):
                snapshot.load(folder, name, placement, 2)
        path.write_bytes(whole)
    assert snapshot.load(folder, name, placement, 2).revision == 42


def test_a_snapshot_that_cannot_be_written_leaves_nothing_half_done(kept: tuple[Beside, Path, str]) -> None:
    beside, folder, name = kept
    assert isinstance(beside.gallery, SketchedGallery)
    before = {path.name for path in folder.iterdir()}
    beside.add(np.array([COUNT + 1], np.int64), units(1, 9))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            snapshot.save(folder, Moment.of(beside.gallery, 43))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert snapshot.load(folder, name, IN_MEMORY, 1).revision == 42
    assert {path.name for path in folder.iterdir()} == before


def test_segments_with_many_holes_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sketched", "snapshot", "segment"):
        monkeypatch.setattr(f"mien.gallery.{module}.ROWS", 256)
    around = Sketcher.around(np.zeros(LENGTH, np.float32))
    beside = Beside(lambda originals: SketchedGallery(around, originals, SCANNERS.pool, SCANNERS.threads))
    vectors = units(20_000, 4)
    for start in range(0, 20_000, 1000):  # faces come and go: never more than 1,500 at a time
        beside.add(np.arange(start, start + 1000, dtype=np.int64), vectors[start : start + 1000])
        beside.remove(np.arange(max(0, start - 500), start + 500, dtype=np.int64))
    assert len(beside) == 500
    assert beside.memory() <= 2 * 1500 * (LENGTH + 32 + 8 + 4 + 1) + 40_000
    assert beside.search(vectors[19_900], 1, 0.9).keys.tolist() == [19_900]
    assert segment.ROWS == 256


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_gallery_that_lost_all_it_held_is_kept_too(kept: tuple[Beside, Path, str], placement: Placement) -> None:
    beside, folder, _ = kept
    assert isinstance(beside.gallery, SketchedGallery)
    beside.remove(np.arange(COUNT, dtype=np.int64))
    name, _ = snapshot.save(folder, Moment.of(beside.gallery, 43))
    gallery = resumed(beside, snapshot.load(folder, name, placement, 2))
    assert len(gallery) == 0
    for each in (beside, gallery):
        each.add(np.array([COUNT + 1], np.int64), units(1, 9))
    assert gallery.search(units(1, 9)[0], 1, 0.9).keys.tolist() == [COUNT + 1]
