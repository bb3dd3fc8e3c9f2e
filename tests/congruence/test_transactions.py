"""A transaction is seen whole or not at all, and a failed one leaves the database as it was."""

import threading

import pytest

from mien.store.base import Cursor
from mien.store.open import Store
from tests.congruence import faces


def rename(cursor: Cursor, key: int, name: str) -> int:
    return cursor.run("UPDATE collections SET name = ? WHERE id = ?", name, key)


def test_work_that_raises_is_undone(store: Store) -> None:
    key = faces.make(store)

    def work(cursor: Cursor) -> None:
        assert rename(cursor, key, "renamed") == 1
        raise KeyError("halfway")

    with pytest.raises(KeyError):
        store.database.write(work)
    assert store.collections.find(faces.ACCOUNT, "people") is not None
    store.database.write(lambda cursor: rename(cursor, key, "later"))
    assert store.collections.find(faces.ACCOUNT, "later") is not None


def test_reading_cannot_write(store: Store) -> None:
    key = faces.make(store)
    with pytest.raises(Exception, match=r"(?i)read-?\s?only"):
        store.database.read(lambda cursor: rename(cursor, key, "renamed"))
    assert store.collections.find(faces.ACCOUNT, "people") is not None


def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    key = faces.make(store)
    reading, written = threading.Event(), threading.Event()

    def write() -> None:
        reading.wait(10)
        faces.add(store, key, 1, [faces.face()])
        written.set()

    def work(cursor: Cursor) -> list[object]:
        seen = [cursor.row("SELECT COUNT(*) FROM faces")]
        reading.set()
        assert written.wait(10)  # a writer is not held up by a reader
        return [*seen, cursor.row("SELECT COUNT(*) FROM faces")]

    thread = threading.Thread(target=write)
    thread.start()
    before, after = store.database.read(work)
    thread.join()
    assert before == after
    assert faces.count(store, "faces") == 1


def test_it_says_what_and_where_it_is(store: Store) -> None:
    described = store.database.describe()
    assert "\n" not in described
    assert any(character.isdigit() for character in described)
