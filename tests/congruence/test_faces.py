"""Faces are kept whole and once, found and listed by id, and deleted for good."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest

from mien.store.base import CollectionFullError, Region, StoredFace
from mien.store.open import Store
from tests.congruence import faces


def ids(kept: list[StoredFace]) -> list[UUID]:
    return [each.face_id for each in kept]


def test_a_face_comes_back_as_it_was_given(store: Store) -> None:
    key = faces.make(store)
    region = Region(-0.0123456789, 0.2, 1.1, 0.3)
    (kept,) = faces.add(store, key, 7, [replace(faces.face(seed=3), region=region)], "her:photo")
    assert (kept.image_id, kept.external_image_id) == (faces.image(7), "her:photo")
    assert (kept.region, kept.confidence, kept.user) == (region, 98.76543, None)
    assert kept.face_id.version == 4
    (found,) = store.faces.find(key, [kept.face_id])
    assert found == kept
    assert faces.everyone(store, key) == [kept]
    assert store.faces.by_keys(key, [kept.key, kept.key + 99]) == {kept.key: kept}
    faces.assert_kept(store.faces.embedding(kept.key), 3)
    assert faces.counted(store) == 1


def test_the_answer_is_in_the_order_of_the_faces_given(store: Store) -> None:
    key = faces.make(store)
    kept = faces.add(store, key, 1, [faces.face(place, place) for place in (5, 1, 8, 0)])
    assert [each.region for each in kept] == [faces.face(place).region for place in (5, 1, 8, 0)]


def test_the_faces_of_an_image_are_kept_all_or_none(store: Store) -> None:
    key = faces.make(store)
    before = store.faces.revision(key)
    broken = replace(faces.face(2), embedding=np.array(["no", "number"]))
    with pytest.raises(ValueError, match="convert"):
        faces.add(store, key, 1, [faces.face(0), faces.face(1), broken, faces.face(3)])
    assert faces.everyone(store, key) == []
    assert faces.counted(store) == 0
    assert faces.count(store, "embeddings") == 0
    assert store.faces.revision(key) == before
    assert len(faces.add(store, key, 1, [faces.face(0)])) == 1  # and the store goes on working


def test_a_full_collection_takes_no_part_of_an_image(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.store.tables.faces.FACE_QUOTA", 5)
    key = faces.make(store)
    faces.add(store, key, 1, [faces.face(place) for place in range(4)])
    with pytest.raises(CollectionFullError):
        faces.add(store, key, 2, [faces.face(place) for place in range(2)])
    assert faces.counted(store) == len(faces.everyone(store, key)) == 4
    assert len(faces.add(store, key, 3, [faces.face()])) == 1
    assert len(faces.add(store, key, 1, [faces.face(place) for place in range(4)])) == 4  # they are there already


@pytest.mark.parametrize("external", [None, "her"])
def test_the_same_image_with_the_same_external_id_is_kept_once(store: Store, external: str | None) -> None:
    key = faces.make(store)
    first = faces.add(store, key, 1, [faces.face(0), faces.face(3)], external)
    again = faces.add(store, key, 1, [faces.face(3), faces.face(0)], external)
    assert ids(again) == ids(first)[::-1]
    assert faces.counted(store) == len(faces.everyone(store, key)) == 2


def test_a_face_a_little_moved_is_the_same_and_one_elsewhere_is_new(store: Store) -> None:
    key = faces.make(store)
    (first,) = faces.add(store, key, 1, [faces.face(0)])
    region = faces.face(0).region
    moved = replace(faces.face(0), region=replace(region, left=region.left + 0.01))
    again = faces.add(store, key, 1, [moved, faces.face(4)])
    assert again[0].face_id == first.face_id
    assert again[1].face_id != first.face_id
    assert faces.counted(store) == 2


@pytest.mark.parametrize(("one", "other"), [("her", "him"), (None, "her"), ("her", None), ("her", "Her")])
def test_a_different_external_id_is_kept_anew(store: Store, one: str | None, other: str | None) -> None:
    key = faces.make(store)
    first = faces.add(store, key, 1, [faces.face()], one)
    second = faces.add(store, key, 1, [faces.face()], other)
    assert ids(first) != ids(second)
    assert faces.counted(store) == 2


def test_another_image_and_another_collection_are_kept_anew(store: Store) -> None:
    one, other = faces.make(store, "one"), faces.make(store, "other")
    kept = [
        *faces.add(store, one, 1, [faces.face()]),
        *faces.add(store, one, 2, [faces.face()]),
        *faces.add(store, other, 1, [faces.face()]),
    ]
    assert len(set(ids(kept))) == 3
    assert faces.counted(store, "one") == 2
    assert store.faces.find(other, ids(kept[:2])) == []
    assert store.faces.by_keys(other, [kept[0].key]) == {}


def test_threads_that_add_the_same_image_keep_one_set(store: Store) -> None:
    key, start = faces.make(store), threading.Barrier(8)

    def work(_: int) -> list[UUID]:
        start.wait()
        return ids(faces.add(store, key, 1, [faces.face(place) for place in range(3)], "her"))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert faces.counted(store) == len(faces.everyone(store, key)) == 3


def test_threads_that_add_different_images_lose_none(store: Store) -> None:
    key = faces.make(store)
    with ThreadPoolExecutor(6) as pool:
        added = pool.map(lambda number: ids(faces.add(store, key, number, [faces.face(0), faces.face(1)])), range(40))
        expected = {each for answer in added for each in answer}
    assert {each.face_id for each in faces.everyone(store, key)} == expected
    assert faces.counted(store) == len(expected) == 80


def test_pages_are_in_order_of_ids_and_join_without_gap_or_repeat(store: Store) -> None:
    key = faces.make(store)
    for number in range(5):
        faces.add(store, key, number, [faces.face(place) for place in range(5)])
    listed: list[StoredFace] = []
    while page := store.faces.page(key, listed[-1].face_id if listed else None, 4):
        assert len(page) <= 4
        listed += page
    assert [each.face_id.bytes for each in listed] == sorted(each.face_id.bytes for each in listed)
    assert len(set(ids(listed))) == 25


def test_find_gives_each_named_face_once_in_order_of_ids(store: Store) -> None:
    key = faces.make(store)
    kept = faces.add(store, key, 1, [faces.face(place) for place in range(6)])
    named = [kept[4].face_id, uuid4(), kept[1].face_id, kept[4].face_id]
    found = store.faces.find(key, named)
    assert ids(found) == sorted([kept[1].face_id, kept[4].face_id], key=lambda each: each.bytes)
    assert store.faces.find(key, []) == []


def test_deleting_answers_what_was_there_and_leaves_the_rest(store: Store) -> None:
    key = faces.make(store)
    kept = faces.add(store, key, 1, [faces.face(place, place) for place in range(4)])
    deleted, owned = store.faces.delete(key, [kept[2].face_id, uuid4(), kept[0].face_id, kept[2].face_id])
    assert set(deleted) == {kept[0].face_id, kept[2].face_id}
    assert len(deleted) == 2
    assert owned == []
    assert set(ids(faces.everyone(store, key))) == {kept[1].face_id, kept[3].face_id}
    assert faces.counted(store) == 2
    assert store.faces.embedding(kept[0].key) is None
    assert faces.count(store, "embeddings") == 2
    assert store.faces.delete(key, [kept[0].face_id]) == ([], [])
    assert faces.counted(store) == 2


def test_a_face_of_another_collection_is_not_deleted(store: Store) -> None:
    one, other = faces.make(store, "one"), faces.make(store, "other")
    (kept,) = faces.add(store, one, 1, [faces.face()])
    assert store.faces.delete(other, [kept.face_id]) == ([], [])
    assert faces.counted(store, "one") == 1


def test_a_face_deleted_and_added_again_has_a_new_id_and_key(store: Store) -> None:
    key = faces.make(store)
    (first,) = faces.add(store, key, 1, [faces.face()], "her")
    store.faces.delete(key, [first.face_id])
    (second,) = faces.add(store, key, 1, [faces.face()], "her")
    assert second.face_id != first.face_id
    assert second.key != first.key  # a gallery may still hold the first under its key
    assert second.image_id == first.image_id


def test_4096_faces_can_be_named_at_once(store: Store) -> None:
    key = faces.make(store)
    (kept,) = faces.add(store, key, 1, [faces.face()])
    named = [uuid4() for _ in range(4095)] + [kept.face_id]
    assert ids(store.faces.find(key, named)) == [kept.face_id]
    assert store.faces.delete(key, named)[0] == [kept.face_id]
    assert store.faces.by_keys(key, list(range(1, 4097))) == {}
