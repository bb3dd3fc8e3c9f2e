"""Threads that write at the same time share a commit; each gets its own result or its own error."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mien.store import open as stores
from mien.store.base import Cursor
from mien.store.engines.sqlite import SqliteDatabase
from mien.store.open import Store
from tests.congruence import faces
from tests.congruence.test_transactions import rename

WRITERS = 8


class Commits:
    """Counts a database's commits, and can keep the next one waiting or make it fail."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.statements: list[str] = []
        self.fail = False
        self._inner = database._writer
        database._writer = self  # type: ignore[assignment]

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        self.statements.append(statement)
        if statement == "COMMIT" and self.fail:
            self.fail = False
            raise sqlite3.OperationalError("database or disk is full")
        return self._inner.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def count(self) -> int:
        return self.statements.count("COMMIT")


def opened(tmp_path: Path) -> tuple[Store, SqliteDatabase]:
    store = stores.open_store("", str(tmp_path))
    assert isinstance(store.database, SqliteDatabase)
    return store, store.database


def together(store: Store, works: list[Any], commits: Commits | None = None, fail: bool = False) -> list[Any]:
    """Run the works while a first one holds the database, so that they come into one commit; results or errors."""
    started, go = threading.Event(), threading.Event()

    def first(_: Cursor) -> None:
        started.set()
        assert go.wait(10)

    def outcome(work: Any) -> Any:
        try:
            return store.database.write(work)
        except Exception as error:  # noqa: BLE001
            return error

    with ThreadPoolExecutor(len(works) + 1) as pool:
        holding = pool.submit(store.database.write, first)
        assert started.wait(10)
        outcomes = [pool.submit(outcome, work) for work in works]
        group: Any = store.database._group  # type: ignore[attr-defined]
        while len(group._waiting) < len(works):
            threading.Event().wait(0.001)
        if commits:
            # the holder's own commit is to succeed
            inner, commits.fail = commits.execute, False

            def execute(statement: str, *values: Any) -> sqlite3.Cursor:
                ran = inner(statement, *values)
                if statement == "COMMIT":
                    commits.fail, commits.execute = fail, inner  # type: ignore[method-assign]
                return ran

            commits.execute = execute  # type: ignore[method-assign]
        go.set()
        holding.result()
        return [each.result() for each in outcomes]


def test_writers_that_wait_share_one_commit_and_each_gets_its_own_answer(tmp_path: Path) -> None:
    store, database = opened(tmp_path)
    with closing(database):
        key, commits = faces.make(store), Commits(database)
        answers = together(
            store, [lambda cursor, n=n: (n, rename(cursor, key, f"name {n}")) for n in range(WRITERS)]
        )  # fmt: skip
        assert answers == [(n, 1) for n in range(WRITERS)]
        assert commits.count == 2  # the one that they waited for, and theirs


def test_one_that_raises_is_undone_alone(tmp_path: Path) -> None:
    store, database = opened(tmp_path)
    with closing(database):
        keys = [faces.make(store, f"before {n}") for n in range(WRITERS)]

        def work(cursor: Cursor, n: int) -> int:
            rename(cursor, keys[n], f"after {n}")
            if n % 2:
                raise KeyError(n)
            return n

        answers = together(store, [lambda cursor, n=n: work(cursor, n) for n in range(WRITERS)])
        for n, answer in enumerate(answers):
            assert answer == n if n % 2 == 0 else isinstance(answer, KeyError) and answer.args == (n,)
            assert (store.collections.find(faces.ACCOUNT, f"after {n}") is None) == bool(n % 2)


def test_a_commit_that_fails_fails_all_and_the_store_goes_on(tmp_path: Path) -> None:
    store, database = opened(tmp_path)
    with closing(database):
        keys, commits = [faces.make(store, f"before {n}") for n in range(WRITERS)], Commits(database)

        def work(cursor: Cursor, n: int) -> None:
            rename(cursor, keys[n], f"after {n}")
            if n == 3:
                raise KeyError(n)

        answers = together(store, [lambda cursor, n=n: work(cursor, n) for n in range(WRITERS)], commits, fail=True)
        assert [type(answer) for answer in answers] == [
            KeyError if n == 3 else sqlite3.OperationalError for n in range(WRITERS)
        ]
        assert [each.name for each in store.collections.page(faces.ACCOUNT, "", 99)] == [
            f"before {n}" for n in range(WRITERS)
        ]
        assert database.write(lambda cursor: rename(cursor, keys[0], "later")) == 1
        assert store.collections.find(faces.ACCOUNT, "later") is not None


def test_a_transaction_that_sqlite_gives_up_fails_everyone_in_it(tmp_path: Path) -> None:
    store, database = opened(tmp_path)
    with closing(database):
        keys = [faces.make(store, f"before {n}") for n in range(3)]

        def give_up(cursor: Cursor) -> None:
            cursor.run("ROLLBACK")  # what SQLite does by itself when the disk is full
            raise sqlite3.OperationalError("database or disk is full")

        answers = together(
            store,
            [lambda cursor: rename(cursor, keys[0], "one"), give_up, lambda cursor: rename(cursor, keys[2], "two")],
        )
        assert all(isinstance(answer, sqlite3.OperationalError) for answer in answers)
        assert store.collections.find(faces.ACCOUNT, "one") is None
        assert store.collections.find(faces.ACCOUNT, "two") is None
        assert database.write(lambda cursor: rename(cursor, keys[0], "later")) == 1


def test_a_lone_writer_has_a_commit_of_its_own(tmp_path: Path) -> None:
    store, database = opened(tmp_path)
    with closing(database):
        key, commits = faces.make(store), Commits(database)
        for name in ("one", "two", "three"):
            database.write(partial(rename, key=key, name=name))
        assert commits.count == 3


def test_an_answer_is_given_only_when_others_can_see_the_write(tmp_path: Path) -> None:
    store, database = opened(tmp_path)
    beside = sqlite3.connect(tmp_path / stores.FILE, check_same_thread=False)
    with closing(database), closing(beside):
        key, looking = faces.make(store), threading.Lock()
        seen: list[bool] = []

        def write(first: int) -> None:
            for number in range(first, first + 25):
                (kept,) = faces.add(store, key, number, [faces.face()])
                with looking:
                    seen.append(beside.execute("SELECT 1 FROM faces WHERE id = ?", (kept.key,)).fetchone() is not None)

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write, range(0, 100 * WRITERS, 100)))
        assert len(seen) == 25 * WRITERS
        assert all(seen)


@pytest.mark.parametrize("threads", [2, 16])
def test_no_writer_is_left_waiting(tmp_path: Path, threads: int) -> None:
    store, database = opened(tmp_path)
    with closing(database):
        key = faces.make(store)

        def write(first: int) -> None:
            for number in range(40):
                faces.add(store, key, 1000 * first + number, [faces.face()])

        pool = [threading.Thread(target=write, args=(first,), daemon=True) for first in range(threads)]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join(60)
        assert not any(thread.is_alive() for thread in pool)
        assert faces.counted(store) == 40 * threads
