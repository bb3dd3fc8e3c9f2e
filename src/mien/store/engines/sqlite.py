"""Keeps the store in a SQLite file under the data directory: a write-ahead log, one writer, many readers.

`synchronous=FULL` makes a commit durable against a loss of power as well as of the process. Such a commit waits for
the disk, so threads that write meanwhile share the next one (group commit).
"""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mien.errors import SetupError
from mien.store.base import Cursor, DiskError, StoreRefusedError, StoreUnavailableError, T, Work
from mien.store.engines.apart import Apart
from mien.store.engines.log_size import LogSize, empty_log
from mien.store.engines.outage_log import PROBE, Outage
from mien.store.engines.reserve import Reserve
from mien.store.engines.sqlite_cursor import SqliteCursor
from mien.store.engines.sqlite_migrations import migrate
from mien.store.engines.whereabouts import Whereabouts
from mien.system import private
from mien.system.batching import Batching, Failure

log = logging.getLogger("mien")

WRITING = 3.0  # seconds that a write waits for another process (the `mien` command) that writes
READING = 1.0  # seconds that a read waits for one that locks out readers
AGAIN = 0.1  # seconds that further writes wait while that process continues
FULL = "the disk is full"
_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
_DISK = ("SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class SqliteDatabase:
    """A SQLite file, migrated when opened, and reopened when another file replaces it.

    Args:
        path: of the file.
        apart: locks between the processes of this server.
    """

    clock = "((julianday('now') - 2440587.5) * 86400)"  # from days since 4714 BC

    def __init__(self, path: Path, apart: Apart | None = None) -> None:
        self._path = path
        self._apart = apart or Apart()
        self._group = Batching(self._commit_in_turn)
        self._all: list[sqlite3.Connection] = []
        self._opening = threading.Lock()
        self._is_missed = False
        self._reserve = Reserve(path.with_name(path.name + ".reserve"))
        self._outage = Outage()
        self._log_size = LogSize(path)
        self._full = self._broken = self._is_to_empty = False
        self._busy_until = 0.0
        self._open()

    def _open(self) -> None:
        """Opens or creates the file at the path, for all work that begins from now on."""
        try:
            private.database(self._path)
        except OSError as error:
            raise SetupError(f"The store {self._path} cannot be opened: {error.strerror}.") from None
        writer = self._connect(WRITING)
        try:
            writer.execute("PRAGMA journal_mode = WAL")
            migrate(writer, self._path)
            writer.execute("PRAGMA secure_delete = FAST")  # a page that is split keeps no copy (`portraits.forget`)
        except BaseException:
            writer.close()
            raise
        self._all.append(writer)
        self._writer, self._waits = writer, WRITING
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._there = Whereabouts.of(self._path)  # last: a thread that finds it in place may use the others

    def _reopen_if_replaced(self) -> None:
        """Reopens the file if another one is at the path now.

        Raises:
            StoreUnavailableError: there is no store at the path.
        """
        if self._there.is_in_place():
            return
        with self._opening, self._apart.opening():
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
        """Runs `work` on one consistent state of the data.

        Raises:
            StoreUnavailableError: another process locks out readers, or the disk cannot be read.
        """
        self._reopen_if_replaced()
        readers = self._readers
        reader = self._borrow(readers)
        try:
            reader.execute("BEGIN")
            try:
                return work(SqliteCursor(reader))
            finally:
                reader.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._translated(error) from None
        finally:
            readers.put(reader)

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Runs `work` in one transaction, durable when this returns, undone as a whole when it raises.

        Work of other threads may be in the same transaction; a commit that fails, fails for all of them. On a full disk
        work that frees space uses the reserve, and all other work is refused until there is room.

        Raises:
            DiskError: the disk is full.
            StoreUnavailableError: another process writes for too long, or the disk cannot be written to.
        """
        frees = isinstance(work, Work) and work.frees
        if self._full and not frees and not self.reserve_space():
            raise DiskError(FULL)
        try:
            try:
                result: T = self._group(work)
            except DiskError as error:
                self._full = str(error) == FULL
                if not (frees and self._reserve.spend()):
                    raise
                result = self._group(work)
        except StoreUnavailableError as error:
            self._outage.began(str(error))
            raise
        if not self._full:
            self._outage.over()
        return result

    def reserve_space(self) -> bool:
        """Reserves disk space for deleting on a full disk; returns False if there is no room for it."""
        if self._reserve.hold():
            self._full = False
            return True
        return False

    def probe(self) -> None:
        """Writes a row unchanged; after a damaged page was read, checks first whether all pages are intact again."""
        if self._broken:
            damaged = self.read(lambda cursor: cursor.rows("PRAGMA quick_check(1)")) != [("ok",)]
            if damaged:
                raise StoreRefusedError("the database file is damaged")
            self._broken = False
        self.write(lambda cursor: cursor.run(PROBE))

    def _commit_in_turn(self, works: Sequence[Callable[[Cursor], Any]]) -> list[Any]:
        with self._apart.writing():
            return self._commit(works)

    def _commit(self, works: Sequence[Callable[[Cursor], Any]]) -> list[Any]:
        """Runs pieces of work in one transaction; returns the result of each, or a Failure."""
        writer, results = self._writer, list[Any]()
        try:
            self._reopen_if_replaced()
            writer, there = self._writer, self._there
            self._begin(writer)
            for work in works:
                results.append(self._result(writer, work))
            writer.execute("COMMIT")
            if not there.is_in_place():
                raise StoreUnavailableError("its file was taken away, and what was written with it")
            self._log_size.committed()
            self._is_to_empty |= any(isinstance(work, Work) and work.erases for work in works)
            if self._is_to_empty and time.monotonic() >= self._busy_until:
                self._is_to_empty = not empty_log(writer, self._waits)
                self._busy_until = time.monotonic() + AGAIN * self._is_to_empty
        except BaseException as error:  # noqa: BLE001  raised in every thread whose work it undoes
            undone = Failure(self._translated(error) if isinstance(error, sqlite3.Error) else error)
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            results += [undone] * (len(works) - len(results))
            return [each if isinstance(each, Failure) else undone for each in results]
        return results

    def _begin(self, writer: sqlite3.Connection) -> None:
        """Begins a write; after one that waited too long for another process, further ones wait only briefly."""
        try:
            writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            self._wait(writer, AGAIN)
            raise
        if self._waits != WRITING:
            self._wait(writer, WRITING)

    def _wait(self, writer: sqlite3.Connection, seconds: float) -> None:
        self._waits = seconds
        writer.execute(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")

    def _translated(self, error: sqlite3.Error) -> Exception:
        """Returns the store's error for one of SQLite's; an error in a statement of mien stays as it is."""
        code = getattr(error, "sqlite_errorname", "")
        if code == "SQLITE_FULL":
            return DiskError(FULL)
        if code.startswith(_BROKEN):
            self._broken = True
            self._outage.began(f"the database file is damaged ({code}); restore a backup")
        if code.startswith(_DISK):
            return DiskError(f"the disk does not do what the store asks of it ({code})")
        if code.startswith(_LOCKED):
            return StoreUnavailableError(f"another process locks the database file ({code})")
        return error

    def _result(self, writer: sqlite3.Connection, work: Callable[[Cursor], Any]) -> Any:
        """Runs one piece of work inside the transaction; one that raises is undone alone, and its result a Failure."""
        writer.execute("SAVEPOINT piece")
        result: Any
        try:
            result = work(SqliteCursor(writer))
        except BaseException as error:
            if not writer.in_transaction:
                raise  # SQLite undid the whole transaction, as it may when the disk is full
            result = Failure(self._translated(error) if isinstance(error, sqlite3.Error) else error)
            writer.execute("ROLLBACK TO piece")
        writer.execute("RELEASE piece")
        return result

    def reserve(self, table: str, key: int) -> None:
        """Reserves all keys up to `key` in `table`."""
        statement = "UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?"
        fresh = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)"
        self.write(lambda cursor: cursor.run(statement, key, table) or cursor.run(fresh, table, key))

    def describe(self) -> str:
        """Returns kind, version and place."""
        return f"SQLite {sqlite3.sqlite_version} at {self._path}"

    def close(self) -> None:
        """Closes every connection."""
        for connection in self._all:
            connection.close()

    def _connect(self, busy_timeout: float) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self._path, timeout=busy_timeout, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise SetupError(f"The store {self._path} cannot be opened: {error}.") from None
        return connection

    def _borrow(self, readers: "queue.LifoQueue[sqlite3.Connection]") -> sqlite3.Connection:
        try:
            return readers.get_nowait()
        except queue.Empty:
            reader = self._connect(READING)
            reader.execute("PRAGMA query_only = ON")
            if not self._there.is_in_place():
                reader.close()
                raise StoreUnavailableError("its file is being replaced") from None
            self._all.append(reader)
            return reader
