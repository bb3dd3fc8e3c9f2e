"""The faces of a collection that belong to no user, as the grouping of faces reads them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.store.base import Cursor, Database, Row
from mien.store.tables.changes import MOST_NAMED
from mien.store.tables.users import SELECTED, User

Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where faces come from.

    Attributes:
        keys: int64 (N,), of the faces.
        photographs: int64 (N,), a digest of the image and of its external id. The same image under another external
            id is another photograph, in which the same face is once more.
        images: int64 (N,), a digest of the image alone.
    """

    keys: Keys
    photographs: Keys
    images: Keys

    def __getitem__(self, rows: NDArray[np.bool_] | Keys) -> "Sources":
        return Sources(self.keys[rows], self.photographs[rows], self.images[rows])

    def joined(self, others: "Sources") -> "Sources":
        """Returns these and others."""
        return Sources(
            np.concatenate([self.keys, others.keys]),
            np.concatenate([self.photographs, others.photographs]),
            np.concatenate([self.images, others.images]),
        )


NOWHERE = Sources(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Faces without a user, in a database."""

    database: Database

    def keys(self, collection: int, most: int) -> Keys:
        """Returns the keys of the oldest such faces, int64 (N,) ascending."""
        statement = "SELECT id FROM faces WHERE collection = ? AND user_key IS NULL ORDER BY id LIMIT ?"
        rows = self.database.read(lambda cursor: cursor.rows(statement, collection, most))
        return np.array([row[0] for row in rows], np.int64)

    def sources(self, keys: Keys) -> Sources:
        """Returns where faces come from, without those deleted meanwhile."""
        return _sources(self.database.read(lambda cursor: _named(cursor, keys.tolist())))

    def users(self, collection: int, keys: Sequence[int]) -> dict[int, User]:
        """Returns the collection's users with these keys, without those deleted meanwhile."""
        statement = f"SELECT {SELECTED} FROM users WHERE collection = ? AND id IN ({', '.join('?' * len(keys))})"
        rows = self.database.read(lambda cursor: cursor.rows(statement, collection, *keys)) if keys else []
        return {row[0]: User(*row) for row in rows}

    def owners(self, vectors: Keys) -> Keys:
        """Returns the keys of users by the keys of their vectors, int64 (N,); 0 for one that has changed meanwhile."""
        found: dict[int, int] = {}
        for start in range(0, len(vectors), MOST_NAMED):
            some = vectors[start : start + MOST_NAMED].tolist()
            statement = f"SELECT id, user_key FROM user_vectors WHERE id IN ({', '.join('?' * len(some))})"
            found |= {row[0]: row[1] for row in self.database.read(lambda c, s=statement, v=some: c.rows(s, *v))}  # type: ignore[misc]
        return np.array([found.get(each, 0) for each in vectors.tolist()], np.int64)

    def owners_of(self, faces: Sequence[int]) -> dict[int, int]:
        """Returns the keys of the users that faces belong to, without those that belong to none."""
        found: dict[int, int] = {}
        for start in range(0, len(faces), MOST_NAMED):
            some = faces[start : start + MOST_NAMED]
            marks = ", ".join("?" * len(some))
            statement = f"SELECT id, user_key FROM faces WHERE id IN ({marks}) AND user_key IS NOT NULL"
            found |= {row[0]: row[1] for row in self.database.read(lambda c, s=statement, v=some: c.rows(s, *v))}  # type: ignore[misc]
        return found

    def photographs_of(self, user: int) -> frozenset[int]:
        """Returns the photographs that a user's faces are in (see `Sources`)."""
        statement = "SELECT id, image_id, external_image_id FROM faces WHERE user_key = ?"
        rows = self.database.read(lambda cursor: cursor.rows(statement, user))
        return frozenset(_sources(rows).photographs.tolist())


def _sources(rows: Sequence[Row]) -> Sources:
    return Sources(
        np.array([row[0] for row in rows], np.int64),
        np.array([_digest(bytes(row[1]) + (row[2] or "").encode()) for row in rows], np.int64),
        np.array([_digest(bytes(row[1])) for row in rows], np.int64),
    )


def _named(cursor: Cursor, keys: Sequence[int]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(keys), MOST_NAMED):
        some = keys[start : start + MOST_NAMED]
        statement = f"SELECT id, image_id, external_image_id FROM faces WHERE id IN ({', '.join('?' * len(some))})"
        rows += cursor.rows(statement, *some)
    return rows


def _digest(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)
