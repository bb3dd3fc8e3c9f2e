"""Galleries follow the store: from nothing, from a snapshot, from a bad snapshot, and after being let go of."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.errors import ResourceNotFoundError
from mien.gallery.segment_file import Placement
from mien.serving.current_gallery import GallerySettings
from mien.serving.galleries import Galleries
from mien.store.base import Changes, Collection, NewFace, Origin, Point, Region, StoredFace
from mien.store.open import open_store
from mien.store.tables.faces import Faces

ACCOUNT = "000000000000"
LENGTH = 32
MANY = 21_000  # more than are searched exactly
EACH = 100  # faces of an image


class House:
    """A store in a folder, a collection of many faces in it, and what those are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store("", str(folder))
        self.store.collections.create(ACCOUNT, "crowd", "contract", "7.1")
        self.vectors: dict[UUID, NDArray[np.float32]] = {}
        self.images = 0

    @property
    def collection(self) -> Collection:
        found = self.store.collections.find(ACCOUNT, "crowd")
        assert found
        return found

    def open(self, mapped: bool = False, memory: int = 0, shared: bool = False, local: bool = False) -> Galleries:
        placement = Placement(paged=mapped, shared=shared)
        return Galleries(self.store, GallerySettings(LENGTH, 2, memory, self.folder / "snapshots", placement, local))

    def add(self, count: int) -> list[StoredFace]:
        added: list[StoredFace] = []
        for _ in range(0, count, EACH):
            self.images += 1
            drawn = np.random.default_rng(self.images).normal(size=(EACH, LENGTH)).astype(np.float32)
            drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
            faces = [NewFace(Region(n / EACH, 0, 0.5 / EACH, 1), 99.0, vector) for n, vector in enumerate(drawn)]
            kept = self.store.faces.add(self.collection.key, Origin(UUID(int=self.images), None), faces)
            self.vectors |= {face.face_id: vector for face, vector in zip(kept, drawn, strict=True)}
            added += kept
        return added

    def delete(self, faces: list[StoredFace]) -> None:
        self.store.faces.delete(self.collection.key, [face.face_id for face in faces])

    def finds(self, galleries: Galleries, face: StoredFace) -> bool:
        """Whether a face is the nearest to itself."""
        hits = galleries.faces(self.collection).search(self.vectors[face.face_id], 1, 0.999)
        return bool(hits.keys.tolist() == [face.key])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, House, list[StoredFace]]:
    """A folder to copy: a store of many faces and a snapshot of them."""
    folder = tmp_path_factory.mktemp("filled")
    house = House(folder)
    faces = house.add(MANY)
    galleries = house.open()
    galleries.faces(house.collection)
    galleries.write_snapshots(ending=True)
    house.store.database.close()
    assert [*(folder / "snapshots").rglob("*.index")]
    return folder, house, faces


@pytest.fixture
def house(filled: tuple[Path, House, list[StoredFace]], tmp_path: Path) -> Iterator[tuple[House, list[StoredFace]]]:
    folder, old, faces = filled
    shutil.copytree(folder, tmp_path / "copy")
    house = House.__new__(House)
    house.folder, house.vectors, house.images = tmp_path / "copy", dict(old.vectors), old.images
    house.store = open_store("", str(house.folder))
    yield house, faces
    house.store.database.close()


