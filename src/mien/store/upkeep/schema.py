"""Compares the schema of a foreign SQLite file with mien's before a statement is run on it.

A foreign trigger, view or generated column would run with the first statement on its table, and stay. So the schema
must equal, word by word, the one that the same migrations make of an empty file.
"""

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from mien.errors import SetupError
from mien.store.engines.sqlite_migrations import add_functions, scripts

_MOST_OBJECTS, _MOST_TEXT = 1000, 1 << 16  # far beyond mien's
_MOST_KEY = 2**53  # given out by a file: SQLite's own limit would leave no keys for new rows

_FULL = "SELECT 1 FROM sqlite_sequence WHERE typeof(seq) <> 'integer' OR seq NOT BETWEEN 0 AND ?"

Objects = set[tuple[str, str, str, str]]  # kind, name, table, and statement


def refuse_foreign(path: Path, shown: Path) -> None:
    """Raises unless a file has exactly the schema of its version.

    Args:
        path: the file.
        shown: its name in a message.

    Raises:
        SetupError: this mien does not know its version, or its schema is another.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_TEXT)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        encoding = connection.execute("PRAGMA encoding").fetchone()[0]
        if not 0 < version <= len(scripts()):
            raise SetupError(f"{shown} is not a store that this version of mien can read.")
        there, ours = _objects(connection), _schema(version)
        full = there == ours and connection.execute(_FULL, (_MOST_KEY,)).fetchone()
    strange = sorted(there - ours) or sorted(ours - there)
    if strange or encoding != "UTF-8":
        kind, name = strange[0][:2] if strange else ("encoding", encoding)
        raise SetupError(
            f"{shown} is not as mien makes it: the {kind} {_printable(name)} is not in a store of version {version}, "
            "or is there in another form. A file from elsewhere may contain statements that run by themselves, so "
            "nothing of it was taken; bring its collections with `mien export` and `mien import`."
        )
    if full:
        raise SetupError(f"{shown} gave out keys beyond {_MOST_KEY}: none are left for new faces. Nothing was taken.")


def _schema(version: int) -> Objects:
    """Returns the schema that the first migrations make of an empty file."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        add_functions(connection)
        for script in scripts()[:version]:
            connection.executescript(script)
        return _objects(connection)


def _objects(connection: sqlite3.Connection) -> Objects:
    statement = "SELECT type, name, tbl_name, COALESCE(sql, '') FROM sqlite_master"
    found: Iterable[tuple[str, str, str, str]] = connection.execute(statement).fetchmany(_MOST_OBJECTS)
    return {(kind, name, table, _words(sql)) for kind, name, table, sql in found}


def _words(sql: str) -> str:
    """Returns a statement without line breaks and comments, which may be reworded."""
    return " ".join(re.sub("--[^\n]*", "", sql).split())


def _printable(name: str) -> str:
    return name[:60] if name.isprintable() else name[:60].encode("unicode_escape").decode()
