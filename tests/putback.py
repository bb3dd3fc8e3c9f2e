"""A schema of PostgreSQL put back to an earlier copy of itself, keys and all, as a fail-over to a late one does."""

from contextlib import suppress
from typing import Any

import psycopg

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()"


class Copy:
    """A copy of the schema at an address, held in a schema beside it.

    Args:
        address: of a schema, as `Postgres.schema` gives it.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        with psycopg.connect(address) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._from = str(_one(connection, "SELECT current_schema()"))
            self._name = f"{self._from}_copy"
            connection.execute(f"DROP SCHEMA IF EXISTS {self._name} CASCADE")
            connection.execute(f"CREATE SCHEMA {self._name}")
            self._tables = [str(row[0]) for row in connection.execute(_TABLES).fetchall()]
            for table in self._tables:
                connection.execute(f"CREATE TABLE {self._name}.{table} AS TABLE {table}")
            self._sequences = connection.execute(_SEQUENCES).fetchall()

    def put_back(self, cut: bool = False) -> None:
        """Put the schema back in one step; `cut` ends every session first, as a server that dies does."""
        while True:
            with suppress(psycopg.errors.DeadlockDetected):  # with those who read and write meanwhile
                return self._put_back(cut)

    def _put_back(self, cut: bool) -> None:
        with psycopg.connect(self._address) as connection:
            if cut:
                with suppress(psycopg.Error):
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE application_name = 'mien' AND pid <> pg_backend_pid()"
                    )
            connection.execute(f"LOCK TABLE {', '.join(self._tables)} IN ACCESS EXCLUSIVE MODE")
            for table in self._tables:
                connection.execute(f"DELETE FROM {table}")
                connection.execute(f"INSERT INTO {table} SELECT * FROM {self._name}.{table}")
            for sequence, last in self._sequences:
                connection.execute("SELECT setval(%s, %s, %s)", (sequence, last or 1, last is not None))

    def drop(self) -> None:
        """Remove the copy."""
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {self._name} CASCADE")


def _one(connection: "psycopg.Connection[Any]", statement: str) -> Any:
    return (connection.execute(statement).fetchone() or (None,))[0]
