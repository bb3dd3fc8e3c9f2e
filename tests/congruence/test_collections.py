"""Collections are made once, found by account and name, listed in order, and gone when deleted."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mien.store.base import CollectionGoneError
from mien.store.open import Store
from tests.congruence import faces
from tests.congruence.faces import ACCOUNT


def test_a_new_collection_is_empty_and_bound_to_its_pack(store: Store) -> None:
    before = time.time()
    made = store.collections.create(ACCOUNT, "people", "digest", "7.5")
    assert made is not None
    assert (made.name, made.contract, made.model_version) == ("people", "digest", "7.5")
    assert (made.faces, made.users) == (0, 0)
    assert before - 0.001 <= made.created <= time.time() + 0.001
    assert round(made.created, 3) == made.created
    assert store.collections.find(ACCOUNT, "people") == made


def test_a_name_is_taken_once(store: Store) -> None:
    faces.make(store)
    assert store.collections.create(ACCOUNT, "people", "other", "7.9") is None
    found = store.collections.find(ACCOUNT, "people")
    assert found is not None
    assert found.contract == "contract"


def test_of_many_who_make_the_same_collection_one_does(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: store.collections.create(ACCOUNT, "people", "contract", "7.1"), range(24)))
    assert sum(each is not None for each in made) == 1


def test_names_differ_by_case_and_by_account(store: Store) -> None:
    keys = {
        faces.make(store, "people"), faces.make(store, "People"), faces.make(store, "people", account="111111111111")
    }  # fmt: skip
    assert len(keys) == 3
    assert store.collections.find("222222222222", "people") is None


def test_what_was_never_made_is_not_found(store: Store) -> None:
    assert store.collections.find(ACCOUNT, "people") is None
    assert not store.collections.delete(ACCOUNT, "people")


def test_a_listing_is_in_ascii_order_and_pages_join_without_gap_or_repeat(store: Store) -> None:
    names = ["b", "a", "B", "a-b", "a.b", "a_b", "ab", "0", "-", ".", "_", "x" * 255]
    for name in names:
        faces.make(store, name)
    faces.make(store, "another", account="111111111111")
    listed: list[str] = []
    while page := store.collections.page(ACCOUNT, listed[-1] if listed else "", 5):
        assert len(page) <= 5
        listed += [each.name for each in page]
    assert listed == sorted(names)


def test_a_deleted_collection_is_gone_at_once_for_every_question(store: Store) -> None:
    key = faces.make(store)
    (kept,) = faces.add(store, key, 1, [faces.face()])
    assert store.collections.delete(ACCOUNT, "people")
    assert store.collections.find(ACCOUNT, "people") is None
    assert store.collections.page(ACCOUNT, "", 10) == []
    assert store.faces.revision(key) is None
    assert not store.collections.delete(ACCOUNT, "people")
    with pytest.raises(CollectionGoneError):
        faces.add(store, key, 2, [faces.face()])
    with pytest.raises(CollectionGoneError):
        store.faces.delete(key, [kept.face_id])
    with pytest.raises(CollectionGoneError):
        store.faces.changes(key, 0, 10)


def test_a_collection_of_the_same_name_starts_empty_under_another_key(store: Store) -> None:
    old = faces.make(store)
    faces.add(store, old, 1, [faces.face()])
    store.collections.delete(ACCOUNT, "people")
    new = faces.make(store)
    assert new != old
    assert faces.everyone(store, new) == []
    assert faces.counted(store) == 0
    store.collections.sweep()
    added = faces.add(store, new, 1, [faces.face()])
    assert [each.face_id for each in faces.everyone(store, new)] == [each.face_id for each in added]


def test_a_sweep_removes_what_a_deleted_collection_left_and_nothing_else(store: Store) -> None:
    going, staying = faces.make(store, "going"), faces.make(store, "staying")
    for number in range(3):
        faces.add(store, going, number, [faces.face(place, place) for place in range(8)])
    gone = faces.add(store, going, 9, [faces.face()])
    store.faces.delete(going, [gone[0].face_id])
    kept = faces.add(store, staying, 1, [faces.face(place) for place in range(2)])
    store.collections.delete(ACCOUNT, "going")
    store.collections.sweep()
    assert faces.count(store, "faces") == 2
    assert faces.count(store, "embeddings") == 2
    assert faces.count(store, "removals") == 0
    assert [each.key for each in kept] == sorted(each.key for each in faces.everyone(store, staying))
    faces.assert_kept(store.faces.embedding(kept[0].key), 0)
    store.collections.sweep()
    assert faces.count(store, "faces") == 2


def test_a_sweep_of_more_than_one_batch_is_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.store.collections.SWEEP", 4)
    key = faces.make(store)
    for number in range(3):
        faces.add(store, key, number, [faces.face(place) for place in range(5)])
    store.collections.delete(ACCOUNT, "people")
    store.collections.sweep()
    assert faces.count(store, "faces") == 0
    assert faces.count(store, "embeddings") == 0
