"""The folder of snapshots: names, locks, and what a kill has left in it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mien.gallery import snapshot
from mien.gallery.segment_file import IN_MEMORY, Placement
from mien.gallery.sketch import Sketcher
from mien.gallery.sketched import SketchedGallery
from mien.gallery.snapshot import Moment
from mien.serving.snapshot_folder import SnapshotFolder
from mien.serving.snapshot_names import LocalNames
from tests.gallery.galleries import SCANNERS, Beside

LENGTH = 32
PLACEMENTS = [IN_MEMORY, Placement(shared=True)]
Make = Callable[[Placement], SnapshotFolder]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda placement: SnapshotFolder(tmp_path, LocalNames(tmp_path), placement, 2)


def moment(revision: int, count: int = 300) -> Moment:
    around = Sketcher.around(np.zeros(LENGTH, np.float32))
    beside = Beside(lambda originals: SketchedGallery(around, originals, SCANNERS.pool, SCANNERS.threads))
    vectors = np.random.default_rng(1).normal(size=(count, LENGTH)).astype(np.float32)
    beside.add(np.arange(count, dtype=np.int64), vectors)
    assert isinstance(beside.gallery, SketchedGallery)
    return Moment.of(beside.gallery, revision)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_newest_snapshot_is_the_one_written_last(make: Make, placement: Placement, tmp_path: Path) -> None:
    folder = make(placement)
    assert folder.newest(5, "faces") == (None, None)
    folder.write(5, "faces", moment(7))
    written = folder.write(5, "faces", moment(8))
    assert written
    assert folder.names.all() == {(5, "faces"): written[0]}
    name, read = make(placement).newest(5, "faces")
    assert name == written[0]
    assert read
    assert read.revision == 8
    assert make(placement).newest(5, "faces", name) == (name, None)
    assert make(placement).newest(5, "users") == (None, None)
    assert len([*tmp_path.rglob("*.segment")]) == 1, "the files of the one before are gone"


def test_only_one_process_at_a_time_writes(make: Make) -> None:
    one, two = make(Placement(shared=True)), make(Placement(shared=True))
    with one.alone(5, "faces") as first, two.alone(5, "faces") as second, two.alone(5, "users") as other:
        assert (first, second, other) == (True, False, True)
    with two.alone(5, "faces") as later:
        assert later


def test_a_snapshot_replaced_while_it_is_read_is_not_damage(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = make(Placement(shared=True)), make(Placement(shared=True))
    writer.write(5, "faces", moment(7))
    load = snapshot.load

    def late(*arguments: object) -> Moment:
        monkeypatch.setattr(snapshot, "load", load)
        writer.write(5, "faces", moment(8))
        return load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshot, "load", late)
    _, read = reader.newest(5, "faces")
    assert read
    assert read.revision == 8
    assert not caplog.records


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_mapped_snapshot_stays_whole_when_its_files_are_deleted(make: Make, placement: Placement) -> None:
    folder = make(placement)
    folder.write(5, "faces", moment(7))
    _, read = folder.newest(5, "faces")
    folder.discard(5)
    assert read
    assert read.segments[0].keys[:300].tolist() == [*range(300)]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_what_a_kill_has_left_is_deleted(make: Make, placement: Placement, tmp_path: Path) -> None:
    folder = make(placement)
    for collection in (1, 4):
        folder.write(collection, "faces", moment(7))
    good = sorted(path for path in (tmp_path / "1").rglob("*"))
    others = [
        "1/faces/cut-short.segment",
        "1/users/x.segment",
        "2/faces/x.segment",
        "3-faces.name",
        "9-users.lock",
        "x",
    ]
    for other in [*others, "3/faces/bad.index"]:
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).write_bytes(b"half of i")
    folder.tidy(lambda collection: collection == 1)
    assert sorted(path for path in (tmp_path / "1").rglob("*")) == good
    there = {path.name for path in tmp_path.iterdir() if path.suffix != ".lock"}
    assert there == {"1", "1-faces.name"}
    _, read = folder.newest(1, "faces")
    assert read


def test_what_another_process_is_writing_is_not_deleted(make: Make, tmp_path: Path) -> None:
    one, two = make(Placement(shared=True)), make(Placement(shared=True))
    with one.alone(1, "faces"):
        (tmp_path / "1" / "faces").mkdir(parents=True)
        (tmp_path / "1" / "faces" / "new.segment").write_bytes(b"not named yet")
        two.tidy(lambda _: True)
        assert (tmp_path / "1" / "faces" / "new.segment").exists()
    two.tidy(lambda _: True)
    assert not (tmp_path / "1" / "faces").exists()
