"""Collections are made once, found by account and name, listed in order, and gone when deleted."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mien.store.base import CollectionGoneError
from mien.store.open import Store
from mien.store.tables.likeness import Matching
from mien.store.upkeep import sweep
from mien.store.upkeep.sweep import sweep_all
from tests.congruence import faces
from tests.congruence.faces import ACCOUNT

MATCHING = Matching(lambda vectors: vectors.mean(axis=0), lambda one, other: 100 * float(one @ other))


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
    sweep_all(store.database)
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
    sweep_all(store.database)
    assert faces.count(store, "faces") == 2
    assert faces.count(store, "embeddings") == 2
    assert faces.count(store, "removals") == 0
    assert [each.key for each in kept] == sorted(each.key for each in faces.everyone(store, staying))
    faces.assert_kept(store.faces.embedding(kept[0].key), 0)
    sweep_all(store.database)
    assert faces.count(store, "faces") == 2


def test_a_sweep_of_more_than_one_batch_is_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.store.upkeep.sweep.FACES", 4)
    monkeypatch.setattr("mien.store.upkeep.sweep.ROWS", 2)
    key = faces.make(store)
    for number in range(3):
        kept = faces.add(store, key, number, [faces.face(place) for place in range(5)])
        store.users.create(key, f"user {number}", None)
        store.users.associate(key, f"user {number}", [kept[0].face_id, kept[1].face_id], MATCHING, None)
        store.users.disassociate(key, f"user {number}", [kept[0].face_id], MATCHING, None)
        store.faces.delete(key, [kept[0].face_id, kept[2].face_id])
    store.tags.put(key, {"of": "people"})
    store.collections.delete(ACCOUNT, "people")
    sweep_all(store.database)
    for table in ("faces", "embeddings", "users", "user_vectors", "removals", "user_removals", "tags", "sweeps"):
        assert faces.count(store, table) == 0, table


def test_many_may_sweep_at_the_same_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.store.upkeep.sweep.FACES", 2)
    staying = faces.make(store, "staying")
    faces.add(store, staying, 1, [faces.face(place) for place in range(3)])
    for name in ("one", "two"):
        key = faces.make(store, name)
        for number in range(5):
            faces.add(store, key, number, [faces.face(place) for place in range(5)])
        store.collections.delete(ACCOUNT, name)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(sweep_all, store.database) for _ in range(4)]:
            done.result()
    assert faces.count(store, "faces") == faces.count(store, "embeddings") == 3
    assert faces.count(store, "sweeps") == 0


def test_a_sweeper_ends_what_an_earlier_one_began_and_what_comes_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.store.upkeep.sweep.FACES", 2)
    monkeypatch.setattr("mien.store.upkeep.sweep.INTERVAL", 0.01)
    keys = [faces.make(store, name) for name in ("one", "two")]
    for key in keys:
        for number in range(5):
            faces.add(store, key, number, [faces.face(place) for place in range(5)])
    store.collections.delete(ACCOUNT, "one")
    assert sweep.sweep(store.database)  # begun, and no more
    assert 25 < faces.count(store, "faces") < 50
    with sweep.sweeper(store.database):
        swept(store, 25)
        store.collections.delete(ACCOUNT, "two")
        swept(store, 0)


def swept(store: Store, left: int) -> None:
    until = time.monotonic() + 20
    while faces.count(store, "faces") > left or faces.count(store, "sweeps"):
        assert time.monotonic() < until, "not swept"
        time.sleep(0.01)
    assert faces.count(store, "faces") == faces.count(store, "embeddings") == left
