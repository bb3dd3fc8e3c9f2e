"""How galleries follow the tables: what came and what went between two revisions of a collection.

A database may be put back to an earlier copy and go on from there, and then gives out the same revisions and keys for
other faces. So each revision has a random id, made in the transaction that made the revision: a follower keeps the
last point it has seen, and where the database does not know that point, the follower is of another history.

Who begins from nothing reads what is there and needs no record of what went before it began. The record may be trimmed
(`compact.trim`); a collection's floor is the revision up to which it is gone.
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
# Whether a collection's history led through a point. The present point is looked up where it stands too: a server of
# before there were histories, on the same database, raises revisions and records none.
KNOWN = (
    "(EXISTS (SELECT 1 FROM histories WHERE collection = ? AND revision = ? AND histories.id = ?) OR "
    "EXISTS (SELECT 1 FROM collections AS now WHERE now.id = ? AND now.revision = ? AND now.history = ?))"
)

Read = tuple[NDArray[np.int64], NDArray[np.float32], list[int]]


@dataclass(frozen=True, slots=True)
class Track:
    """Where a kind of vector is kept.

    Attributes:
        table: has a row for each vector, with its key, collection and revision.
        vectors: tables that give the vector too.
        key: the vector's key in them.
        keys: further columns for `vectors.sift`: those that its checksum covers, each after a comma.
        removals: the table of keys that went.
        removed: the key's column in it.
        kept: the table that has the vectors, and the key's column in it.
        unpack: vectors as they are kept → float32 (N, D).
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
    """Raise the collection's revision, which also keeps every other writer of it out.

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
    """Makes the id of a revision, or the key of a collection, that no other history of this store gives out.

    A database that is put back gives the numbers of a sequence out again. A write that was looked up before and
    stored after would then land in whichever collection got the same key. 52 bits, since JSON has no more.
    """
    return randbits(52) + 1


def record(cursor: Cursor, collection: int, point: Point) -> None:
    """Records a point that the collection has come to, in the transaction that brings it there."""
    cursor.run(
        "INSERT INTO histories (collection, revision, id) VALUES (?, ?, ?)", collection, point.revision, point.history
    )


def asking(collection: int, point: Point) -> tuple[int, ...]:
    """Returns the values of `KNOWN`."""
    return (collection, point.revision, point.history) * 2


def knows(cursor: Cursor, collection: int, point: Point) -> bool:
    """Returns whether the collection's history led through a point; not where its record is trimmed."""
    row = cursor.row(f"SELECT {KNOWN}", *asking(collection, point))
    return bool(row and row[0])


def point(cursor: Cursor, collection: int, seen: Point | None = None) -> Point | None:
    """Returns where the collection is; None when it is gone.

    Raises:
        HistoryForkedError: its history did not lead through `seen`, so the key may be another collection's by now.
    """
    if seen is None:
        row = cursor.row("SELECT revision, history FROM collections WHERE id = ?", collection)
        return Point(*row) if row else None
    row = cursor.row(
        f"SELECT revision, history, {KNOWN} FROM collections WHERE id = ?", *asking(collection, seen), collection
    )
    if row and not row[2]:
        raise HistoryForkedError
    return Point(*row[:2]) if row else None


def revision(cursor: Cursor, collection: int) -> int | None:
    """What revision the collection is at; None when it is gone."""
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
    """What changed after revision `known`: whole revisions, about `limit` vectors, in order.

    Called again from the revision it answers until that is the collection's own, it brings a gallery up to date.

    Args:
        cursor: a transaction.
        track: which kind of vector.
        collection: the collection's key.
        known: what the gallery has followed the collection to; 0 for one that begins from nothing.
        limit: about how many vectors are wanted.
        began: for a gallery on its way from nothing, the revision the collection was at when it began. What went up
            to then it cannot hold, so it is not told, and does not mind when that record is trimmed.
        seen: where the collection was when it was last read for this gallery. What it took in is as of then, even
            where that is beyond `known`.

    Raises:
        CollectionGoneError: the collection no longer exists.
        HistoryGoneError: what the gallery may have to remove is not recorded any more; it must begin again from 0.
        HistoryForkedError: the collection's history did not lead through `seen`; it must begin again from 0.
    """
    now, floor = _now(cursor, collection, seen)
    if seen == now and known == now.revision:
        return _nothing(now)
    told = max(known, began)
    if 0 < told < floor:
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
    gone = cursor.rows(removed, collection, told, until) if 0 < told < until else []
    keys, brought, damaged = _read(track, added)
    return Changes(until, now, keys, brought, np.array([row[0] for row in gone], np.int64), damaged)


def _now(cursor: Cursor, collection: int, seen: Point | None) -> tuple[Point, int]:
    """Returns where a collection that has led through `seen` is, and its floor."""
    asked = seen or Point(0, 0)
    row = cursor.row(
        f"SELECT revision, history, floor, {KNOWN} FROM collections WHERE id = ?",
        *asking(collection, asked),
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
    """Vectors by their keys, int64 (N,); those that are gone or damaged are left out.

    Returns:
        The keys of those that are there, int64 (M,), the vectors, float32 (M, D), and the keys of the damaged.

    Raises:
        HistoryForkedError: the collection's history did not lead through `seen`, and the keys may be others'.
    """
    table, key = track.kept
    rows: list[Row] = []
    for start in range(0, len(keys), MOST_NAMED):
        some = keys[start : start + MOST_NAMED].tolist()
        named = f"{key} IN ({', '.join('?' * len(some))})"
        statement = f"SELECT {key}, vector, checksum{track.keys} FROM {table} WHERE {named}"
        rows += surely(cursor, statement, some, collection, seen)
    return _read(track, rows)


def _read(track: Track, rows: Sequence[Row]) -> Read:
    """Keys and vectors of rows as `vectors.sift` takes them, and the keys of the damaged."""
    good, damaged = vectors.sift(rows)
    return np.array([row[0] for row in good], np.int64), track.unpack([row[1] for row in good]), damaged


def surely(cursor: Cursor, statement: str, values: Sequence[Any], collection: int, seen: Point | None) -> Sequence[Row]:
    """Rows of a statement that ends in its conditions, if the collection's history led through `seen`.

    The statement says so itself, since a read of one statement needs no transaction.

    Raises:
        HistoryForkedError: it did not.
    """
    if seen is None:
        return cursor.rows(statement, *values)
    rows = cursor.rows(f"{statement} AND {KNOWN}", *values, *asking(collection, seen))
    if not rows and values and not knows(cursor, collection, seen):
        raise HistoryForkedError
    return rows


def present(
    database: Database, statement: str, collection: int, keys: Sequence[int], seen: Point | None
) -> Sequence[Row]:
    """Rows of a statement about keys of a collection, as `surely`; the collection's key comes first, then the keys."""
    values = (collection, *keys)
    return database.read(lambda cursor: surely(cursor, statement, values, collection, seen)) if keys else []
