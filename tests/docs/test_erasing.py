"""Erasing as in privacy.md: after `mien store compact` no file contains the bytes of a deleted face or person."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

import numpy as np

from mien.operations.user_changes import combine
from mien.store.base import NewFace, Origin, Region
from mien.store.open import Store, open_store
from mien.store.tables import vectors
from mien.store.tables.judging import Named
from mien.store.tables.likeness import Matching
from mien.store.tables.tokens import Token
from tests import live
from tests.postgres import Postgres

ACCOUNT = "0" * 12
PEOPLE, EACH = 60, 3  # persons, and faces of each
GOING = range(0, PEOPLE, 7)


def test_nothing_of_a_deleted_face_is_left_after_compacting(tmp_path: Path) -> None:
    store = open_store("", str(tmp_path))
    collection = store.collections.create("0" * 12, "people", "contract", "1.0")
    assert collection is not None
    embeddings = np.random.default_rng(0).standard_normal((200, 256)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    faces = [
        store.faces.add(
            collection.key, Origin(uuid4(), f"person-{number:03}"), [NewFace(Region(0, 0, 1, 1), 99.0, embedding)]
        )[0]
        for number, embedding in enumerate(embeddings)
    ]
    marks = [(vectors.pack(embeddings[number]), f"person-{number:03}".encode()) for number in range(0, 200, 7)]

    flat = [mark for pair in marks for mark in pair]
    assert _left(tmp_path, flat) == len(flat)  # the test finds what is there
    store.faces.delete(collection.key, [faces[number].face_id for number in range(0, 200, 7)])
    store.database.close()
    _compact(tmp_path)
    assert _left(tmp_path, flat) == 0


def test_nothing_of_an_erased_person_is_left_after_compacting(tmp_path: Path) -> None:
    store = open_store("", str(tmp_path))
    collection = store.collections.create(ACCOUNT, "people", "contract", "1.0")
    assert collection is not None
    marks = [_person(store, collection.key, number) for number in range(PEOPLE)]
    going = [mark for number in GOING for mark in marks[number]]
    staying = [mark for number in set(range(PEOPLE)) - set(GOING) for mark in marks[number]]
    assert _left(tmp_path, going) == len(going)  # the test finds what is there
    for number in GOING:
        _erase(store, collection.key, f"user-{number:03}")
    store.database.close()
    _compact(tmp_path)
    assert _left(tmp_path, going) == 0
    assert _left(tmp_path, staying) == len(staying)


def test_nothing_of_an_erased_person_is_left_in_postgres_after_the_documented_steps(tmp_path: Path) -> None:
    server = Postgres(own=True)
    try:
        folder = Path(server.run("SHOW data_directory")[0][0])
        server.run("ALTER SYSTEM SET wal_recycle = off")
        server.run("SELECT pg_reload_conf()")
        server.run("CREATE SCHEMA people")
        store = open_store(server.address("people"), str(tmp_path))
        collection = store.collections.create(ACCOUNT, "people", "contract", "1.0")
        assert collection is not None
        marks = [_person(store, collection.key, number) for number in range(PEOPLE)]
        going = [mark for number in GOING for mark in marks[number]]
        server.run("CHECKPOINT")
        assert _left(folder, going) == len(going)  # the test finds what is there
        for number in GOING:
            _erase(store, collection.key, f"user-{number:03}")
        store.database.close()
        for statement in ("VACUUM FULL", "SELECT pg_switch_wal()", "CHECKPOINT"):
            server.run(statement)
        assert _left(folder, going) == 0
    finally:
        server.close()


def _person(store: Store, collection: int, number: int) -> list[bytes]:
    """Stores a person as a user with a name, faces, a token, verdicts and a hidden face; returns its bytes on disk."""
    random = np.random.default_rng(number)
    embeddings = random.standard_normal((EACH, 256)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    user, name, external = f"user-{number:03}", f"Display {number:03}", f"external-{number:03}"
    store.users.create(collection, user, None, name)
    faces = [
        store.faces.add(collection, Origin(uuid4(), external), [NewFace(Region(0, 0, 1, 1), 99.0, embedding)])[0]
        for embedding in embeddings
    ]
    ids = [face.face_id for face in faces]
    token = Token(ACCOUNT, "AssociateFaces", f"token-{number:03}", b"digest")
    store.users.associate(collection, user, ids, Matching(combine, lambda vector, embedding: 100.0), token)
    store.judging.judge(collection, "SAME", Named(faces=ids[:2]), None)
    store.hiding.hide(collection, [faces[-1].key])
    found = store.users.find(collection, user)
    assert found is not None
    vector = store.users.vector(found.key)
    assert vector is not None
    texts = [text.encode() for text in (user, name, external)]
    packed = [vectors.pack_user(vector), *(vectors.pack(embedding) for embedding in embeddings)]
    return [*texts, *packed, *(face_id.bytes for face_id in ids)]


def _erase(store: Store, collection: int, name: str) -> None:
    """Erases a person by the three steps of privacy.md."""
    user = store.users.find(collection, name)
    assert user is not None
    faces = store.faces.page(collection, None, EACH + 1, user.key)
    store.users.delete(collection, name, Token(ACCOUNT, "DeleteUser", f"delete-{user.key}", b"digest"))
    deleted, refused = store.faces.delete(collection, [face.face_id for face in faces])
    assert (len(deleted), refused) == (EACH, [])


def _left(folder: Path, marks: Iterable[bytes]) -> int:
    """Returns how many of the marks are in a file of the folder."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return sum(any(mark in file for file in files) for mark in marks)


def _compact(folder: Path) -> None:
    subprocess.run(
        live.command("store", "compact", "--data", str(folder)), env=live.environment(), check=True, timeout=60
    )
