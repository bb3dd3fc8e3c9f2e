"""Locks held by others delay neither reads nor other collections, and requests that must wait are soon throttled.

Seen: an idle transaction on one collection's row made ListCollections take 9 s, and a write lock of another
process on the SQLite file made reads fail for 27 s.
"""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import live
from tests.live import Answer, Live
from tests.postgres import Postgres

READ, WRITE = 1.5, 7.0  # seconds within which a read is answered, and a write refused that waited for a thread too
WRITERS = 6


def call(server: Live, operation: str, **request: Any) -> tuple[float, Answer]:
    began = time.monotonic()
    answer = server.post(operation, json.dumps(request).encode())
    return time.monotonic() - began, answer


def make(server: Live, *names: str) -> None:
    for name in names:
        assert call(server, "CreateCollection", CollectionId=name)[1].status == 200


@contextmanager
def writers(server: Live, collection: str) -> Iterator[list["Future[tuple[float, Answer]]"]]:
    """Runs clients that change a collection again and again until the block ends."""
    with ThreadPoolExecutor(WRITERS) as pool:
        ended = time.monotonic() + 6

        def change(number: int) -> tuple[float, Answer]:
            worst = call(server, "CreateUser", CollectionId=collection, UserId=f"first-{number}")
            count = 0
            while time.monotonic() < ended:
                count += 1
                worst = max(worst, call(server, "CreateUser", CollectionId=collection, UserId=f"u-{number}-{count}"),
                            key=lambda each: each[0])  # fmt: skip
            return worst

        yield [pool.submit(change, number) for number in range(WRITERS)]


def refused_soon(outcome: "Future[tuple[float, Answer]]") -> None:
    seconds, answer = outcome.result()
    assert answer.json.get("__type") == "ThrottlingException", answer.body  # SDKs try again
    assert seconds < WRITE


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_another_process_that_writes_to_the_file_keeps_no_reader_waiting(packs: str, tmp_path: Path, lock: str) -> None:
    server = live.serve(packs, tmp_path / "data")
    try:
        make(server, "a")
        with closing(sqlite3.connect(tmp_path / "data" / "mien.db", isolation_level=None)) as other:
            other.execute(lock)
            with writers(server, "a") as refused:
                time.sleep(3.5)  # after that each is refused at once
                for _ in range(10):
                    seconds, answer = call(server, "ListCollections")
                    assert (answer.status, answer.json["CollectionIds"]) == (200, ["a"])
                    assert seconds < READ
                    time.sleep(0.1)
            for each in refused:
                refused_soon(each)
            other.execute("ROLLBACK")
        seconds, answer = call(server, "CreateUser", CollectionId="a", UserId="after")
        assert answer.status == 200
        said = [line for line in server.log.read_text().splitlines() if "the store is" in line]
        assert len(said) == 2, said  # that it was, and that it is over
        assert "Traceback" not in server.log.read_text()
    finally:
        server.stop()


@pytest.fixture
def shared(packs: str, schema: str, tmp_path: Path) -> Iterator[Live]:
    server = live.serve(packs, tmp_path / "data", "--store", schema)
    yield server
    server.stop()


LOCKS = {
    "row": "UPDATE collections SET name = name WHERE name = 'a'",
    "sweeps": "LOCK TABLE sweeps IN ACCESS EXCLUSIVE MODE; UPDATE collections SET name = name WHERE name = 'a'",
    "advisory": "SELECT pg_advisory_lock(1); UPDATE collections SET name = name WHERE name = 'a'",
}


@pytest.mark.parametrize("lock", LOCKS)
def test_an_idle_transaction_on_one_collection_is_no_business_of_others(shared: Live, schema: str, lock: str) -> None:
    make(shared, "a", "b")
    with psycopg.connect(schema) as other:
        other.execute(LOCKS[lock])
        with writers(shared, "a") as refused:
            time.sleep(1)
            for number in range(10):
                seconds, answer = call(shared, "ListCollections")
                assert (answer.status, answer.json["CollectionIds"]) == (200, ["a", "b"])
                assert seconds < READ
                seconds, answer = call(shared, "CreateUser", CollectionId="b", UserId=f"u{number}")
                assert answer.status == 200, answer.body
                assert seconds < 2 * READ
        for each in refused:
            refused_soon(each)
        other.rollback()
    assert call(shared, "CreateUser", CollectionId="a", UserId="after")[1].status == 200


@pytest.mark.parametrize("table", ["collections", "access_keys"])
def test_a_table_that_is_locked_is_an_error_in_seconds_and_over_at_once(shared: Live, schema: str, table: str) -> None:
    make(shared, "a")
    with psycopg.connect(schema) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        for operation, request in (("DescribeCollection", {"CollectionId": "a"}), ("ListCollections", {})):
            seconds, answer = call(shared, operation, **request)
            assert seconds < WRITE
            assert answer.status == 200 or answer.json["__type"] == "ThrottlingException"
        other.rollback()
    assert call(shared, "DescribeCollection", CollectionId="a")[1].status == 200


def test_a_session_of_the_database_that_stands_still_holds_up_nobody_for_long(
    shared: Live, schema: str, postgres: Postgres
) -> None:
    if not postgres.is_ours:
        pytest.skip("the database is somebody else's")
    make(shared, "a", "b")
    with psycopg.connect(schema) as other:
        other.execute("UPDATE collections SET name = name WHERE name = 'a'")
        os.kill(other.info.backend_pid, signal.SIGSTOP)
        try:
            assert call(shared, "CreateUser", CollectionId="b", UserId="u")[1].status == 200
            seconds, answer = call(shared, "CreateUser", CollectionId="a", UserId="u")
            assert (answer.json["__type"], seconds < WRITE) == ("ThrottlingException", True)
        finally:
            os.kill(other.info.backend_pid, signal.SIGCONT)
