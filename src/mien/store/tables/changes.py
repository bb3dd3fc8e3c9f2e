"""Reads the additions and removals between two revisions of a collection, by which galleries follow the tables.

A database that is restored from an earlier copy gives out the same revisions and keys for other faces. So each revision
has a random id, made in the same transaction. A follower keeps the last point it has seen; if the database does not
know that point, the follower has another history.

A follower that starts from nothing reads the rows that exist and needs no record of earlier removals. The record may be
trimmed (`upkeep.trim`); a collection's floor is the revision up to which it is gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import randbits
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.store.base import (
    Changes,
    CollectionGoneError,
    Cursor,
    Database,
    HistoryForkedError,
    HistoryGoneError,
    Point,
    Row,
)
from mien.store.tables import vectors

MOST_NAMED = 10_000  # keys in one statement
# Tests whether a collection's history includes a point. The current point is also looked up in `collections`, since an
# older server on the same database, from before there were histories, raises revisions and records none.
KNOWN = (
    "(EXISTS (SELECT 1 FROM histories WHERE collection = ? AND revision = ? AND histories.id = ?) OR "
    "EXISTS (SELECT 1 FROM collections AS now WHERE now.id = ? AND now.revision = ? AND now.history = ?))"
)

Read = tuple[NDArray[np.int64], NDArray[np.float32], list[int]]


@dataclass(frozen=True, slots=True)
class Track:
    """The tables and columns of one kind of vector.

    Attributes:
        table: has a row for each vector, with its key, collection and revision.
        vectors: tables to select the vector from.
        key: the vector's key in them.
        keys: further columns that its checksum covers (see `vectors.sift`), each after a comma.
        removals: the table of removed keys.
        removed: the key's column in it.
        kept: the table of the vectors, and the key's column in it.
        unpack: stored vectors → float32 (N, D).
    """

    table: str
    vectors: str
    key: str
    keys: str
    removals: str
    removed: str
    kept: tuple[str, str]
    unpack: Callable[[Sequence[bytes]], NDArray[np.float32]]


FACES = Track(
    "faces",
    "faces JOIN embeddings ON face = faces.id",
    "faces.id",
    "",
    "removals",
    "face",
    ("embeddings", "face"),
    vectors.unpack,
)
USERS = Track(
    "user_vectors",
    "user_vectors",
    "id",
    ", user_key, collection",
    "user_removals",
    "vector",
    ("user_vectors", "id"),
    vectors.unpack_users,
)


def advance(cursor: Cursor, collection: int) -> tuple[int, int]:
    """Raises the collection's revision, which also locks it against other writers.

    Returns:
        The new revision, and how many faces the collection holds.

    Raises:
        CollectionGoneError: the collection no longer exists.
    """
    history = fresh()
    row = cursor.row(
        "UPDATE collections SET revision = revision + 1, history = ? WHERE id = ? RETURNING revision, faces",
        history, collection,
    )  # fmt: skip
    if row is None:
        raise CollectionGoneError
    revision = int(row[0])
    record(cursor, collection, Point(revision, history))
    return revision, int(row[1])


def fresh() -> int:
    """Returns a random id for a revision or a collection, which no other history of this store gives out.

    A restored database gives the numbers of a sequence out again. A write that looked a collection up before and was
    stored after would then land in another collection with the same key. 52 bits are exact in JSON.
    """
    return randbits(52) + 1


def record(cursor: Cursor, collection: int, point: Point) -> None:
    """Records a point of the collection's history, in the transaction that makes it."""
    cursor.run(
        "INSERT INTO histories (collection, revision, id) VALUES (?, ?, ?)", collection, point.revision, point.history
    )


def known_values(collection: int, point: Point) -> tuple[int, ...]:
    """Returns the values of `KNOWN`."""
    return (collection, point.revision, point.history) * 2


def knows(cursor: Cursor, collection: int, point: Point) -> bool:
    """Returns whether the collection's history includes a point that is not trimmed away."""
    row = cursor.row(f"SELECT {KNOWN}", *known_values(collection, point))
    return bool(row and row[0])


def point(cursor: Cursor, collection: int, seen: Point | None = None) -> Point | None:
    """Returns the collection's current point; None if it was deleted.

    Raises:
        HistoryForkedError: its history does not include `seen`, so the key may be another collection's by now.
    """
    if seen is None:
        row = cursor.row("SELECT revision, history FROM collections WHERE id = ?", collection)
        return Point(*row) if row else None
    row = cursor.row(
        f"SELECT revision, history, {KNOWN} FROM collections WHERE id = ?", *known_values(collection, seen), collection
    )
    if row and not row[2]:
        raise HistoryForkedError
    return Point(*row[:2]) if row else None


def revision(cursor: Cursor, collection: int) -> int | None:
    """Returns the collection's revision; None if it was deleted."""
    row = cursor.row("SELECT revision FROM collections WHERE id = ?", collection)
    return int(row[0]) if row else None


