"""Makes and changes the tables of a SQLite file, one numbered script at a time, when the store is opened."""

import sqlite3
from importlib import resources
from pathlib import Path

from mien.errors import SetupError
from mien.store.tables.vectors import narrow


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Applies the scripts that a file has not seen, each in a transaction.

    Args:
        connection: to the file.
        path: the file's name in an error.

    Raises:
        SetupError: a newer mien made the file, or it is no database or is locked.
    """
    known = scripts()
    add_functions(connection)
    try:
        (seen,) = connection.execute("PRAGMA user_version").fetchone()
        if seen > len(known):
            raise SetupError(f"The store {path} was made by a newer mien; install that version or a later one.")
        for number, script in enumerate(known[seen:], seen + 1):
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    except sqlite3.DatabaseError as error:
        raise SetupError(f"The store {path} cannot be used: {error}.") from None


def add_functions(connection: sqlite3.Connection) -> None:
    """Registers the SQL functions that the scripts call."""
    connection.create_function("narrow", 1, narrow, deterministic=True)


def scripts() -> list[str]:
    """Returns the scripts in order; a file's `user_version` says how many of them it has seen."""
    folder = resources.files("mien.store.engines") / "sql" / "sqlite"
    found = [(entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return [script for _, script in sorted(found)]
