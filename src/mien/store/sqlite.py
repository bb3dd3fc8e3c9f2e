"""SQLite under the data directory: the store that needs no server. WAL, one writer, as many readers as there are.

`synchronous=FULL` makes a commit durable against a loss of power as well as of the process. Such a commit waits for
the disk, so threads that write while it waits share the next one.
"""

import fcntl
import os
import queue
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import IO, Any

from mien.errors import SetupError
from mien.store.base import Cursor, Row, T
from mien.store.group import GroupCommit, Piece
from mien.store.vectors import narrow

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
    """A SQLite file, migrated when opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._group = GroupCommit(self._commit)
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._migrate()
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._all = [self._writer]

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` on one consistent state of the data."""
        reader = self._borrow()
        try:
            reader.execute("BEGIN")
            try:
                return work(SqliteCursor(reader))
            finally:
                reader.execute("COMMIT")
        finally:
            self._readers.put(reader)

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` in one transaction, durable when this returns, undone as a whole when it raises.

        Work of other threads may be in the same transaction; when the commit fails, it fails for all of them.
        """
        return self._group.run(work)

    def _commit(self, pieces: Sequence[Piece]) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for piece in pieces:
                self._run(piece)
            self._writer.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001  everyone whose work it undoes is told
            for piece in pieces:
                piece.error = piece.error or error
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    def _run(self, piece: Piece) -> None:
        """Run one piece inside the transaction; one that raises is undone alone."""
        self._writer.execute("SAVEPOINT piece")
        try:
            piece.result = piece.work(SqliteCursor(self._writer))
        except BaseException as error:
            if not self._writer.in_transaction:
                raise  # SQLite undid the whole transaction, as it may when the disk is full
            piece.error = error
            self._writer.execute("ROLLBACK TO piece")
        self._writer.execute("RELEASE piece")

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

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._readers.get_nowait()
        except queue.Empty:
            reader = self._connect()
            reader.execute("PRAGMA query_only = ON")
            self._all.append(reader)
            return reader

    def _migrate(self) -> None:
        """Apply the migrations that this file has not seen, each in a transaction of its own."""
        scripts = migrations()
        self._writer.create_function("narrow", 1, narrow, deterministic=True)
        try:
            (seen,) = self._writer.execute("PRAGMA user_version").fetchone()
            if seen > len(scripts):
                raise SetupError(
                    f"The store {self._path} was made by a newer mien; install that version or a later one."
                )
            for number, script in enumerate(scripts[seen:], seen + 1):
                self._writer.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
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
        self._file: IO[str] = (directory / "lock").open("a+")
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
