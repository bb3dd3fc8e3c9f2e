"""Runs the statements of a piece of work on a connection to PostgreSQL."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from mien.store.base import Row


class AnotherStatementError(Exception):
    """A read has more than one statement, and needs a transaction."""


class PostgresCursor:
    """Runs statements on one connection inside a transaction, with values in PostgreSQL's binary form."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._cursor = connection.cursor(binary=True)

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Runs a statement and returns all its rows."""
        return self._executed(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        """Runs a statement and returns its first row."""
        found: Row | None = self._executed(statement, values).fetchone()
        return found

    def run(self, statement: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed."""
        return self._executed(statement, values).rowcount

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Runs a statement once for each set of values."""
        self._cursor.executemany(_translated(statement), values)

    def _executed(self, statement: str, values: Sequence[Any]) -> "psycopg.Cursor[Any]":
        return self._cursor.execute(_translated(statement), values)


class FirstStatement(PostgresCursor):
    """Runs one statement without a transaction, and refuses a second."""

    _is_used = False

    def _executed(self, statement: str, values: Sequence[Any]) -> "psycopg.Cursor[Any]":
        if self._is_used:
            raise AnotherStatementError
        self._is_used = True
        return super()._executed(statement, values)


def _translated(statement: str) -> str:
    """Replaces our placeholder for a parameter by psycopg's."""
    return statement.replace("%", "%%").replace("?", "%s")
