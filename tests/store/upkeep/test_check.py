"""A check finds nothing in a store that was used, and whatever is made wrong in one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from mien.operations.user_changes import combine
from mien.store import open as stores
from mien.store.open import Store
from mien.store.tables import vectors
from mien.store.tables.judging import Named
from mien.store.tables.likeness import Matching
from mien.store.upkeep import check, sweep
from tests.congruence import faces

PEOPLE = "(SELECT id FROM collections WHERE name = 'people')"
MATCHING = Matching(combine, lambda one, other: 100 * float(one @ other))


def fill(store: Store) -> None:
    """Collections with faces, users, tags and a history; one of them deleted and half swept."""
    for name in ("people", "others", "going"):
        key = faces.make(store, name)
        store.tags.put(key, {"a": "b"})
        for number in range(4):
            kept = faces.add(store, key, number, [faces.face(place, 10 * number + place) for place in range(5)])
            user = f"user-{number}"
            store.users.create(key, user, None)
            store.users.associate(key, user, [each.face_id for each in kept[:3]], MATCHING, None)
            store.users.disassociate(key, user, [kept[0].face_id], MATCHING, None)
            store.faces.delete(key, [kept[0].face_id, kept[4].face_id])
            store.regrouping.update(key, user, None, kept[1].face_id, "REFUSE")
            store.judging.judge(key, "DIFFERENT", Named(user), Named(None, [kept[3].face_id]))
            store.judging.judge(key, "SAME", Named(None, [kept[2].face_id, kept[3].face_id]), None)
        store.users.create(key, "nobody", None)
        store.hiding.hide(key, [each.key for each in kept[3:4]])
    store.collections.delete(faces.ACCOUNT, "going")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = stores.open_store("", str(tmp_path))
    with closing(opened.database):
        fill(opened)
        yield opened


def findings(store: Store) -> list[str]:
    return check.examine(store.database, combine, lambda *_: None)


def test_a_store_that_was_used_has_nothing_wrong_at_any_stage_of_a_sweep(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.store.upkeep.sweep.FACES", 5)
    monkeypatch.setattr("mien.store.upkeep.sweep.ROWS", 2)
    assert findings(store) == []
    stages = 0
    while sweep.sweep(store.database):
        assert findings(store) == []
        stages += 1
    assert stages > 8


@pytest.mark.parametrize(("page", "users"), [(1, 1), (7, 3)])
def test_pages_of_any_size_are_read_to_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, page: int, users: int
) -> None:
    monkeypatch.setattr("mien.store.upkeep.check.FACES", page)
    monkeypatch.setattr("mien.store.upkeep.check.USERS", users)
    assert findings(store) == []
    others = "(SELECT id FROM collections WHERE name = 'others')"
    last = f"(SELECT MAX(id) FROM faces WHERE collection = {others} AND user_key IS NOT NULL)"
    broken(store, f"UPDATE embeddings SET vector = zeroblob(16) WHERE face = {last}")
    assert len(findings(store)) == 2  # the embedding, and the user whose face it is


def broken(store: Store, statement: str) -> None:
    assert store.database.write(lambda cursor: cursor.run(statement)) > 0


# fmt: off
WRONG = {
    "UPDATE collections SET faces = faces + 1 WHERE name = 'people'": "people counts 13 faces and has 12",
    "UPDATE collections SET users = 0 WHERE name = 'people'": "people counts 0 users and has 5",
    "UPDATE users SET faces = 9 WHERE id = 2": "users count other faces",
    "UPDATE faces SET collection = 99 WHERE id = 3": "rows of faces are of no collection",
    "UPDATE users SET collection = 99 WHERE id = 5": "rows of users are of no collection",
    "INSERT INTO tags VALUES (99, 'a', 'b')": "rows of tags are of no collection",
    "INSERT INTO removals VALUES (99, 1, 1)": "rows of removals are of no collection",
    "INSERT INTO user_removals VALUES (99, 1, 1)": "rows of user_removals are of no collection",
    "UPDATE faces SET revision = 999 WHERE id = 3": "rows of faces are newer",
    f"UPDATE user_vectors SET revision = 999 WHERE collection = {PEOPLE}": "4 rows of user_vectors are newer",
    "UPDATE collections SET revision = 1 WHERE name = 'people'": "rows of removals are newer",
    "UPDATE collections SET floor = 9 WHERE name = 'people'": "rows of removals are older",
    "UPDATE collections SET floor = 999 WHERE name = 'people'": "less history than there is",
    "DELETE FROM faces WHERE id = 3": "embeddings are of no face",
    "DELETE FROM embeddings WHERE face = 3": "1 faces have no embedding (such as id 3)",
    f"INSERT INTO removals VALUES ({PEOPLE}, 3, 3)": "faces are recorded as removed",
    "INSERT INTO user_removals SELECT collection, revision, id FROM user_vectors": "vectors are recorded as removed",
    "UPDATE faces SET user_key = 99 WHERE id = 3": "faces belong to a user that is not",
    "UPDATE user_vectors SET user_key = 99 WHERE user_key = 1": "users' vectors belong to a user that is not",
    "DELETE FROM user_vectors WHERE user_key = 1": "1 users have faces and no vector",
    "UPDATE users SET faces = 0 WHERE id = 1": "1 users have a vector and no faces",
    f"INSERT INTO sweeps VALUES ({PEOPLE})": "deleted collections are there",
    "UPDATE users SET portrait = 5 WHERE id = 1": "portraits are of no face of their user (such as id 1)",
    "UPDATE hidden_faces SET collection = 99": "rows of hidden_faces are of no collection",
    "UPDATE hidden_faces SET face = 99 WHERE face < 30": "hidden faces are not in their collection (such as face 99)",
    "INSERT INTO verdicts VALUES (99, 99, 'SAME')": "rows of verdicts are of no collection",
    "UPDATE judged_faces SET collection = 99": "rows of judged_faces are of no collection",
    "UPDATE judged_users SET collection = 99": "rows of judged_users are of no collection",
    "UPDATE judged_faces SET face = 99 WHERE verdict = 1": "are about a face that is not in their collection",
    "UPDATE judged_users SET user_key = 99 WHERE verdict = 1": "are about a user that is not in their collection",
    "DELETE FROM verdicts WHERE id = 1": "rows of judged_users are of no verdict",
    "DELETE FROM judged_users WHERE verdict = 1": "1 verdicts say nothing (such as id 1)",
    "UPDATE embeddings SET vector = zeroblob(14) WHERE face = 4": "embeddings are of another size",
    "UPDATE embeddings SET vector = zeroblob(15) WHERE face = 4": "of another size",
    "UPDATE embeddings SET vector = zeroblob(16) WHERE face = 4": "of an impossible length (such as that of face 4)",
    "UPDATE embeddings SET vector = x'007e007e007e007e007e007e007e007e' WHERE face = 4": "of an impossible length",
    "UPDATE user_vectors SET vector = zeroblob(32) WHERE user_key = 1": "do not make (such as user 1)",
    "UPDATE user_vectors SET vector = zeroblob(7) WHERE user_key = 1": "that their faces do not make",
}
# fmt: on


@pytest.mark.parametrize(("statement", "sentence"), WRONG.items())
def test_what_is_wrong_is_found(store: Store, statement: str, sentence: str) -> None:
    broken(store, statement)
    assert any(sentence in finding for finding in findings(store)), findings(store)


def test_a_users_vector_made_before_embeddings_were_halved_is_no_finding(store: Store, tmp_path: Path) -> None:
    key, (kept,) = faces.make(store, "before"), [faces.face(0, 77)]
    (face,) = faces.add(store, key, 1, [kept])
    store.users.create(key, "ann", None)
    store.users.associate(key, "ann", [face.face_id], MATCHING, None)
    with closing(sqlite3.connect(tmp_path / stores.FILE)) as beside:
        exact = np.ascontiguousarray(faces.vector(77), "<f4").tobytes()
        beside.create_function("checksum", -1, vectors.checksum)
        statement = (
            "UPDATE user_vectors SET vector = ?, checksum = checksum(?, user_key, collection) WHERE collection = ?"
        )
        beside.execute(statement, (exact, exact, key))
        beside.commit()
    assert findings(store) == []
