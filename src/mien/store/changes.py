"""How galleries follow the tables: what came and what went between two revisions of a collection.

Who begins from nothing reads what is there and needs no record of what went before it began. The record may be trimmed
(`compact.trim`); a collection's floor is the revision up to which it is gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.store import vectors
from mien.store.base import Changes, CollectionGoneError, Cursor, HistoryGoneError, Row

MOST_NAMED = 10_000  # keys in one statement


@dataclass(frozen=True, slots=True)
class Track:
    """Where a kind of vector is kept.

    Attributes:
        table: has a row for each vector, with its key, collection and revision.
        vectors: tables that give the vector too.
        key: the vector's key in them.
        removals: the table of keys that went.
        removed: the key's column in it.
        kept: the table that has the vectors, and the key's column in it.
        unpack: vectors as they are kept → float32 (N, D).
    """

    table: str
    vectors: str
    key: str
    removals: str
    removed: str
    kept: tuple[str, str]
    unpack: Callable[[Sequence[bytes]], NDArray[np.float32]]


FACES = Track(
    "faces",
    "faces JOIN embeddings ON face = faces.id",
    "faces.id",
    "removals",
    "face",
    ("embeddings", "face"),
    vectors.unpack,
)
USERS = Track(
    "user_vectors", "user_vectors", "id", "user_removals", "vector", ("user_vectors", "id"), vectors.unpack_users
)


def advance(cursor: Cursor, collection: int) -> tuple[int, int]:
    """Raise the collection's revision, which also keeps every other writer of it out.

    Returns:
        The new revision, and how many faces the collection holds.

    Raises:
        CollectionGoneError: the collection no longer exists.
    """
    row = cursor.row(
        "UPDATE collections SET revision = revision + 1 WHERE id = ? RETURNING revision, faces", collection
    )
    if row is None:
        raise CollectionGoneError
    return int(row[0]), int(row[1])


def revision(cursor: Cursor, collection: int) -> int | None:
    """What revision the collection is at; None when it is gone."""
    row = cursor.row("SELECT revision FROM collections WHERE id = ?", collection)
    return int(row[0]) if row else None


def since(cursor: Cursor, track: Track, collection: int, known: int, limit: int, *, began: int = 0) -> Changes:
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

    Raises:
        CollectionGoneError: the collection no longer exists.
        HistoryGoneError: what the gallery may have to remove is not recorded any more; it must begin anew from 0.
    """
    found = cursor.row("SELECT revision, floor FROM collections WHERE id = ?", collection)
    if found is None:
        raise CollectionGoneError
    current, floor = found
    told = max(known, began)
    if 0 < told < floor:
        raise HistoryGoneError
    within = "collection = ? AND revision > ?"
    far = cursor.row(
        f"SELECT revision FROM {track.table} WHERE {within} ORDER BY revision LIMIT 1 OFFSET ?",
        collection, known, limit,
    )  # fmt: skip
    until = int(far[0]) if far else int(current)
    added = cursor.rows(
        f"SELECT {track.key}, vector FROM {track.vectors} WHERE {within} AND revision <= ?", collection, known, until
    )
    removed = f"SELECT {track.removed} FROM {track.removals} WHERE {within} AND revision <= ?"
    gone = cursor.rows(removed, collection, told, until) if 0 < told < until else []
    keys, stored = zip(*added, strict=True) if added else ((), ())
    return Changes(until, np.array(keys, np.int64), track.unpack(stored), np.array([row[0] for row in gone], np.int64))


def originals(cursor: Cursor, track: Track, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Vectors by their keys, int64 (N,); those that are gone are left out.

    Returns:
        The keys of those that are there, int64 (M,), and the vectors, float32 (M, D).
    """
    table, key = track.kept
    rows: list[Row] = []
    for start in range(0, len(keys), MOST_NAMED):
        some = keys[start : start + MOST_NAMED].tolist()
        rows += cursor.rows(f"SELECT {key}, vector FROM {table} WHERE {key} IN ({', '.join('?' * len(some))})", *some)
    return np.array([row[0] for row in rows], np.int64), track.unpack([row[1] for row in rows])
