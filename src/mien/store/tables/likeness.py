"""The table of users' vectors, each combined from the embeddings of the user's faces and replaced when they change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.store.base import Cursor, DamagedError, Row
from mien.store.tables import vectors

Vector = NDArray[np.float32]
_VECTOR = "SELECT vector, checksum, user_key, collection FROM user_vectors WHERE user_key = ?"


@dataclass(frozen=True, slots=True)
class Matching:
    """The rules by which faces belong together as a user.

    Attributes:
        combine: embeddings (N, D) → the user's vector (D,).
        similarity: (user's vector, embedding) → 0–100.
        least: a face less similar to a user that has faces already is refused.
    """

    combine: Callable[[Vector], Vector]
    similarity: Callable[[Vector, Vector], float]
    least: float = 0.0


def vector(cursor: Cursor, user: int, matching: Matching | None = None) -> Vector | None:
    """Returns a user's vector by the user's key; None for one without faces.

    Args:
        cursor: a transaction.
        user: the user's key.
        matching: combines the user's faces again if the stored vector is damaged.

    Raises:
        DamagedError: it fails its checksum, and there is no `matching`.
    """
    row = cursor.row(_VECTOR, user)
    if row is None or vectors.fits(*row):
        return vectors.unpack_users([row[0]])[0] if row else None
    if matching is None:
        raise DamagedError
    return _combined(_embeddings(cursor, user), matching)


def _embeddings(cursor: Cursor, user: int) -> list[Row]:
    """Returns the embeddings of a user's faces, with their checksums."""
    return cursor.rows(
        "SELECT face, vector, checksum FROM embeddings JOIN faces ON faces.id = face WHERE user_key = ?", user
    )


def _combined(rows: Sequence[Row], matching: Matching) -> Vector | None:
    """Combines embeddings without the damaged ones; returns None if none are left."""
    good, _ = vectors.sift(rows)
    return matching.combine(vectors.unpack([row[1] for row in good])) if good else None


def keep(cursor: Cursor, collection: int, revision: int, user: int, vector: bytes) -> None:
    """Stores the vector of a user that has none, packed by `vectors.pack_user`, under a new key."""
    statement = "INSERT INTO user_vectors (collection, user_key, revision, vector, checksum) VALUES (?, ?, ?, ?, ?)"
    cursor.run(statement, collection, user, revision, vector, vectors.checksum(vector, user, collection))


def renew(cursor: Cursor, collection: int, revision: int, user: int, matching: Matching) -> int:
    """Replaces the user's vector and count of faces by those of its current faces; returns the count."""
    rows = _embeddings(cursor, user)
    cursor.run("UPDATE users SET faces = ? WHERE id = ?", len(rows), user)
    forget(cursor, collection, revision, user)
    made = _combined(rows, matching)
    if made is not None:
        keep(cursor, collection, revision, user, vectors.pack_user(made))
    return len(rows)


def forget(cursor: Cursor, collection: int, revision: int, user: int) -> None:
    """Removes a user's vector and records the removal."""
    row = cursor.row("DELETE FROM user_vectors WHERE user_key = ? RETURNING id", user)
    if row:
        cursor.run(
            "INSERT INTO user_removals (collection, revision, vector) VALUES (?, ?, ?)", collection, revision, row[0]
        )
