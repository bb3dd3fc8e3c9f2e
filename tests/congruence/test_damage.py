"""A vector that is no longer what was kept is left out of answers, said once, refused as a question, and found."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mien.errors import SetupError
from mien.operations.user_changes import combine
from mien.store.base import DamagedError
from mien.store.open import Store
from mien.store.tables.likeness import Matching
from mien.store.upkeep import bulk, check, checksums
from tests.congruence import faces

MATCHING = Matching(combine, lambda one, other: 100 * float(one @ other), -100)
FACES = 6


@pytest.fixture
def key(store: Store) -> Iterator[int]:
    """A collection of six faces; the first four are ann's, the others bob's."""
    made = faces.make(store)
    kept = [faces.add(store, made, number, [faces.face(0, number)])[0] for number in range(FACES)]
    for name, theirs in (("ann", kept[:4]), ("bob", kept[4:])):
        store.users.create(made, name, None)
        store.users.associate(made, name, [each.face_id for each in theirs], MATCHING, None)
    assert findings(store) == []
    yield made


def findings(store: Store) -> list[str]:
    return check.examine(store.database, combine, lambda *_: None)


def value(store: Store, statement: str, *values: Any) -> Any:
    row = store.database.read(lambda cursor: cursor.row(statement, *values))
    assert row is not None
    return row[0]


def run(store: Store, statement: str, *values: Any) -> None:
    assert store.database.write(lambda cursor: cursor.run(statement, *values)) > 0


def flipped(vector: bytes, bit: int) -> bytes:
    changed = bytearray(vector)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def spoil(store: Store, face: int, vector: bytes) -> None:
    run(store, "UPDATE embeddings SET vector = ? WHERE face = ?", vector, face)


def left_out(store: Store, key: int, face: int) -> None:
    """The face is in nothing that is read for an answer, the others are, and `check` says which it is."""
    keys = np.arange(1, FACES + 1)
    good = sorted(set(range(1, FACES + 1)) - {face})
    assert sorted(store.faces.embeddings(keys)[0].tolist()) == good
    assert sorted(store.faces.changes(key, 0, 100).added.tolist()) == good
    with pytest.raises(DamagedError):
        store.faces.embedding(face)
    assert any(f"face {face})" in finding for finding in findings(store))
    assert store.damage.count == 1
    with pytest.raises(SetupError, match="damaged"):
        store.database.read(lambda cursor: bulk.faces(cursor, key, 0, 100))


@pytest.mark.parametrize("bit", range(0, 16 * faces.LENGTH, 7))
def test_any_bit_of_an_embedding_is_noticed(store: Store, key: int, bit: int) -> None:
    spoil(store, 3, flipped(value(store, "SELECT vector FROM embeddings WHERE face = 3"), bit))
    left_out(store, key, 3)


@pytest.mark.parametrize("vector", [b"", b"x", bytes(14), bytes(16), bytes(18), b"\0\x7e" * faces.LENGTH])
def test_an_embedding_of_another_shape_spoils_no_other(store: Store, key: int, vector: bytes) -> None:
    spoil(store, 3, vector)
    left_out(store, key, 3)


def test_an_embedding_in_anothers_place_is_no_wrong_name(store: Store, key: int) -> None:
    row = store.database.read(lambda cursor: cursor.row("SELECT vector, checksum FROM embeddings WHERE face = 1"))
    assert row
    run(store, "UPDATE embeddings SET vector = ?, checksum = ? WHERE face = 3", *row)
    left_out(store, key, 3)


def test_a_checksum_that_changed_or_went_is_found(store: Store, key: int) -> None:
    run(store, "UPDATE embeddings SET checksum = checksum + 1 WHERE face = 3")
    left_out(store, key, 3)
    while checksums.add(store.database, "faces"):
        pass
    run(store, "UPDATE embeddings SET checksum = NULL WHERE face = 3")
    assert findings(store) == ["1 embeddings have lost their checksum (such as face 3)."]


def test_a_user_is_made_again_of_the_faces_that_are_good(store: Store, key: int) -> None:
    spoil(store, 1, bytes(2 * faces.LENGTH))
    run(store, "UPDATE user_vectors SET vector = ? WHERE user_key = 1", bytes(4 * faces.LENGTH))
    (new,) = faces.add(store, key, 9, [faces.face(0, 9)])
    store.users.associate(key, "ann", [new.face_id], MATCHING, None)
    expected = combine(store.faces.embeddings(np.array([2, 3, 4, new.key]))[1])
    assert store.users.vector(1) == pytest.approx(expected, abs=1e-6)
    user = store.users.find(key, "ann")
    assert user
    assert user.faces == 5


def test_a_damaged_face_joins_no_user(store: Store, key: int) -> None:
    (new,) = faces.add(store, key, 9, [faces.face(0, 9)])
    spoil(store, new.key, flipped(value(store, "SELECT vector FROM embeddings WHERE face = ?", new.key), 5))
    with pytest.raises(DamagedError):
        store.users.associate(key, "ann", [new.face_id], MATCHING, None)


@pytest.mark.parametrize("how", ["bit", "size", "swapped", "owner"])
def test_a_users_vector_that_changed_is_no_wrong_name(store: Store, key: int, how: str) -> None:
    ann, bob = store.database.read(lambda cursor: cursor.rows("SELECT id, vector FROM user_vectors ORDER BY user_key"))
    damaged = [ann[0]]
    if how in ("bit", "size"):
        wrong = flipped(ann[1], random.Random(7).randrange(32 * faces.LENGTH)) if how == "bit" else b"short"
        run(store, "UPDATE user_vectors SET vector = ? WHERE user_key = 1", wrong)
    elif how == "owner":
        run(store, "UPDATE user_vectors SET user_key = 99 WHERE user_key = 1")
    else:
        damaged.append(bob[0])
        for owner, (_, vector) in ((1, bob), (2, ann)):
            run(store, "UPDATE user_vectors SET vector = ? WHERE user_key = ?", vector, owner)
    assert not set(damaged) & set(store.users.vectors(np.array([ann[0], bob[0]]))[0].tolist())
    assert not set(damaged) & set(store.users.changes(key, 0, 100).added.tolist())
    assert not set(damaged) & set(store.users.by_vectors(key, [ann[0], bob[0]]))
    if how != "owner":
        with pytest.raises(DamagedError):
            store.users.vector(1)
    assert findings(store)


def test_what_was_kept_without_checksums_gets_them_and_is_answered_meanwhile(
    store: Store, key: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "SOME", 2)
    before = sums(store)
    store.database.write(lambda cursor: cursor.run("UPDATE embeddings SET checksum = NULL"))
    store.database.write(lambda cursor: cursor.run("UPDATE user_vectors SET checksum = NULL"))
    assert findings(store) == []
    assert len(store.faces.changes(key, 0, 100).added) == FACES
    assert [checksums.add(store.database, "faces") for _ in range(4)] == [2, 2, 2, 0]
    assert [checksums.add(store.database, "users") for _ in range(2)] == [2, 0]
    assert sums(store) == before
    faces.add(store, key, 9, [faces.face(0, 9)])
    assert checksums.add(store.database, "faces") == 1


def sums(store: Store) -> list[Any]:
    statements = ("SELECT checksum FROM embeddings ORDER BY face", "SELECT checksum FROM user_vectors ORDER BY id")
    return [store.database.read(lambda cursor, each=each: cursor.rows(each)) for each in statements]  # type: ignore[misc]