def since(
    cursor: Cursor,
    track: Track,
    collection: int,
    known: int,
    limit: int,
    *,
    began: int = 0,
    seen: Point | None = None,
) -> Changes:
    """Returns the changes after revision `known`: whole revisions, about `limit` vectors, in order.

    Repeated from the revision it returns until that is the collection's, it brings a gallery up to date.

    Args:
        cursor: a transaction.
        track: which kind of vector.
        collection: the collection's key.
        known: the revision up to which the gallery has followed; 0 for one that starts from nothing.
        limit: about how many vectors to return.
        began: for a gallery that started from nothing, the collection's revision at that time. It holds nothing that
            was removed before, so it gets no earlier removals and does not need their record.
        seen: the collection's point when it was last read for this gallery; the gallery's vectors are as of then,
            even if that is beyond `known`.

    Raises:
        CollectionGoneError: the collection no longer exists.
        HistoryGoneError: removals that the gallery needs are no longer recorded; it must start again from 0.
        HistoryForkedError: the collection's history does not include `seen`; it must start again from 0.
    """
    now, floor = _now(cursor, collection, seen)
    if seen == now and known == now.revision:
        return _nothing(now)
    from_ = max(known, began)
    if 0 < from_ < floor:
        raise HistoryGoneError
    within = "collection = ? AND revision > ?"
    far = cursor.row(
        f"SELECT revision FROM {track.table} WHERE {within} ORDER BY revision LIMIT 1 OFFSET ?",
        collection, known, limit,
    )  # fmt: skip
    until = int(far[0]) if far else now.revision
    added = cursor.rows(
        f"SELECT {track.key}, vector, checksum{track.keys} FROM {track.vectors} WHERE {within} AND revision <= ?",
        collection, known, until,
    )  # fmt: skip
    removed = f"SELECT {track.removed} FROM {track.removals} WHERE {within} AND revision <= ?"
    gone = cursor.rows(removed, collection, from_, until) if 0 < from_ < until else []
    keys, brought, damaged = _read(track, added)
    return Changes(until, now, keys, brought, np.array([row[0] for row in gone], np.int64), damaged)


def _now(cursor: Cursor, collection: int, seen: Point | None) -> tuple[Point, int]:
    """Returns the current point and the floor of a collection whose history includes `seen`."""
    asked = seen or Point(0, 0)
    row = cursor.row(
        f"SELECT revision, history, floor, {KNOWN} FROM collections WHERE id = ?",
        *known_values(collection, asked),
        collection,
    )
    if row is None:
        raise CollectionGoneError
    if seen and not row[3]:
        raise HistoryGoneError if seen.revision < row[2] else HistoryForkedError
    return Point(*row[:2]), int(row[2])


def _nothing(now: Point) -> Changes:
    none = np.empty(0, np.int64)
    return Changes(now.revision, now, none, np.empty((0, 0), np.float32), none)


def originals(
    cursor: Cursor, track: Track, keys: NDArray[np.int64], collection: int = 0, seen: Point | None = None
) -> Read:
    """Reads vectors by their keys, int64 (N,), and leaves out those removed or damaged.

    Returns:
        The keys that were found, int64 (M,), the vectors, float32 (M, D), and the keys of the damaged.

    Raises:
        HistoryForkedError: the collection's history does not include `seen`, so the keys may be of other vectors.
    """
    table, key = track.kept
    rows: list[Row] = []
    for start in range(0, len(keys), MOST_NAMED):
        some = keys[start : start + MOST_NAMED].tolist()
        named = f"{key} IN ({', '.join('?' * len(some))})"
        statement = f"SELECT {key}, vector, checksum{track.keys} FROM {table} WHERE {named}"
        rows += rows_if_known(cursor, statement, some, collection, seen)
    return _read(track, rows)


def _read(track: Track, rows: Sequence[Row]) -> Read:
    """Returns keys and vectors of rows (see `vectors.sift`), and the keys of the damaged."""
    good, damaged = vectors.sift(rows)
    return np.array([row[0] for row in good], np.int64), track.unpack([row[1] for row in good]), damaged


def rows_if_known(
    cursor: Cursor, statement: str, values: Sequence[Any], collection: int, seen: Point | None
) -> Sequence[Row]:
    """Runs a statement that ends in its conditions, if the collection's history includes `seen`.

    The test is part of the statement, since a read of one statement needs no transaction.

    Raises:
        HistoryForkedError: it does not.
    """
    if seen is None:
        return cursor.rows(statement, *values)
    rows = cursor.rows(f"{statement} AND {KNOWN}", *values, *known_values(collection, seen))
    if not rows and values and not knows(cursor, collection, seen):
        raise HistoryForkedError
    return rows


def present(
    database: Database, statement: str, collection: int, keys: Sequence[int], seen: Point | None
) -> Sequence[Row]:
    """Runs a statement whose parameters are a collection and some keys (see `rows_if_known`)."""
    values = (collection, *keys)
    return database.read(lambda cursor: rows_if_known(cursor, statement, values, collection, seen)) if keys else []
