"""Runs the statements of a piece of work on a connection to SQLite."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from mien.store.base import Row


class SqliteCursor:
    """Runs statements on one connection inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Runs a statement and returns all its rows."""
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        """Runs a statement and returns its first row."""
        found: Row | None = self._connection.execute(statement, values).fetchone()
        return found

    def run(self, statement: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Runs a statement once for each set of values."""
        self._connection.executemany(statement, values)
