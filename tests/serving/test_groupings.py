"""Groups of unknown faces follow the store: faces, users, verdicts, and a store that was put back or taken away."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
import psutil
import pytest

from mien.errors import ResourceNotFoundError
from mien.operations.user_changes import combine
from mien.people.grouping import Grouping
from mien.serving import grouped_faces, groupings
from mien.serving.grouped_faces import Groups
from mien.serving.grouping_process import DistantGrouping, GroupingProcess
from mien.serving.groupings import Groupings, Progress
from mien.store.base import Collection, HistoryForkedError, NewFace, Origin, Region, StoredFace
from mien.store.open import Store, open_store
from mien.store.tables.judging import Named
from mien.store.tables.likeness import Matching
from tests.people.generated import CALIBRATION, DIMENSION, Vectors, drawn

ACCOUNT = "000000000000"
MATCHING = Matching(combine, lambda one, other: 100 * float(one @ other), -100)
SIZES = [1] * 20 + [2] * 20 + [7] * 10


class House:
    """A store in a folder, and a collection of generated people in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store("", str(folder))
        self.store.collections.create(ACCOUNT, "people", "contract", "7.1")
        self.owners: dict[int, int] = {}  # the person of each face, by its key
        self.images = 0

    @property
    def collection(self) -> Collection:
        found = self.store.collections.find(ACCOUNT, "people")
        assert found
        return found

    def add(self, vectors: Vectors, owners: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> list[StoredFace]:
        stored = []
        for vector, owner in zip(vectors, owners.tolist(), strict=True):
            self.images += 1
            origin = Origin(UUID(int=self.images), None)
            (face,) = self.store.faces.add(
                self.collection.key, origin, [NewFace(Region(0, 0, 0.5, 1), 99.0, np.asarray(vector))]
            )
            self.owners[face.key] = owner
            stored.append(face)
        return stored

    def name(self, user: str, faces: list[StoredFace]) -> None:
        self.store.users.create(self.collection.key, user, None)
        self.store.users.associate(self.collection.key, user, [face.face_id for face in faces], MATCHING, None)

    def inside(self) -> Groupings:
        return Groupings(self.store, lambda _: Grouping(DIMENSION, CALIBRATION))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    with closing(made.store.database):
        yield made


@pytest.fixture
def beside(house: House) -> Iterator[Callable[[], Groupings]]:
    """Groupings as a server has them: in a process, and worked on by a thread."""
    made: list[Groupings] = []

    def make() -> Groupings:
        process = GroupingProcess()
        there = Groupings(house.store, lambda number: DistantGrouping(process, number, DIMENSION, CALIBRATION), process)
        there.work.start()
        made.append(there)
        return there

    yield make
    for each in made:
        each.work.stop()
    assert not workers()


def workers() -> list[psutil.Process]:
    found = psutil.Process().children()
    return [each for each in found if "mien.people.process" in " ".join(each.cmdline())]


def current(of: Groupings, house: House, suggestions: bool = False) -> Groups:
    end = time.monotonic() + 60
    while True:
        groups, progress = of.of(house.collection, suggestions)
        if progress.is_current:
            assert groups
            return groups
        assert time.monotonic() < end, progress
        time.sleep(0.05)


def contents(groups: Groups) -> list[list[int]]:
    return [groups.faces(place).tolist() for place in range(len(groups.labels))]


def assert_by_person(groups: Groups, house: House) -> None:
    """Each group is of one person, and nearly all people are one group."""
    people = [{house.owners[face] for face in faces} for faces in contents(groups)]
    assert all(len(each) == 1 for each in people)
    assert len(people) <= len(set.union(*people)) + 1


def test_groups_are_of_the_unknown_the_largest_first(house: House) -> None:
    stored = house.add(*drawn(SIZES))
    groups, progress = house.inside().of(house.collection)
    assert progress == Progress(len(stored), len(stored), True)
    assert groups
    assert_by_person(groups, house)
    found = contents(groups)
    assert sorted(face for faces in found for face in faces) == [face.key for face in stored]
    assert [(-len(faces), faces[0]) for faces in found] == sorted((-len(faces), faces[0]) for faces in found)
    assert all(faces == sorted(faces) for faces in found)
    assert groups.labels.tolist() == [faces[0] for faces in found]
    assert all(groups.place(face) == place for place, faces in enumerate(found) for face in faces)
    assert groups.place(10**9) is None
    assert [groups.photographs(place) for place in range(3)] == [7, 7, 7]


def test_they_follow_what_is_added_deleted_named_and_unnamed(house: House) -> None:
    held = house.inside()
    vectors, owners = drawn(SIZES, spread=0.8)
    kept: list[StoredFace] = []
    for turn in range(4):
        part = slice(turn * len(vectors) // 4, (turn + 1) * len(vectors) // 4)
        kept += house.add(vectors[part], owners[part])
        going = kept[turn * 3 : turn * 3 + 2]
        house.store.faces.delete(house.collection.key, [face.face_id for face in going])
        house.name(f"user{turn}", kept[turn * 3 + 4 : turn * 3 + 9])
        if turn == 3:
            house.store.users.delete(house.collection.key, "user0", None)
        followed, _ = held.of(house.collection)
        fresh, _ = house.inside().of(house.collection)
        assert followed
        assert fresh
        assert contents(followed) == contents(fresh)


def test_a_process_beside_makes_the_same_groups(house: House, beside: Callable[[], Groupings]) -> None:
    house.add(*drawn(SIZES, seed=1, spread=0.8))
    one, other = beside(), beside()
    wanted, _ = house.inside().of(house.collection)
    assert wanted
    assert contents(current(one, house)) == contents(current(other, house)) == contents(wanted)
    assert {each.nice() for each in workers()} == {psutil.Process().nice() + 10}
    house.add(*drawn([3], seed=2))
    wanted, _ = house.inside().of(house.collection)
    assert wanted
    assert contents(current(one, house)) == contents(current(other, house)) == contents(wanted)


def test_a_request_does_not_wait_for_long(
    house: House, beside: Callable[[], Groupings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groupings, "PATIENCE", 0.0)
    monkeypatch.setattr(grouped_faces, "STEP", 10)
    stored = house.add(*drawn(SIZES))
    held, seen = beside(), set()
    while True:
        started = time.monotonic()
        groups, progress = held.of(house.collection)
        assert time.monotonic() - started < 0.5
        seen.add(progress.done)
        if progress.is_current:
            break
        assert groups is None
    assert max(seen) == len(stored)
    assert len(seen) > 3, "progress is shown"


def test_a_process_that_dies_is_started_again(
    house: House, beside: Callable[[], Groupings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groupings, "RETRY", 0.05)
    house.add(*drawn(SIZES))
    held = beside()
    before = contents(current(held, house))
    workers()[0].kill()
    house.add(*drawn([2], seed=3))
    assert len(contents(current(held, house))) == len(before) + 1


def test_what_is_not_looked_at_is_forgotten(
    house: House, beside: Callable[[], Groupings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groupings, "KEEP", 3.0)
    house.add(*drawn([3, 3]))
    held = beside()
    current(held, house)
    assert len(workers()) == 1
    end = time.monotonic() + 20
    while workers():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert len(contents(current(held, house))) == 2


def test_a_server_that_nobody_asks_has_no_such_process(house: House, beside: Callable[[], Groupings]) -> None:
    house.add(*drawn([3, 3]))
    beside()
    time.sleep(0.3)
    assert workers() == []


def test_stopping_does_not_wait_for_the_work(house: House, beside: Callable[[], Groupings]) -> None:
    house.add(*drawn(SIZES))
    held = beside()
    current(held, house)
    workers()[0].suspend()
    house.add(*drawn([1], seed=5))
    held.work.wake()
    held.of(house.collection)
    started = time.monotonic()
    held.work.stop()
    assert time.monotonic() - started < 2


def test_verdicts_change_the_groups(house: House) -> None:
    vectors, owners = drawn([5, 5, 5], seed=4)
    stored = house.add(vectors, owners)
    by_person = [[face for face in stored if house.owners[face.key] == person] for person in range(3)]
    held, judging, key = house.inside(), house.store.judging, house.collection.key
    ids = [[face.face_id for face in faces] for faces in by_person]
    judging.judge(key, "SAME", Named(None, ids[0][:1]), Named(None, ids[1][:1]))
    judging.judge(key, "DIFFERENT", Named(None, ids[2][:1]), Named(None, ids[2][1:]))
    groups, _ = held.of(house.collection)
    assert groups
    assert groups.sizes.tolist() == [10, 4, 1]
    judging.judge(key, None, Named(None, ids[0]), Named(None, ids[1]))
    groups, _ = held.of(house.collection)
    assert groups
    assert groups.sizes.tolist() == [5, 5, 4, 1]


def test_only_so_many_faces_are_grouped_the_oldest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped_faces, "MOST_FACES", 12)
    stored = house.add(*drawn([4] * 6, seed=6))
    held = house.inside()
    groups, progress = held.of(house.collection)
    assert groups
    assert progress == Progress(12, 12, True)
    assert sorted(face for faces in contents(groups) for face in faces) == [face.key for face in stored[:12]]
    house.store.faces.delete(house.collection.key, [face.face_id for face in stored[:5]])
    groups, _ = held.of(house.collection)
    assert groups
    assert sorted(face for faces in contents(groups) for face in faces) == [face.key for face in stored[5:17]]


def test_suggestions_come_when_they_are_asked_for(house: House) -> None:
    vectors, owners = drawn([8, 8, 8], seed=7)
    stored = house.add(vectors, owners)
    by_person = [[face for face in stored if house.owners[face.key] == person] for person in range(3)]
    house.name("anna", by_person[0][:4])
    house.name("also-anna", by_person[0][4:6])
    held = house.inside()
    groups, _ = held.of(house.collection)
    assert groups
    assert groups.suggested is None
    groups, _ = held.of(house.collection, suggestions=True)
    assert groups
    assert groups.suggested
    found = groups.suggested.found
    users = [house.store.users.find(house.collection.key, name) for name in ("anna", "also-anna")]
    keys = {each.key for each in users if each}
    assert {int(each) for each in groups.suggested.users} == keys
    assert set(found.groups.ones.tolist()) == {by_person[0][6].key}
    assert len(found.users.ones) == 1


def test_a_deleted_collection_has_no_groups(house: House) -> None:
    house.add(*drawn([3]))
    held, collection = house.inside(), house.collection
    held.of(collection)
    house.store.collections.delete(ACCOUNT, "people")
    with pytest.raises(ResourceNotFoundError):
        held.of(collection)


def test_a_damaged_face_is_left_out(house: House) -> None:
    stored = house.add(*drawn([5]))
    statement = "UPDATE embeddings SET vector = zeroblob(128) WHERE face = ?"
    house.store.database.write(lambda cursor: cursor.run(statement, stored[2].key))
    groups, progress = house.inside().of(house.collection)
    assert groups
    assert groups.sizes.tolist() == [4]
    assert (progress.done, progress.total, progress.is_current) == (4, 5, True)


def test_a_store_that_was_put_back_is_grouped_again(house: House) -> None:
    house.add(*drawn([4, 4], seed=8))
    earlier = house.folder / "earlier.db"
    with closing(sqlite3.connect(house.folder / "mien.db")) as source, closing(sqlite3.connect(earlier)) as target:
        source.backup(target)
    house.add(*drawn([6], seed=9))
    held = house.inside()
    groups, _ = held.of(house.collection)
    assert groups
    assert groups.sizes.tolist() == [6, 4, 4]
    house.store.database.close()
    for name in ("mien.db-wal", "mien.db-shm"):
        (house.folder / name).unlink(missing_ok=True)
    shutil.copy(earlier, house.folder / "mien.db")
    again = open_store("", str(house.folder))
    with closing(again.database):
        _follow(held, again)
        house.store = again
        house.add(*drawn([1] * 9, seed=10))  # the keys of the six are given out again
        for _ in range(3):
            try:
                groups, progress = held.of(house.collection)
                break
            except HistoryForkedError:
                continue
        assert groups
        assert progress.is_current
        assert groups.sizes.tolist() == [4, 4, *[1] * 9]


def _follow(held: Groupings, store: Store) -> None:
    """Makes groupings read another store, as a server does whose database was put back."""
    held._store = store
    for each in held._entries.values():
        each.store = store


def test_a_collection_without_unknown_faces_has_no_groups(house: House, beside: Callable[[], Groupings]) -> None:
    for held in (house.inside(), beside()):
        assert contents(current(held, house)) == []
    house.name("anna", house.add(*drawn([3])))
    for held in (house.inside(), beside()):
        assert contents(current(held, house, suggestions=True)) == []
