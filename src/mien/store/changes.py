"""How galleries follow the tables: what came and what went between two revisions of a collection."""

from dataclasses import dataclass

import numpy as np

from mien.store.base import Changes, CollectionGoneError, Cursor


@dataclass(frozen=True, slots=True)
class Track:
    """Where a kind of vector is kept.

    Attributes:
        rows: the table that gives a revision for each vector.
        vectors: tables that give `key`, vector, collection and revision.
        key: the vector's key in them.
        removals: the table of keys that went.
        removed: the key's column in it.
    """

    rows: str
    vectors: str
    key: str
    removals: str
    removed: str


FACES = Track("faces", "faces JOIN embeddings ON face = faces.id", "faces.id", "removals", "face")
USERS = Track("user_vectors", "user_vectors", "id", "user_removals", "vector")


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


def since(cursor: Cursor, track: Track, collection: int, known: int, limit: int) -> Changes:
    """What changed after revision `known`: whole revisions, about `limit` vectors, in order.

    Called again from the revision it answers until that is the collection's own, it brings a gallery up to date.

    Raises:
        CollectionGoneError: the collection no longer exists.
    """
    current = revision(cursor, collection)
    if current is None:
        raise CollectionGoneError
    within = "collection = ? AND revision > ?"
    far = cursor.row(
        f"SELECT revision FROM {track.rows} WHERE {within} ORDER BY revision LIMIT 1 OFFSET ?",
        collection, known, limit,
    )  # fmt: skip
    until = int(far[0]) if far else current
    added = cursor.rows(
        f"SELECT {track.key}, vector FROM {track.vectors} WHERE {within} AND revision <= ?", collection, known, until
    )
    gone = cursor.rows(
        f"SELECT {track.removed} FROM {track.removals} WHERE {within} AND revision <= ?", collection, known, until
    )
    vectors = np.frombuffer(b"".join(row[1] for row in added), "<f4")
    return Changes(
        until,
        np.array([row[0] for row in added], np.int64),
        vectors.reshape(len(added), -1) if added else vectors.reshape(0, 0),
        np.array([row[0] for row in gone], np.int64),
    )
