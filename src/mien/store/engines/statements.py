"""Statements on a connection to PostgreSQL: what a piece of work is handed there."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from mien.store.base import Row


class AnotherStatementError(Exception):
    """A read turns out to have more than one statement, and needs a transaction."""


class PostgresCursor:
    """Statements on one connection inside a transaction. Values travel in PostgreSQL's binary form."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._cursor = connection.cursor(binary=True)

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement and give all its rows."""
        return self._executed(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        """Run a statement and give its first row."""
        found: Row | None = self._executed(statement, values).fetchone()
        return found

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement and say how many rows it changed."""
        return self._executed(statement, values).rowcount

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each set of values."""
        self._cursor.executemany(_translated(statement), values)

    def _executed(self, statement: str, values: Sequence[Any]) -> "psycopg.Cursor[Any]":
        return self._cursor.execute(_translated(statement), values)


class FirstStatement(PostgresCursor):
    """Runs one statement without a transaction; a second is refused."""

    _is_used = False

    def _executed(self, statement: str, values: Sequence[Any]) -> "psycopg.Cursor[Any]":
        if self._is_used:
            raise AnotherStatementError
        self._is_used = True
        return super()._executed(statement, values)


def _translated(statement: str) -> str:
    """psycopg's sign for a parameter in place of ours."""
    return statement.replace("%", "%%").replace("?", "%s")
