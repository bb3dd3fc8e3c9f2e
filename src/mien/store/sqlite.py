"""SQLite under the data directory: the store that needs no server. WAL, one writer, as many readers as there are.

`synchronous=FULL` makes a commit durable against a loss of power as well as of the process. Such a commit waits for
the disk, so threads that write while it waits share the next one.
"""

import fcntl
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import IO, Any

from mien.errors import SetupError
from mien.store import private
from mien.store.base import Cursor, Row, StoreUnavailableError, T
from mien.store.group import GroupCommit, Piece
from mien.store.vectors import narrow
from mien.store.whereabouts import Whereabouts

log = logging.getLogger("mien")

_BUSY = 30.0  # seconds a connection waits for another process (the `mien` command) to let go of the write lock


class SqliteCursor:
    """Statements on one connection inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement and give all its rows."""
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        """Run a statement and give its first row."""
        found: Row | None = self._connection.execute(statement, values).fetchone()
        return found

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement and say how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each set of values."""
        self._connection.executemany(statement, values)


class SqliteDatabase:
    """A SQLite file, migrated when opened, and opened again when another file takes its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._group = GroupCommit(self._commit)
        self._all: list[sqlite3.Connection] = []
        self._opening = threading.Lock()
        self._is_missed = False
        self._open()

    def _open(self) -> None:
        """Open what lies at the path, or make it, and let all work that begins from now on use it."""
        try:
            private.database(self._path)
        except OSError as error:
            raise SetupError(f"The store {self._path} cannot be opened: {error.strerror}.") from None
        writer = self._connect()
        try:
            writer.execute("PRAGMA journal_mode = WAL")
            self._migrate(writer)
        except BaseException:
            writer.close()
            raise
        self._all.append(writer)
        self._writer = writer
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._there = Whereabouts.of(self._path)  # last: whoever finds it as it is may use the others

    def _stand(self) -> None:
        """See to it that what is open is what lies at the path.

        Raises:
            StoreUnavailableError: there is no store at the path.
        """
        if self._there.is_in_place():
            return
        with self._opening:
            if self._there.is_in_place():
                return
            try:
                self._there.abandon()
                self._open()
            except (StoreUnavailableError, SetupError, sqlite3.Error) as error:
                if not self._is_missed:
                    log.error(
                        "the store's file was taken away, and what is in its place cannot be used",
                        extra={"facts": {"error": type(error).__name__}},
                    )
                self._is_missed = True
                raise StoreUnavailableError(str(error)) from None
            self._is_missed = False
            log.warning("the store's file was replaced under the running server; the one in its place is open now")

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` on one consistent state of the data."""
        self._stand()
        readers = self._readers
        reader = self._borrow(readers)
        try:
            reader.execute("BEGIN")
            try:
                return work(SqliteCursor(reader))
            finally:
                reader.execute("COMMIT")
        finally:
            readers.put(reader)

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` in one transaction, durable when this returns, undone as a whole when it raises.

        Work of other threads may be in the same transaction; when the commit fails, it fails for all of them.
        """
        return self._group.run(work)

    def _commit(self, pieces: Sequence[Piece]) -> None:
        writer = self._writer
        try:
            self._stand()
            writer, there = self._writer, self._there
            writer.execute("BEGIN IMMEDIATE")
            for piece in pieces:
                self._run(writer, piece)
            writer.execute("COMMIT")
            if not there.is_in_place():
                raise StoreUnavailableError("its file was taken away, and what was written with it")
        except BaseException as error:  # noqa: BLE001  everyone whose work it undoes is told
            for piece in pieces:
                piece.error = piece.error or error
            if writer.in_transaction:
                writer.execute("ROLLBACK")

    def _run(self, writer: sqlite3.Connection, piece: Piece) -> None:
        """Run one piece inside the transaction; one that raises is undone alone."""
        writer.execute("SAVEPOINT piece")
        try:
            piece.result = piece.work(SqliteCursor(writer))
        except BaseException as error:
            if not writer.in_transaction:
                raise  # SQLite undid the whole transaction, as it may when the disk is full
            piece.error = error
            writer.execute("ROLLBACK TO piece")
        writer.execute("RELEASE piece")

    def reserve(self, table: str, key: int) -> None:
        """Give out no key up to `key` in `table` from now on."""
        statement = "UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?"
        fresh = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)"
        self.write(lambda cursor: cursor.run(statement, key, table) or cursor.run(fresh, table, key))

    def describe(self) -> str:
        """Kind, version and place."""
        return f"SQLite {sqlite3.sqlite_version} at {self._path}"

    def close(self) -> None:
        """Close every connection."""
        for connection in self._all:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise SetupError(f"The store {self._path} cannot be opened: {error}.") from None
        return connection

    def _borrow(self, readers: "queue.LifoQueue[sqlite3.Connection]") -> sqlite3.Connection:
        try:
            return readers.get_nowait()
        except queue.Empty:
            reader = self._connect()
            reader.execute("PRAGMA query_only = ON")
            if not self._there.is_in_place():
                reader.close()
                raise StoreUnavailableError("its file is being replaced") from None
            self._all.append(reader)
            return reader

    def _migrate(self, writer: sqlite3.Connection) -> None:
        """Apply the migrations that this file has not seen, each in a transaction of its own."""
        scripts = migrations()
        writer.create_function("narrow", 1, narrow, deterministic=True)
        try:
            (seen,) = writer.execute("PRAGMA user_version").fetchone()
            if seen > len(scripts):
                raise SetupError(
                    f"The store {self._path} was made by a newer mien; install that version or a later one."
                )
            for number, script in enumerate(scripts[seen:], seen + 1):
                writer.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.DatabaseError as error:
            raise SetupError(f"The store {self._path} cannot be used: {error}.") from None


def migrations() -> list[str]:
    """The scripts that make the tables, in order; a file's `user_version` says how many it has seen."""
    folder = resources.files("mien.store") / "sql" / "sqlite"
    scripts = [(entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return [script for _, script in sorted(scripts)]


class DirectoryLock:
    """A lock on a data directory, held for the life of a server; the system lets go of it when the process dies."""

    def __init__(self, directory: Path) -> None:
        path = directory / "lock"
        private.file(path)
        self._file: IO[str] = path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise SetupError(
                f"The data directory {directory} is in use by another mien (process {holder or 'unknown'}); "
                "stop it, or name another directory with --data."
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let go of the directory."""
        self._file.close()
