"""A follower of another history is told so, whichever way the database was put back; one that is only behind is not."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mien.store import open as stores
from mien.store.base import CollectionGoneError, HistoryForkedError, HistoryGoneError, Point
from mien.store.open import Store
from mien.store.upkeep.compact import trim
from mien.store.upkeep.sweep import sweep_all
from tests.congruence import faces


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = stores.open_store("", str(tmp_path))
    with closing(opened.database):
        yield opened


@pytest.fixture
def put_back(store: Store, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Copies the store now; what it gives puts the copy back into the same file, online, as `.restore` does."""
    with closing(sqlite3.connect(tmp_path / stores.FILE)) as now, closing(sqlite3.connect(tmp_path / "copy")) as copy:
        now.backup(copy)

        def back() -> None:
            copy.backup(now)

        yield back


def point(store: Store, key: int) -> Point:
    found = store.faces.point(key)
    assert found is not None
    return found


def test_every_revision_has_an_id_of_its_own_and_is_known_by_it(store: Store) -> None:
    key = faces.make(store)
    seen = [point(store, key)]
    for number in range(5):
        faces.add(store, key, number, [faces.face()])
        seen.append(point(store, key))
    store.users.create(key, "ann", None)
    seen.append(point(store, key))
    assert [each.revision for each in seen] == list(range(7))
    assert len({each.history for each in seen}) == 7
    for each in seen:
        assert store.faces.point(key, each) == seen[-1]
        assert store.faces.changes(key, each.revision, 100, each.revision, each).seen == seen[-1]


def forked(store: Store, key: int, seen: Point) -> None:
    """Nothing is read for a follower that has seen this point."""
    with pytest.raises(HistoryForkedError):
        store.faces.point(key, seen)
    for table in (store.faces, store.users):
        with pytest.raises(HistoryForkedError):
            table.changes(key, seen.revision, 100, 0, seen)
        with pytest.raises(HistoryForkedError):  # on its way from nothing too
            table.changes(key, 0, 100, seen.revision, seen)
    held = [each.key for each in faces.everyone(store, key)]
    with pytest.raises(HistoryForkedError):
        store.faces.by_keys(key, held, seen)
    with pytest.raises(HistoryForkedError):
        store.faces.by_keys(key, [10_000], seen)


@pytest.mark.parametrize("others", [0, 1, 2, 5])
def test_whoever_saw_what_was_lost_is_told_however_far_the_new_history_is(tmp_path: Path, others: int) -> None:
    with closing((store := stores.open_store("", str(tmp_path))).database):
        key = faces.make(store)
        faces.add(store, key, 1, [faces.face()])
        shared = point(store, key)
        with (
            closing(sqlite3.connect(tmp_path / "copy")) as copy,
            closing(sqlite3.connect(tmp_path / stores.FILE)) as now,
        ):
            now.backup(copy)
            faces.add(store, key, 2, [faces.face(1)])
            faces.add(store, key, 3, [faces.face(2)])
            lost = point(store, key)
            copy.backup(now)
        for number in range(others):
            faces.add(store, key, 10 + number, [faces.face(3)])
        forked(store, key, lost)
        assert store.faces.point(key, shared) == point(store, key)
        assert len(store.faces.by_keys(key, [each.key for each in faces.everyone(store, key)], shared)) == 1 + others


def test_a_point_read_halfway_counts_with_all_that_was_gone_by_then(store: Store) -> None:
    """A gallery that took in a part, as of a later point, lacks what went before that point."""
    key = faces.make(store)
    kept = [faces.add(store, key, number, [faces.face()])[0] for number in range(6)]
    began = point(store, key)
    store.faces.delete(key, [kept[0].face_id])
    first = store.faces.changes(key, 0, 2, began.revision, began)
    assert kept[0].key not in first.added.tolist()
    assert first.seen == point(store, key)
    assert first.revision < first.seen.revision


def test_no_collection_gets_the_key_of_one_that_is_lost(store: Store, put_back: Callable[[], None]) -> None:
    """What was looked up before a put-back and is written after it must not land in another collection."""
    lost = faces.make(store, "lost")
    faces.add(store, lost, 1, [faces.face()])
    seen = point(store, lost)
    put_back()
    new = faces.make(store, "new")
    assert new != lost
    with pytest.raises(CollectionGoneError):
        faces.add(store, lost, 1, [faces.face()])
    assert store.faces.point(lost, seen) is None


def test_a_deleted_collection_leaves_no_history(store: Store) -> None:
    faces.make(store)
    assert faces.count(store, "histories") == 1
    store.collections.delete(faces.ACCOUNT, "people")
    sweep_all(store.database)
    assert faces.count(store, "histories") == 0


def test_trimming_ends_a_history_and_forks_none(store: Store) -> None:
    key = faces.make(store)
    (kept,) = faces.add(store, key, 1, [faces.face()])
    early = point(store, key)
    store.faces.delete(key, [kept.face_id])
    now = point(store, key)
    store.database.write(trim)
    with pytest.raises(HistoryGoneError):
        store.faces.changes(key, early.revision, 100, 0, early)
    assert store.faces.point(key, now) == now
    faces.add(store, key, 2, [faces.face()])
    assert len(store.faces.changes(key, now.revision, 100, 0, now).added) == 1
    assert faces.count(store, "histories") == 2
