"""Copies a whole store into another of any kind: every row under its key, in the order of keys.

The target always has the first rows of the source, so a copy that was killed continues after the last row it finds.
Collections are copied last, since rows without their collection are invisible to callers. A table `copying` in the
target names the source until all rows have been read back and compared.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from mien.errors import SetupError
from mien.store.base import Cursor, Database, Row
from mien.store.tables import face_columns

BATCH = 5_000  # rows in memory, and in one transaction


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, the columns of its primary key, and the others."""

    name: str
    key: tuple[str, ...]
    rest: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, those of the key first."""
        return self.key + self.rest


# All but `snapshots`, whose files are beside one server, tables that servers fill by themselves, and what is brief
# (`backup.BRIEF`).
TABLES = (
    Table("faces", ("id",), ("collection", "user_key", "revision", *face_columns.NAMES)),
    Table("embeddings", ("face",), ("vector", "checksum")),
    Table("portraits", ("face",), ("picture",)),
    Table("portrait_keys", ("id",), ("collection", "live", "key")),
    Table("removals", ("collection", "revision", "face")),
    Table("histories", ("collection", "revision"), ("id",)),
    Table("users", ("id",), ("collection", "name", "faces", "display_name", "portrait")),
    Table("user_vectors", ("id",), ("collection", "user_key", "revision", "vector", "checksum")),
    Table("user_removals", ("collection", "revision", "vector")),
    Table("verdicts", ("id",), ("collection", "verdict")),
    Table("judged_faces", ("collection", "verdict", "side", "face")),
    Table("judged_users", ("collection", "verdict", "side"), ("user_key",)),
    Table("hidden_faces", ("face",), ("collection",)),
    Table("tags", ("collection", "tag"), ("value",)),
    Table("tokens", ("account", "operation", "token"), ("parameters", "answer", "created")),
    Table("sweeps", ("collection",)),
    Table("seals", ("key",)),
    Table(
        "access_keys",
        ("access_key",),
        ("name", "account", "secret", "operations", "collections", "rate", "created", "revoked", "buckets", "expires",
         "used"),
    ),
    Table(
        "collections",
        ("id",),
        ("account", "name", "contract", "model_version", "created", "revision", "faces", "users", "floor", "history"),
    ),
)  # fmt: skip
# The columns that show which keys were given out, also for deleted rows; those are reserved in the target.
_ISSUED = {
    "collections": (("collections", "id"), ("sweeps", "collection")),
    "faces": (("faces", "id"), ("removals", "face")),
    "portrait_keys": (("portrait_keys", "id"),),
    "users": (("users", "id"),),
    "verdicts": (("verdicts", "id"),),
    "user_vectors": (("user_vectors", "id"), ("user_removals", "vector")),
}


def transfer(source: Database, target: Database, say: Callable[[str], None]) -> None:
    """Copies all tables, compares them, and makes the target usable.

    Args:
        source: the store to copy, which must not change meanwhile.
        target: empty, or with a part of the same source from an unfinished copy.
        say: receives a line for each step.

    Raises:
        SetupError: the target has other rows, or differs from the source in the end.
    """
    target.write(lambda cursor: _claim(cursor, source.describe().partition(" at ")[2]))
    for table in TABLES:
        copied = _copy(table, source, target)
        say(f"{table.name}: {copied} rows copied")
    for table in TABLES:
        ours, theirs = _sum(table, source), _sum(table, target)
        if ours != theirs:
            raise SetupError(
                f"The copy is not the same in the table {table.name} ({ours[0]} rows here, {theirs[0]} there); was the "
                "source changed meanwhile? Empty the target and begin again."
            )
        say(f"{table.name}: {ours[0]} rows compared, BLAKE2 {ours[1]}")
    for name, places in _ISSUED.items():
        target.reserve(name, target.read(lambda cursor, places=places: _highest(cursor, places)))  # type: ignore[misc]
    target.write(lambda cursor: cursor.run("DROP TABLE copying"))


def _claim(cursor: Cursor, source: str) -> None:
    """Marks an empty target as a copy of the source, or accepts its mark."""
    cursor.run("CREATE TABLE IF NOT EXISTS copying (source TEXT NOT NULL)")
    begun = cursor.row("SELECT source FROM copying")
    if begun is None:
        cursor.run("DELETE FROM seals")  # a new store has generated one
        for table in TABLES:
            if cursor.row(f"SELECT 1 FROM {table.name} LIMIT 1"):
                raise SetupError(f"The target is not empty: it has rows in the table {table.name}. Name an empty one.")
        cursor.run("INSERT INTO copying (source) VALUES (?)", source)
    elif begun[0] != source:
        raise SetupError(f"The target holds a part of another copy, of {begun[0]}. Name an empty one.")


def _copy(table: Table, source: Database, target: Database) -> int:
    """Copies the rows that the target lacks, and returns how many."""
    key = ", ".join(f"{column} DESC" for column in table.key)
    last = target.read(lambda cursor: cursor.row(f"SELECT {', '.join(table.key)} FROM {table.name} ORDER BY {key}"
                                                 " LIMIT 1"))  # fmt: skip
    marks = ", ".join("?" * len(table.columns))
    statement = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
    copied = 0
    for batch in batches(table, source, last):
        target.write(lambda cursor, batch=batch: cursor.run_many(statement, batch))  # type: ignore[misc]
        copied += len(batch)
    return copied


def batches(table: Table, database: Database, last: Row | None) -> Iterator[list[Row]]:
    """Yields the rows after the key `last`, in order, in batches."""
    key, columns = ", ".join(table.key), ", ".join(table.columns)
    select, order = f"SELECT {columns} FROM {table.name}", f"ORDER BY {key} LIMIT {BATCH}"
    after = f"WHERE ({key}) > ({', '.join('?' * len(table.key))})"
    while True:
        statement, values = (f"{select} {after} {order}", last) if last else (f"{select} {order}", ())
        rows = database.read(lambda cursor, bound=(statement, values): cursor.rows(bound[0], *bound[1]))  # type: ignore[misc]
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        last = rows[-1][: len(table.key)]


def numbers(cursor: Cursor) -> Iterator[tuple[int, str, float, float]]:
    """Yields key, contract, and the least and greatest dimension of the vectors of each collection.

    A collection with users' vectors is yielded twice, for its embeddings (float16) and for those (float32).
    """
    for rows, width in (("faces JOIN embeddings ON face = faces.id", 2), ("user_vectors", 4)):
        statement = (
            f"SELECT collections.id, contract, MIN(LENGTH(vector)), MAX(LENGTH(vector)) FROM {rows} "
            "JOIN collections ON collections.id = collection GROUP BY collections.id, contract ORDER BY collections.id"
        )
        for key, contract, least, most in cursor.rows(statement):
            yield key, contract, least / width, most / width


def _sum(table: Table, database: Database) -> tuple[int, str]:
    """Returns how many rows a table has, and a digest of them in order."""
    count, digest = 0, hashlib.blake2b(digest_size=16)
    for batch in batches(table, database, None):
        count += len(batch)
        digest.update(msgspec.msgpack.encode([tuple(row) for row in batch]))
    return count, digest.hexdigest()


def _highest(cursor: Cursor, places: tuple[tuple[str, str], ...]) -> int:
    found = [cursor.row(f"SELECT MAX({column}) FROM {table}") or (0,) for table, column in places]
    return max(int(row[0] or 0) for row in found)
