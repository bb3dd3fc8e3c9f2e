"""Keeps the store in PostgreSQL, or an engine with its protocol, where many servers share it. Needs no extension.

Three things differ from a file. Other servers write at the same time, so work that meets a conflict is run again. The
database may be away, slow or replaced by its standby, so every failure becomes an error within seconds; work whose
connection is lost before COMMIT is sent has had no effect and is run again. And each statement is a round trip, so
most reads are one statement, which sees one state without a transaction.
"""

import itertools
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg import conninfo, errors
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from mien.errors import SetupError
from mien.store.base import Cursor, OutcomeUnknownError, StoreRefusedError, StoreUnavailableError, T, Work
from mien.store.engines.outage_log import PROBE, Outage
from mien.store.engines.postgres_migrations import migrate
from mien.store.engines.statements import AnotherStatementError, FirstStatement, PostgresCursor
from mien.store.engines.turns import Turns

RETRYING = 5.0  # seconds to wait for a connection, and to run work again
CONNECTING = 3  # seconds for one attempt to connect
STATEMENT = 10.0  # seconds for a statement, by the server's clock
ASKING = 1.0  # seconds after which a waiting thread requests a connection again
SILENCE = 12.0  # seconds after which a server that does not answer is given up
ABANDONED = 10.0  # seconds after which the server ends an idle transaction and frees its locks
WAITING, READERS = 2.0, 1.0  # seconds that a write and a read wait for a lock
_FIRST_PAUSE, _LONGEST_PAUSE = 0.004, 0.2  # seconds before work is tried again, doubling

# A dead peer is noticed on an idle connection too. The operator may set other values in the address.
_DEFAULTS = {
    "application_name": "mien", "connect_timeout": CONNECTING, "keepalives_idle": 10, "keepalives_interval": 3,
    "keepalives_count": 3,
}  # fmt: skip
# An acknowledged write is on disk, even if the database's default is not to wait for it.
_SESSION = f"""
SET statement_timeout = {1000 * STATEMENT:.0f};
SET idle_in_transaction_session_timeout = {1000 * ABANDONED:.0f};
SET default_transaction_read_only = on;
SET lock_timeout = {{}};
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"

Result = TypeVar("Result")
_CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected)


class Connection(psycopg.Connection[Any]):
    """A connection that gives up on a silent server, against which the server's timeouts do not help."""

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        """Waits for the server's answer, at most SILENCE seconds by default."""
        return super().wait(gen, interval, timeout or SILENCE)


class _AgainError(Exception):
    """The work had no effect and may be run again; the text is the reason."""


class PostgresDatabase:
    """A PostgreSQL database, migrated when opened.

    Args:
        address: postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or any other form that libpq accepts.
        connections: for reads, and for writes, at most.

    Raises:
        SetupError: it cannot be reached or used.
    """

    clock = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"

    def __init__(self, address: str, connections: int) -> None:
        self._info = _parsed(address)
        self._version = self._migrated()
        self._reading = self._pool(1, connections, READERS)
        self._writing = self._pool(0, connections, WAITING)
        self._turns = Turns()
        self._outage = Outage()

    def _pool(self, least: int, most: int, lock_timeout: float) -> "ConnectionPool[Connection]":
        """Opens a connection pool for reads or for writes, so that waiting writes do not block reads."""
        return ConnectionPool(
            "", connection_class=Connection, kwargs=self._info | {"autocommit": True},
            configure=partial(_configure, lock_timeout), min_size=least, max_size=max(1, most), timeout=RETRYING,
            reconnect_timeout=RETRYING, name="store", open=True,
        )  # fmt: skip

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Runs `work` on one consistent state of the data, possibly twice."""

        def once(connection: Connection) -> T:
            try:
                return work(FirstStatement(connection))
            except AnotherStatementError:
                return _transaction(connection, _READ, work)

        return self._run(once, self._reading)

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Runs `work` in one transaction, durable when this returns, undone as a whole when it raises.

        Raises:
            OutcomeUnknownError: the connection was lost while the transaction was being committed.
        """
        collection = work.collection if isinstance(work, Work) else None

        def once(connection: Connection) -> T:
            with self._turns.take(collection):
                return _transaction(connection, _WRITE, work)

        return self._run(once, self._writing)

    def probe(self) -> None:
        """Writes a row unchanged."""
        self.write(lambda cursor: cursor.run(PROBE))

    def reserve(self, table: str, key: int) -> None:
        """Reserves all keys up to `key` in `table`."""
        statement = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), ?)"
        if key > 0:
            self.write(lambda cursor: cursor.row(statement, key))

    def describe(self) -> str:
        """Returns kind, version and place, without a password."""
        return f"PostgreSQL {self._version} at {_place(self._info)}"

    def close(self) -> None:
        """Closes every connection."""
        self._reading.close()
        self._writing.close()

    def _run(self, once: Callable[[Connection], T], pool: "ConnectionPool[Connection]") -> T:
        """Runs a piece of work, and logs if the database goes away or comes back."""
        try:
            result = self._repeated(once, pool)
        except StoreUnavailableError as error:
            self._outage.began(str(error))
            raise
        self._outage.over()
        return result

    def _repeated(self, once: Callable[[Connection], T], pool: "ConnectionPool[Connection]") -> T:
        """Runs a piece of work, and repeats it where that is safe and likely to help."""
        until = time.monotonic() + RETRYING
        for attempt in itertools.count():
            try:
                return self._on_a_connection(once, pool)
            except _AgainError as error:
                if time.monotonic() > until:
                    raise StoreUnavailableError(str(error)) from None
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)))  # noqa: S311  no secret
        raise AssertionError

    def _on_a_connection(self, once: Callable[[Connection], T], pool: "ConnectionPool[Connection]") -> T:
        connection = self._connection(pool)
        try:
            return once(connection)
        except psycopg.Error as error:
            _undo(connection)
            raise _translated(error, connection.closed) from None
        except BaseException:
            _undo(connection)
            raise
        finally:
            pool.putconn(connection)

    def _connection(self, pool: "ConnectionPool[Connection]") -> Connection:
        """Waits for a connection.

        It is requested repeatedly: a pool that gave up connecting while a thread waits tries again only on the next
        request.
        """
        until = time.monotonic() + RETRYING
        while True:
            try:
                return pool.getconn(ASKING)
            except PoolClosed:
                break
            except PoolTimeout:
                if time.monotonic() >= until:
                    break
        raise StoreUnavailableError(f"no connection to {_place(self._info)} within {RETRYING:.0f} s")

    def _migrated(self) -> str:
        """Migrates the tables on a connection without our timeouts, and returns the server's version."""
        place = _place(self._info)
        try:
            with psycopg.connect("", **self._info, autocommit=True) as connection:
                migrate(connection, place)
                return connection.info.parameter_status("server_version") or "of an unknown version"
        except psycopg.Error as error:
            raise _unusable(self._info, error) from None


