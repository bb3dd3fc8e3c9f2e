"""Portraits in every store: kept with their faces, bound to them, and gone with their face or their collection."""

import os
from uuid import UUID, uuid4

import numpy as np
import pytest

from mien.store.base import Cursor, KeptPortrait, StoredFace
from mien.store.open import Store
from mien.store.tables import portraits
from mien.store.tables.portraits import TAG, PortraitsLockedError
from mien.store.upkeep.check import examine
from mien.store.upkeep.sweep import sweep_all
from mien.store.vault import Vault
from tests.congruence import faces
from tests.congruence.faces import ACCOUNT

KEEPS = {TAG: "true"}


def filled(store: Store, name: str = "people", count: int = 3) -> tuple[int, list[StoredFace]]:
    key = faces.make(store, name, tags=KEEPS)
    return key, faces.add(store, key, 1, [faces.face(place, place) for place in range(count)])


def findings(store: Store) -> list[str]:
    return examine(store.database, lambda each: each.mean(axis=0), lambda *_: None)


def test_a_portrait_is_kept_with_its_face(store: Store) -> None:
    key, kept = filled(store)
    found = store.portraits.of(key, [face.face_id for face in kept])
    assert [found[face.face_id].picture for face in kept] == [b"a picture of %d" % seed for seed in range(3)]
    one = found[kept[2].face_id]
    assert one.side == 192
    np.testing.assert_array_equal(one.landmarks, np.full((5, 2), 2, np.float32))
    assert store.portraits.of(key, []) == {}
    assert store.portraits.of(key, [uuid4()]) == {}
    assert findings(store) == []


def test_a_collection_that_does_not_say_so_keeps_none(store: Store) -> None:
    for number, tags in enumerate((None, {}, {TAG: "false"}, {"other": "true"})):
        key = faces.make(store, f"c-{number}", tags=tags)
        kept = faces.add(store, key, 1, [faces.face()])
        assert store.portraits.of(key, [kept[0].face_id]) == {}
        found = store.collections.find(ACCOUNT, f"c-{number}")
        assert found and not found.portraits
    assert faces.count(store, "portraits") == faces.count(store, "portrait_keys") == 0
    key, _ = filled(store)
    found = store.collections.find(ACCOUNT, "people")
    assert found and found.portraits
    assert [each.portraits for each in store.collections.page(ACCOUNT, "", 10)] == [False] * 4 + [True]


def test_a_face_of_another_collection_has_no_portrait_here(store: Store) -> None:
    _, theirs = filled(store, "theirs")
    ours, _ = filled(store, "ours")
    assert store.portraits.of(ours, [theirs[0].face_id]) == {}


def test_a_face_that_is_sent_again_gets_the_portrait_that_it_lacks_and_keeps_the_one_it_has(store: Store) -> None:
    key, kept = filled(store, count=2)
    store.database.write(lambda cursor: cursor.run("DELETE FROM portraits WHERE face = ?", kept[0].key))
    again = faces.add(store, key, 1, [faces.face(0, 7), faces.face(1, 8)])
    assert [face.face_id for face in again] == [face.face_id for face in kept]
    found = store.portraits.of(key, [face.face_id for face in kept])
    assert [found[face.face_id].picture for face in kept] == [b"a picture of 7", b"a picture of 1"]


def test_it_goes_with_its_face(store: Store) -> None:
    key, kept = filled(store)
    store.faces.delete(key, [kept[0].face_id])
    assert list(store.portraits.of(key, [face.face_id for face in kept])) != []
    assert kept[0].face_id not in store.portraits.of(key, [face.face_id for face in kept])
    assert faces.count(store, "portraits") == 2
    assert findings(store) == []


def test_a_deleted_collection_leaves_no_key_and_its_portraits_are_swept(store: Store) -> None:
    key, kept = filled(store)
    other, others = filled(store, "others")
    assert store.collections.delete(ACCOUNT, "people")
    row = store.database.read(
        lambda cursor: cursor.row("SELECT live, key FROM portrait_keys WHERE collection = ?", key)
    )
    assert row and (row[0], bytes(row[1])) == (0, bytes(60))
    assert faces.count(store, "portraits") == 6  # which no key opens
    assert store.portraits.of(key, [kept[0].face_id]) == {}
    assert findings(store) == []
    sweep_all(store.database)
    assert faces.count(store, "portraits") == 3
    assert len(store.portraits.of(other, [face.face_id for face in others])) == 3