@pytest.mark.parametrize("mapped", [False, True])
def test_a_snapshot_is_read_at_the_start_and_followed_from_there(
    house: tuple[House, list[StoredFace]], mapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, faces = house
    new = home.add(EACH)
    home.delete(faces[:5])
    known: list[int] = []
    follow = home.store.faces.changes

    def listened(_: Faces, collection: int, revision: int, limit: int, began: int, seen: Point | None) -> Changes:
        known.append(revision)
        return follow(collection, revision, limit, began, seen)

    monkeypatch.setattr(Faces, "changes", listened)
    galleries = home.open(mapped)
    galleries.resume()
    assert galleries.memory() > 0
    assert known, "the changes since the snapshot are read"
    assert min(known) > 0, "and none before"
    assert all(home.finds(galleries, face) for face in [*faces[5:25], *new])
    assert not any(home.finds(galleries, face) for face in faces[:5])
    assert len(galleries.faces(home.collection)) == MANY + EACH - 5


def test_a_damaged_snapshot_is_made_anew_from_the_store(house: tuple[House, list[StoredFace]]) -> None:
    home, faces = house
    (segment,) = (home.folder / "snapshots").rglob("*.segment")
    whole = bytearray(segment.read_bytes())
    whole[len(whole) // 2] ^= 4
    segment.write_bytes(whole)
    galleries = home.open()
    assert all(home.finds(galleries, face) for face in faces[::500])
    assert len(galleries.faces(home.collection)) == MANY
    assert not segment.exists()


def test_a_database_put_back_from_a_copy_does_not_take_a_later_snapshot(
    house: tuple[House, list[StoredFace]], tmp_path: Path
) -> None:
    home, faces = house
    database = home.folder / "mien.db"
    home.store.database.close()
    shutil.copy(database, tmp_path / "backup")
    home.store = open_store("", str(home.folder))
    lost = home.add(2000)
    galleries = home.open()
    galleries.faces(home.collection)
    galleries.write_snapshots(ending=True)
    home.store.database.close()
    for path in home.folder.glob("mien.db*"):
        path.unlink()
    shutil.copy(tmp_path / "backup", database)
    home.store = open_store("", str(home.folder))
    other = home.add(3000)
    galleries = home.open()
    galleries.resume()
    assert len(galleries.faces(home.collection)) == MANY + 3000
    assert all(home.finds(galleries, face) for face in [*faces[::1000], *other[::100]])
    assert not any(home.finds(galleries, face) for face in lost[::100])


def test_a_snapshot_of_another_history_is_not_taken_even_where_it_is_named(
    house: tuple[House, list[StoredFace]], tmp_path: Path
) -> None:
    """As when the folder of snapshots is put back too, from another time than the database."""
    home, faces = house
    with closing(sqlite3.connect(home.folder / "mien.db")) as now, closing(sqlite3.connect(tmp_path / "kept")) as copy:
        now.backup(copy)
        lost = home.add(2000)
        galleries = home.open()
        galleries.faces(home.collection)
        galleries.write_snapshots(ending=True)
        (name,) = home.store.snapshots.all().values()
        copy.backup(now)
    other = home.add(3000)
    home.store.snapshots.keep(home.collection.key, "faces", name)
    galleries = home.open()
    galleries.resume()
    assert len(galleries.faces(home.collection)) == MANY + 3000
    assert all(home.finds(galleries, face) for face in [*faces[::1000], *other[::100]])
    assert not any(home.finds(galleries, face) for face in lost[::100])
    assert galleries.forked == 1


def test_galleries_give_way_to_the_one_that_is_searched(house: tuple[House, list[StoredFace]]) -> None:
    home, faces = house
    home.store.collections.create(ACCOUNT, "other", "contract", "7.1")
    other = home.store.collections.find(ACCOUNT, "other")
    assert other
    galleries = home.open(memory=10_000_000)
    for _ in range(2):
        assert home.finds(galleries, faces[7])
        one = galleries.memory()
        galleries.faces(other)
        assert galleries.memory() < min(one, 10_000_000)


def test_who_has_lost_the_thread_begins_anew(house: tuple[House, list[StoredFace]]) -> None:
    """The record of what went is trimmed beyond the snapshot."""
    home, faces = house
    home.delete(faces[:5])
    key = home.collection.key
    home.store.database.write(lambda cursor: cursor.run("DELETE FROM removals WHERE collection = ?", key))
    home.store.database.write(lambda cursor: cursor.run("UPDATE collections SET floor = revision WHERE id = ?", key))
    galleries = home.open()
    galleries.resume()
    assert not any(home.finds(galleries, face) for face in faces[:5])
    assert len(galleries.faces(home.collection)) == MANY - 5


def test_a_deleted_collection_leaves_no_snapshot(house: tuple[House, list[StoredFace]]) -> None:
    home, _ = house
    galleries = home.open()
    collection = home.collection
    galleries.resume()
    home.store.collections.delete(ACCOUNT, "crowd")
    with pytest.raises(ResourceNotFoundError):
        galleries.faces(collection)
    assert not [*(home.folder / "snapshots").iterdir()]
    assert galleries.memory() == 0


def test_files_that_no_snapshot_names_are_dropped_at_the_start(house: tuple[House, list[StoredFace]]) -> None:
    home, faces = house
    stray = home.folder / "snapshots" / "77" / "faces" / "x.segment"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"left behind by a crash")
    near = home.folder / "snapshots" / str(home.collection.key) / "faces" / "y.segment"
    near.write_bytes(b"left behind by a crash")
    galleries = home.open()
    galleries.resume()
    assert not stray.exists()
    assert not near.exists()
    assert home.finds(galleries, faces[3])