def asked_once(address: str, query: str) -> list[Any]:
    """Returns the rows of a query on a database that may have no tables yet, over a connection of its own.

    Raises:
        SetupError: it cannot be reached.
    """
    info = _parsed(address)
    try:
        with psycopg.connect("", **info, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()
    except (errors.UndefinedTable, errors.UndefinedColumn):
        return []
    except psycopg.Error as error:
        raise _unusable(info, error) from None


def _unusable(info: dict[str, Any], error: psycopg.Error) -> SetupError:
    why = (str(error).strip() or type(error).__name__).splitlines()[0]
    return SetupError(f"The store {_place(info)} cannot be used: {why}.")


def _transaction(connection: Connection, begin: str, work: Callable[[Cursor], T]) -> T:
    try:
        connection.execute(begin)
    except psycopg.Error:
        connection.close()  # a standby refuses to begin a write; another connection may reach the primary
        raise
    result = work(PostgresCursor(connection))
    try:
        done = connection.execute("COMMIT").statusmessage
    except _CONFLICTS:
        raise
    except psycopg.Error as error:
        if begin == _WRITE:
            raise OutcomeUnknownError(f"the connection was lost in a COMMIT ({type(error).__name__})") from None
        raise
    if done != "COMMIT":
        raise AssertionError(f"COMMIT was answered with {done}.")  # the work suppressed a failed statement
    return result


def _undo(connection: Connection) -> None:
    """Rolls back an open transaction, and closes a connection whose state is unknown."""
    if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()
    elif connection.info.transaction_status != TransactionStatus.IDLE:
        connection.close()


def _translated(error: psycopg.Error, lost: bool) -> Exception:
    """Returns the store's error for one of PostgreSQL's, without its text, which may contain values."""
    said = f"{type(error).__name__} {error.sqlstate or ''}".strip()
    if isinstance(error, (*_CONFLICTS, errors.UniqueViolation)):
        return _AgainError(f"others kept changing the same rows ({said})")  # expected violations have ON CONFLICT
    if lost:
        return _AgainError(f"the connection to the database was lost ({said})")
    if isinstance(error, psycopg.OperationalError):
        return StoreUnavailableError(f"the database cannot do it now ({said})")
    return StoreRefusedError(f"PostgreSQL refused a statement: {said}")


def _configure(lock_timeout: float, connection: Connection) -> None:
    connection.execute(_SESSION.format(f"{1000 * lock_timeout:.0f}"))


def _parsed(address: str) -> dict[str, Any]:
    try:
        return _DEFAULTS | conninfo.conninfo_to_dict(address)
    except psycopg.Error:  # whose text may hold the password
        raise SetupError(
            "The store's address cannot be read; it should be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with "
            "signs such as @ or / in the password written as %40 or %2F."
        ) from None


def _place(info: dict[str, Any]) -> str:
    name = str(info.get("host") or "localhost")
    host = f"[{name}]" if ":" in name else name
    host += f":{info['port']}" if info.get("port") else ""
    return f"postgresql://{host}/{info.get('dbname') or info.get('user') or ''}"
