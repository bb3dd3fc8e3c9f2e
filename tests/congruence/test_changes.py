"""Whoever follows a collection's changes holds what the collection holds, however small the steps."""

import threading
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.store.open import Store
from tests.congruence import faces


class Follower:
    """A gallery's part: what it holds, and up to which revision."""

    def __init__(self) -> None:
        self.held: dict[int, NDArray[np.float32]] = {}
        self.revision = 0
        self.began = 0

    def follow(self, store: Store, key: int, limit: int) -> None:
        """Take in changes until the revision the collection is at now is reached."""
        wanted = store.faces.revision(key)
        assert wanted is not None
        if self.revision == 0:
            self.began = wanted
        while self.revision < wanted:
            changes = store.faces.changes(key, self.revision, limit, self.began)
            assert changes.revision > self.revision, "no headway"
            assert changes.embeddings.dtype == np.float32
            for added, vector in zip(changes.added.tolist(), changes.embeddings, strict=True):
                self.held[added] = vector
            for removed in changes.removed.tolist():
                self.held.pop(removed, None)
            self.revision = changes.revision


def assert_same(follower: Follower, store: Store, key: int) -> None:
    stored = {each.key for each in faces.everyone(store, key)}
    assert set(follower.held) == stored
    for face, vector in follower.held.items():
        np.testing.assert_array_equal(vector, store.faces.embedding(face))


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_a_follower_holds_what_the_collection_holds_in_steps_of_any_size(store: Store, limit: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    key, other = faces.make(store), faces.make(store, "other")
    often, late = Follower(), Follower()
    present: list[UUID] = []
    for number in range(30):
        if present and random.random() < 0.4:
            going = [present.pop(int(random.integers(len(present)))) for _ in range(min(3, len(present)))]
            store.faces.delete(key, going)
        else:
            new = [faces.face(place, 100 * number + place) for place in range(int(random.integers(0, 5)))]
            present += [each.face_id for each in faces.add(store, key, number, new)]
            faces.add(store, other, number, new)  # another collection's changes are not this one's
        if random.random() < 0.3:
            often.follow(store, key, limit)
            assert_same(often, store, key)
    for follower in (often, late):
        follower.follow(store, key, limit)
        assert_same(follower, store, key)


def test_every_change_raises_the_revision_and_no_reading_does(store: Store) -> None:
    key = faces.make(store)
    revisions = [store.faces.revision(key)]
    (kept,) = faces.add(store, key, 1, [faces.face()])
    revisions.append(store.faces.revision(key))
    store.faces.delete(key, [kept.face_id])
    revisions.append(store.faces.revision(key))
    assert None not in revisions
    assert len(set(revisions)) == 3
    assert revisions == sorted(revisions, key=lambda each: each or 0)
    faces.everyone(store, key)
    store.faces.changes(key, 0, 10)
    assert store.faces.revision(key) == revisions[-1]


def test_nothing_changes_after_the_current_revision(store: Store) -> None:
    key = faces.make(store)
    faces.add(store, key, 1, [faces.face(0), faces.face(1)])
    now = store.faces.revision(key)
    assert now is not None
    changes = store.faces.changes(key, now, 10)
    assert (changes.revision, len(changes.added), len(changes.removed)) == (now, 0, 0)


def test_a_follower_beside_writers_ends_up_right(store: Store) -> None:
    key, follower, done = faces.make(store), Follower(), threading.Event()
    failures: list[BaseException] = []

    def write(first: int) -> None:
        try:
            for number in range(first, first + 30):
                kept = faces.add(store, key, number, [faces.face(place, number + place) for place in range(3)])
                store.faces.delete(key, [kept[number % 3].face_id])
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            failures.append(error)

    def follow() -> None:
        try:
            while not done.is_set():
                follower.follow(store, key, 4)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 1000)]
    reader = threading.Thread(target=follow)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert not failures, failures[0]
    follower.follow(store, key, 4)
    assert_same(follower, store, key)
    assert faces.counted(store) == len(follower.held) == 120


def test_who_begins_from_nothing_is_not_told_what_went_before(store: Store) -> None:
    key = faces.make(store)
    kept = [faces.add(store, key, number, [faces.face()])[0] for number in range(6)]
    store.faces.delete(key, [kept[0].face_id, kept[3].face_id])
    began = store.faces.revision(key)
    assert began is not None
    first = store.faces.changes(key, 0, 2, began)
    assert (first.added.tolist(), first.removed.tolist()) == ([kept[1].key, kept[2].key, kept[4].key], [])
    store.faces.delete(key, [kept[1].face_id])  # held by now, so it must be told
    rest = store.faces.changes(key, first.revision, 100, began)
    assert (rest.added.tolist(), rest.removed.tolist()) == ([kept[5].key], [kept[1].key])
    whole = store.faces.changes(key, 0, 100)
    assert whole.removed.tolist() == []
    late = store.faces.changes(key, 1, 100)
    assert late.removed.tolist() == [kept[0].key, kept[3].key, kept[1].key]
