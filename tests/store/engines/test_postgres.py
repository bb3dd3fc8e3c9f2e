"""PostgreSQL from below: made once by many, silent about passwords, and an error within seconds when it is away."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from mien.errors import SetupError
from mien.store import open as stores
from mien.store.base import Cursor, OutcomeUnknownError, StoreRefusedError, StoreUnavailableError
from mien.store.engines import postgres_migrations
from mien.store.open import Store
from tests.congruence import faces
from tests.postgres import Postgres
from tests.proxy import Proxy

SECRET = "tiger-burning"


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[Proxy]:
    made = Proxy(postgres.socket)
    yield made
    made.close()


@pytest.fixture
def far(proxy: Proxy, schema: str) -> Iterator[Store]:
    """A store behind the proxy."""
    with psycopg.connect(schema) as connection:
        info = connection.info.get_parameters()
    parts = f"host=127.0.0.1&port={proxy.port}&user={info['user']}&dbname={info['dbname']}"
    options = schema.partition("options=")[2]
    store = stores.open_store(f"postgresql:///?{parts}&options={options}&password={SECRET}", "")
    with closing(store.database):
        yield store


@pytest.mark.parametrize("_", range(5))
def test_of_many_who_make_the_tables_each_finds_them_made(schema: str, _: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda number: stores.open_store(schema, "", 1), range(8)))
    for store in opened:
        with closing(store.database):
            faces.make(store, str(id(store)))
    with psycopg.connect(schema) as connection:
        known = postgres_migrations.scripts()
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(len(known),)]


def test_a_migration_that_waits_for_a_lock_says_so(
    schema: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stores.open_store(schema, "", 1).database.close()
    monkeypatch.setattr(postgres_migrations, "LOCK_WAIT", 0.2)
    with ThreadPoolExecutor(1) as pool, psycopg.connect(schema) as connection:
        connection.execute("SELECT 1 FROM schema_version FOR UPDATE")
        opening = pool.submit(stores.open_store, schema, "", 1)
        with pytest.raises(TimeoutError):
            opening.result(1.0)
        connection.rollback()
        opening.result(10).database.close()
    assert [record.message for record in caplog.records].count(postgres_migrations.WAITS) == 1


def test_a_database_of_a_newer_mien_is_refused(schema: str) -> None:
    stores.open_store(schema, "", 1).database.close()
    with psycopg.connect(schema) as connection:
        connection.execute("UPDATE schema_version SET version = version + 1")
    with pytest.raises(SetupError, match="made by a newer mien"):
        stores.open_store(schema, "", 1)


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://scott:{SECRET}@127.0.0.1:1/db",
        f"postgresql://scott:{SECRET}%zz@127.0.0.1:1/db",
        f"postgresql://scott:{SECRET}@127.0.0.1:1/db?{SECRET}=1",
        f"postgres://scott:{SECRET}@/db?host=/nowhere",
    ],
)
def test_a_database_that_cannot_be_had_is_one_sentence_without_the_password(address: str) -> None:
    with pytest.raises(SetupError) as caught:
        stores.open_store(address, "")
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_password_is_in_no_description(far: Store) -> None:
    assert SECRET not in far.database.describe()
    assert "127.0.0.1" in far.database.describe()


def test_an_error_of_the_database_passes_on_no_values(far: Store) -> None:
    with pytest.raises(StoreRefusedError) as caught:
        far.database.write(lambda cursor: cursor.run("UPDATE collections SET id = ?", "somebody's name"))
    assert "somebody" not in str(caught.value)


def test_what_is_acknowledged_is_on_disk(far: Store) -> None:
    assert far.database.write(lambda cursor: cursor.row("SHOW synchronous_commit")) == ("on",)


def test_a_read_of_one_statement_is_one_journey(far: Store, proxy: Proxy) -> None:
    far.database.read(lambda cursor: cursor.row("SELECT 1"))
    proxy.slow(0.1)
    started = time.monotonic()
    assert far.database.read(lambda cursor: cursor.row("SELECT 1")) == (1,)
    assert time.monotonic() - started < 0.35  # there and back; three journeys would take 0.6


def test_a_connection_that_was_cut_is_replaced_without_a_word(far: Store, proxy: Proxy) -> None:
    key = faces.make(far)
    for number in range(5):
        proxy.cut()
        faces.add(far, key, number, [faces.face()])
        proxy.cut()
        assert len(faces.everyone(far, key)) == number + 1


@pytest.mark.parametrize("word", [b"UPDATE collections", b"INSERT INTO faces", b"INSERT INTO embeddings"])
def test_a_transaction_that_is_cut_in_the_middle_is_done_again_and_once(far: Store, proxy: Proxy, word: bytes) -> None:
    key = faces.make(far)
    proxy.cut_at(word)
    faces.add(far, key, 1, [faces.face(0), faces.face(1)])
    assert faces.counted(far) == len(faces.everyone(far, key)) == 2


def test_a_cut_in_the_commit_is_not_done_again_by_itself(far: Store, proxy: Proxy) -> None:
    key = faces.make(far)
    proxy.cut_at(b"COMMIT\0")  # not that of READ COMMITTED
    with pytest.raises(OutcomeUnknownError):
        faces.add(far, key, 1, [faces.face()])
    assert faces.counted(far) == len(faces.everyone(far, key)) == 1  # here it had been kept, only not answered
    faces.add(far, key, 1, [faces.face()])  # and the caller's next try finds it
    assert len(faces.everyone(far, key)) == 1


def test_a_database_that_refuses_is_an_error_in_seconds_and_back_at_once(far: Store, proxy: Proxy) -> None:
    key = faces.make(far)
    proxy.refuse()
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        faces.add(far, key, 1, [faces.face()])
    assert time.monotonic() - started < 12
    proxy.accept()
    faces.add(far, key, 1, [faces.face()])
    assert len(faces.everyone(far, key)) == 1


def test_who_waits_while_the_pool_gives_up_connecting_is_served_when_the_database_is_back(
    far: Store, proxy: Proxy
) -> None:
    """The first to meet the outage has the pool connect for five seconds; the second waits for that, and goes on."""
    key = faces.make(far)
    proxy.refuse()
    with ThreadPoolExecutor(8) as pool:
        first = [pool.submit(faces.add, far, key, number, [faces.face()]) for number in range(4)]
        time.sleep(4)
        second = pool.submit(faces.add, far, key, 9, [faces.face()])
        assert all(isinstance(each.exception(), StoreUnavailableError) for each in first)
        time.sleep(1)  # until nobody connects any more
        proxy.accept()
        second.result()
    assert len(faces.everyone(far, key)) == 1


def test_a_silent_database_is_an_error_in_seconds_and_back_at_once(far: Store, proxy: Proxy) -> None:
    key = faces.make(far)
    proxy.silence()
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        faces.add(far, key, 1, [faces.face()])
    assert 5 < time.monotonic() - started < 20
    proxy.accept()
    faces.add(far, key, 1, [faces.face()])
    assert len(faces.everyone(far, key)) == 1


def test_a_transaction_that_somebody_abandoned_does_not_hold_up_others_for_ever(schema: str) -> None:
    """Somebody stops in the middle, as a machine does that loses its power: its lock is taken from it."""
    with (
        closing((dead := stores.open_store(schema, "", 1)).database),
        closing((alive := stores.open_store(schema, "", 1)).database),
    ):
        key, holding, over = faces.make(alive), threading.Event(), threading.Event()

        def work(cursor: Cursor) -> None:
            cursor.run("UPDATE collections SET revision = revision + 1 WHERE id = ?", key)
            holding.set()
            over.wait(60)
            cursor.run("UPDATE collections SET revision = revision + 1 WHERE id = ?", key)

        with ThreadPoolExecutor(1) as pool:
            last_words = pool.submit(dead.database.write, work)
            assert holding.wait(10)
            until = time.monotonic() + 30
            while True:
                try:
                    faces.add(alive, key, 1, [faces.face()])
                    break
                except StoreUnavailableError:
                    assert time.monotonic() < until
            over.set()  # the dead one wakes up again, and finds its transaction gone
            with pytest.raises(StoreUnavailableError):
                last_words.result(30)
        assert alive.faces.revision(key) == 1