def test_it_is_not_readable_in_the_tables(store: Store) -> None:
    filled(store)
    rows = store.database.read(lambda cursor: cursor.rows("SELECT picture FROM portraits"))
    assert all(b"picture" not in bytes(row[0]) for row in rows)
    assert len({bytes(row[0])[:12] for row in rows}) == 3  # nonces


def test_it_opens_under_its_own_face_and_collection_alone(store: Store) -> None:
    """Rows that are changed for each other, in one collection or between two, are left out of answers."""
    key, kept = filled(store)
    other, others = filled(store, "others")

    def exchanged(cursor: Cursor, one: StoredFace, two: StoredFace) -> None:
        rows = [cursor.row("SELECT picture FROM portraits WHERE face = ?", each.key) for each in (one, two)]
        for row, each in zip(rows, (two, one), strict=True):
            assert row
            cursor.run("UPDATE portraits SET picture = ? WHERE face = ?", row[0], each.key)

    store.database.write(lambda cursor: exchanged(cursor, kept[0], kept[1]))
    assert list(store.portraits.of(key, [face.face_id for face in kept])) == [kept[2].face_id]
    store.database.write(lambda cursor: exchanged(cursor, kept[2], others[2]))
    assert store.portraits.of(key, [face.face_id for face in kept]) == {}
    assert len(store.portraits.of(other, [face.face_id for face in others])) == 2
    keys = "SELECT key FROM portrait_keys WHERE collection = ?"
    theirs = store.database.read(lambda cursor: cursor.row(keys, other))
    assert theirs
    store.database.write(
        lambda cursor: cursor.run("UPDATE portrait_keys SET key = ? WHERE collection = ?", theirs[0], key)
    )
    with pytest.raises(PortraitsLockedError):
        store.portraits.of(key, [kept[0].face_id])


@pytest.mark.parametrize("damage", [b"", b"short", os.urandom(200)])
def test_a_damaged_portrait_is_left_out(store: Store, damage: bytes) -> None:
    key, kept = filled(store)
    store.database.write(
        lambda cursor: cursor.run("UPDATE portraits SET picture = ? WHERE face = ?", damage, kept[0].key)
    )
    assert sorted(store.portraits.of(key, [face.face_id for face in kept])) == sorted(face.face_id for face in kept[1:])


def test_another_master_key_opens_none_and_makes_none(store: Store) -> None:
    key, kept = filled(store)
    store.portraits.check()
    path = store.portraits.vault.path
    other = portraits.Portraits(store.database, Vault(path.with_name("other.key")))
    Vault(other.vault.path).seal(b"", "")
    with pytest.raises(PortraitsLockedError, match="master key"):
        other.of(key, [kept[0].face_id])
    with pytest.raises(PortraitsLockedError, match="portraits were not made with"):
        store.database.write(lambda cursor: other.begin(cursor, 77))
    elsewhere = portraits.Portraits(store.database, Vault(path.with_name("missing.key")))
    with pytest.raises(PortraitsLockedError, match="cannot be used"):
        store.database.write(lambda cursor: elsewhere.begin(cursor, 78))
    assert not path.with_name("missing.key").exists()  # none is made that would open nothing
    assert faces.count(store, "portrait_keys") == 1


def test_nothing_is_half_done(store: Store) -> None:
    """A face whose portrait cannot be encrypted is not stored, and a collection that cannot keep any is not made."""
    key, kept = filled(store, count=1)
    store.database.write(
        lambda cursor: cursor.run("UPDATE portrait_keys SET key = ? WHERE collection = ?", bytes(60), key)
    )
    with pytest.raises(PortraitsLockedError):
        faces.add(store, key, 2, [faces.face(1, 1)])
    assert [face.face_id for face in faces.everyone(store, key)] == [kept[0].face_id]
    with pytest.raises(PortraitsLockedError):
        faces.make(store, "another", tags=KEEPS)
    assert store.collections.find(ACCOUNT, "another") is None


def test_the_check_finds_what_does_not_belong_together(store: Store) -> None:
    key, kept = filled(store)
    portrait = KeptPortrait(b"picture", 192, np.zeros((5, 2), np.float32))

    def work(cursor: Cursor) -> None:
        sealer = store.portraits.sealer(cursor, key)
        assert sealer
        portraits.keep(cursor, sealer, [(kept[-1].key + 1, UUID(int=5), portrait)])
        cursor.run("UPDATE portrait_keys SET collection = 4 WHERE collection = ?", key)

    store.database.write(work)
    assert [each.partition(" (")[0] for each in findings(store)] == [
        "1 portraits are of no face",
        "1 keys of portraits are of no collection",
        "3 faces have a portrait that no key opens",
        "1 collections keep portraits by their tag and have no key for them",
    ]
