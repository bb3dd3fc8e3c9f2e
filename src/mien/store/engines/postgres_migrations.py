"""Makes and changes the tables of a PostgreSQL database, one numbered script at a time, when the store is opened.

A row of the table `schema_version` says how many scripts were applied. A server locks that row until its script is
committed, so of many servers that start at once one applies each script and the others find it applied. A row lock
works on every database that speaks PostgreSQL's protocol; advisory locks do not.
"""

import logging
from importlib import resources
from typing import Any

import psycopg
from psycopg import errors

from mien.errors import SetupError

log = logging.getLogger("mien")

LOCK_WAIT = 5.0  # seconds that a script waits for a lock before the wait is logged
WAITS = "the migration of the store waits for a lock that another connection holds (see pg_locks)"
_TRIES = 20  # of a script that other servers keep applying at the same moment
_RACES = (  # CREATE TABLE IF NOT EXISTS is not atomic: it may find the table, its type or their names taken
    errors.UniqueViolation,
    errors.DuplicateTable,
    errors.DuplicateObject,
    errors.SerializationFailure,
    errors.DeadlockDetected,
)


def migrate(connection: "psycopg.Connection[Any]", place: str) -> None:
    """Applies the scripts that a database has not seen, each in a transaction.

    Args:
        connection: to the database, in autocommit mode.
        place: the database's name in an error.

    Raises:
        SetupError: a newer mien made the tables.
    """
    known = scripts()
    connection.execute(f"SET lock_timeout = {1000 * LOCK_WAIT:.0f}")
    for _ in range(_TRIES):
        try:
            _prepare(connection)
            while _apply_next(connection, known, place):
                pass
            return
        except errors.LockNotAvailable:
            log.warning(WAITS, extra={"facts": {"store": place, "seconds": LOCK_WAIT}})
            connection.execute("SET lock_timeout = 0")
        except _RACES:
            continue  # another server was faster; see what it did
    raise SetupError(f"The store {place} cannot be migrated: other servers keep changing it.")


def scripts() -> list[str]:
    """Returns the scripts in order."""
    folder = resources.files("mien.store.engines") / "sql" / "postgres"
    found = [(entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return [script for _, script in sorted(found)]


def _prepare(connection: "psycopg.Connection[Any]") -> None:
    """Makes the table of the version unless it exists, and takes no lock where nothing is to be done."""
    if connection.execute("SELECT to_regclass('schema_version')").fetchone() == (None,):
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (one INT PRIMARY KEY, version INT NOT NULL)")
    connection.execute("INSERT INTO schema_version (one, version) VALUES (1, 0) ON CONFLICT (one) DO NOTHING")


def _apply_next(connection: "psycopg.Connection[Any]", known: list[str], place: str) -> bool:
    """Applies the next script in a transaction; returns False when none is left."""
    with connection.transaction():
        row = connection.execute("SELECT version FROM schema_version WHERE one = 1 FOR UPDATE").fetchone()
        version = int(row[0]) if row else 0
        if version > len(known):
            raise SetupError(f"The store {place} was made by a newer mien; install that version or a later one.")
        if version == len(known):
            return False
        connection.execute(known[version])
        connection.execute("UPDATE schema_version SET version = version + 1 WHERE one = 1")
    return True
