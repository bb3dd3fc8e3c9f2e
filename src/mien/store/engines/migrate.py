"""The tables of a PostgreSQL database, made and changed step by step by whichever server comes first.

A row of the table `schema_version` says which steps are done. Whoever takes a step holds that row's lock until the
step is committed with it, so of many servers that start at once one takes each step and the others find it taken. A
row lock is what every engine has that speaks like PostgreSQL; advisory locks are not.
"""

from importlib import resources
from typing import Any

import psycopg
from psycopg import errors

from mien.errors import SetupError

_TRIES = 20  # of a step that others keep taking at the same moment
_RACES = (  # CREATE TABLE IF NOT EXISTS is not made for company: it may find the table, its type or their names taken
    errors.UniqueViolation,
    errors.DuplicateTable,
    errors.DuplicateObject,
    errors.SerializationFailure,
    errors.DeadlockDetected,
)


def migrate(connection: "psycopg.Connection[Any]", place: str) -> None:
    """Bring the tables of `connection`'s database up to date; `place` is what it is called in an error.

    Raises:
        SetupError: a newer mien made them.
    """
    scripts = steps()
    for _ in range(_TRIES):
        try:
            _prepare(connection)
            while _take_step(connection, scripts, place):
                pass
            return
        except _RACES:
            continue  # another server was faster; see what it did
    raise SetupError(f"The store {place} cannot be migrated: other servers keep changing it.")


def steps() -> list[str]:
    """The steps in order, each a script of statements."""
    folder = resources.files("mien.store.engines") / "sql" / "postgres"
    scripts = [(entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return [script for _, script in sorted(scripts)]


def _prepare(connection: "psycopg.Connection[Any]") -> None:
    """Make the table of the version, unless it is there; where nothing is to be done, nothing is locked."""
    if connection.execute("SELECT to_regclass('schema_version')").fetchone() == (None,):
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (one INT PRIMARY KEY, version INT NOT NULL)")
    connection.execute("INSERT INTO schema_version (one, version) VALUES (1, 0) ON CONFLICT (one) DO NOTHING")


def _take_step(connection: "psycopg.Connection[Any]", scripts: list[str], place: str) -> bool:
    """Take the next step in a transaction of its own; False when none is left."""
    with connection.transaction():
        row = connection.execute("SELECT version FROM schema_version WHERE one = 1 FOR UPDATE").fetchone()
        version = int(row[0]) if row else 0
        if version > len(scripts):
            raise SetupError(f"The store {place} was made by a newer mien; install that version or a later one.")
        if version == len(scripts):
            return False
        connection.execute(scripts[version])
        connection.execute("UPDATE schema_version SET version = version + 1 WHERE one = 1")
    return True
