"""Whole collections out of the tables and into them, their public ids, embeddings and users' vectors as they are.

A collection that comes in is filled under an account that no caller has. When it is whole it is moved to its own
account, or into the collection that it is merged with, in one transaction, so that half of one is never seen.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mien.errors import SetupError
from mien.store.base import (
    FACE_QUOTA,
    Collection,
    CollectionFullError,
    Cursor,
    Database,
    Point,
    StoredFace,
)
from mien.store.tables import changes, face_columns, likeness, users, vectors
from mien.store.tables import faces as kept
from mien.store.tables.face_columns import WIDTH, stored
from mien.store.tables.likeness import Matching
from mien.store.tables.tags import put
from mien.store.tables.users import MOST_FACES, UserFullError, UserMissingError

HIDDEN = "incoming/"  # before the account that a collection will belong to
MERGING = "merge/"  # after it, for one that will be merged into a collection that is there


class TakenError(Exception):
    """The place of a collection that comes in is taken, or what it should replace has changed."""


@dataclass(frozen=True, slots=True)
class WholeFace:
    """A face with all that is kept of it; `vector` is the embedding as it lies in its table."""

    face: StoredFace
    vector: bytes


@dataclass(frozen=True, slots=True)
class WholeUser:
    """A user; `vector` as it lies in its table, None for one without faces."""

    key: int
    name: str
    vector: bytes | None


def faces(cursor: Cursor, collection: int, after: int, limit: int) -> list[WholeFace]:
    """Up to `limit` faces with keys beyond `after`, in the order they came.

    Raises:
        SetupError: an embedding is damaged; elsewhere nothing would tell that it is.
    """
    rows = cursor.rows(
        f"SELECT {face_columns.SELECTED}, vector, checksum, face FROM faces JOIN embeddings ON face = faces.id "
        "LEFT JOIN users ON users.id = user_key WHERE faces.collection = ? AND faces.id > ? ORDER BY faces.id LIMIT ?",
        collection, after, limit,
    )  # fmt: skip
    for row in rows:
        if not vectors.fits(*row[WIDTH:]):
            raise SetupError(
                f"The embedding of the face {stored(row[:WIDTH]).face_id} is damaged; restore a backup, or delete the "
                "face and index its picture again, and then begin again (`mien store check` finds all such faces)."
            )
    return [WholeFace(stored(row[:WIDTH]), row[WIDTH]) for row in rows]


def people(cursor: Cursor, collection: int, after: int, limit: int) -> list[WholeUser]:
    """Up to `limit` users with keys beyond `after`, in the order they were made.

    A vector that is damaged is left out: it will be made of the user's faces.
    """
    rows = cursor.rows(
        "SELECT users.id, name, vector, checksum, user_key, user_vectors.collection FROM users "
        "LEFT JOIN user_vectors ON user_key = users.id WHERE users.collection = ? AND users.id > ? "
        "ORDER BY users.id LIMIT ?",
        collection, after, limit,
    )  # fmt: skip
    return [WholeUser(row[0], row[1], row[2] if vectors.fits(*row[2:]) else None) for row in rows]


def begin(database: Database, described: Collection, tags: Mapping[str, str]) -> int:
    """Make a hidden collection with the facts of `described` and these tags; its key.

    What an earlier attempt at a collection of this account and name left behind is swept away.
    """

    def work(cursor: Cursor) -> int:
        account = HIDDEN + described.account
        _drop(cursor, account, described.name)
        row = cursor.row(
            "INSERT INTO collections (id, account, name, contract, model_version, created, history) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id, revision, history",
            changes.fresh(), account, described.name, described.contract, described.model_version, described.created,
            changes.fresh(),
        )  # fmt: skip
        key, *point = row or (0, 0, 0)
        changes.record(cursor, key, Point(*point))
        put(cursor, key, tags)
        return int(key)

    return database.write(work)


def counts(cursor: Cursor, collection: int) -> tuple[int, int]:
    """How many faces and users a collection has."""
    faces_, users_ = cursor.row("SELECT faces, users FROM collections WHERE id = ?", collection) or (0, 0)
    return int(faces_), int(users_)


def abandon(database: Database, described: Collection) -> None:
    """Drop a hidden collection."""
    database.write(lambda cursor: _drop(cursor, HIDDEN + described.account, described.name))


def show(database: Database, key: int, described: Collection, instead: tuple[int, int] | None = None) -> bool:
    """Move a hidden collection to its account in a transaction of its own; False when the name is taken (`shown`)."""
    try:
        database.write(lambda cursor: shown(cursor, key, described, instead))
    except TakenError:
        return False
    return True


def shown(cursor: Cursor, key: int, described: Collection, instead: tuple[int, int] | None = None) -> None:
    """Move a hidden collection to its account.

    Args:
        cursor: a transaction.
        key: of the hidden collection.
        described: its account and name.
        instead: key and revision of the collection whose place it takes.

    Raises:
        TakenError: the name is taken, or the collection whose place it takes has changed since; the transaction is to
            be undone.
    """
    if instead:
        if changes.advance(cursor, instead[0])[0] != instead[1] + 1:
            raise TakenError  # which undoes the revision
        _drop(cursor, described.account, described.name)
    elif cursor.row("SELECT 1 FROM collections WHERE account = ? AND name = ?", described.account, described.name):
        raise TakenError
    cursor.run("UPDATE collections SET account = ? WHERE id = ?", described.account, key)


def add_users(database: Database, collection: int, coming: Sequence[WholeUser]) -> int:
    """Make users, without faces; those that are there already are left as they are. How many were made."""

    def work(cursor: Cursor) -> int:
        changes.advance(cursor, collection)
        statement = "INSERT INTO users (collection, name) VALUES (?, ?) ON CONFLICT (collection, name) DO NOTHING"
        fresh = sum(cursor.run(statement, collection, user.name) for user in coming)
        cursor.run("UPDATE collections SET users = users + ? WHERE id = ?", fresh, collection)
        return fresh

    return database.write(work)


def set_vectors(database: Database, collection: int, coming: Sequence[WholeUser]) -> None:
    """Put users' vectors as they came in the place of those that were made of their faces, in a hidden collection."""
    coming = [user for user in coming if user.vector is not None]

    def work(cursor: Cursor) -> None:
        marks = ", ".join("?" * len(coming))
        rows = cursor.rows(
            "SELECT name, id FROM users "
            f"WHERE collection = ? AND name IN ({marks})",
            collection, *(user.name for user in coming),
        )  # fmt: skip
        came = {user.name: user.vector or b"" for user in coming}
        values = [(came[name], vectors.checksum(came[name], user, collection), user) for name, user in rows]
        cursor.run_many("UPDATE user_vectors SET vector = ?, checksum = ? WHERE user_key = ?", values)

    if coming:
        database.write(work)


def made_vectors(database: Database, collection: int, names: Sequence[str]) -> dict[str, bytes]:
    """The vectors of users as they were made of the faces that came, by the users' names."""
    statement = (
        "SELECT name, vector FROM users JOIN user_vectors ON user_key = users.id "
        f"WHERE users.collection = ? AND name IN ({', '.join('?' * len(names))})"
    )
    rows = database.read(lambda cursor: cursor.rows(statement, collection, *names)) if names else []
    return {row[0]: row[1] for row in rows}


def add_faces(database: Database, collection: int, coming: Sequence[WholeFace], matching: Matching) -> int:
    """Keep faces under the ids they have; one whose id is there already is passed over. How many were kept.

    Args:
        database: the database.
        collection: its key.
        coming: the faces; their users are there.
        matching: makes the vectors of users that got faces.

    Raises:
        UserFullError: a user would have too many faces; none of these is kept.
        UserMissingError: a face belongs to a user that is not there.
        CollectionFullError: there would be more faces than a collection holds.
    """

    def work(cursor: Cursor) -> int:
        revision, held = changes.advance(cursor, collection)
        if held + len(coming) > FACE_QUOTA:
            raise CollectionFullError
        owners, fresh = _owners(cursor, collection, coming), 0
        gaining = set()
        for each in coming:
            face = each.face
            owner = owners[face.user] if face.user else None
            statement = f"{face_columns.INSERT} ON CONFLICT (collection, face_id) DO NOTHING RETURNING id"
            row = cursor.row(statement, collection, owner, revision, *face_columns.values(face))
            if row:
                kept.keep(cursor, row[0], each.vector)
                fresh += 1
                gaining |= {face.user} if owner else set()
        for name in sorted(filter(None, gaining)):
            owner = users.named(cursor, collection, name).key
            if likeness.renew(cursor, collection, revision, owner, matching) > MOST_FACES:
                raise UserFullError(name)
        cursor.run("UPDATE collections SET faces = faces + ? WHERE id = ?", fresh, collection)
        return fresh

    return database.write(work)


def _owners(cursor: Cursor, collection: int, coming: Sequence[WholeFace]) -> dict[str, int]:
    names = sorted({each.face.user for each in coming if each.face.user})
    marks = ", ".join("?" * len(names))
    statement = f"SELECT name, id FROM users WHERE collection = ? AND name IN ({marks})"
    owners = {row[0]: int(row[1]) for row in cursor.rows(statement, collection, *names)} if names else {}
    if missing := set(names) - owners.keys():
        raise UserMissingError(min(missing))
    return owners


def _drop(cursor: Cursor, account: str, name: str) -> None:
    row = cursor.row("DELETE FROM collections WHERE account = ? AND name = ? RETURNING id", account, name)
    if row:
        cursor.run("INSERT INTO sweeps (collection) VALUES (?)", row[0])


def described(account: str, name: str, contract: str, model_version: str, created: float | None = None) -> Collection:
    """The facts of a collection that is to come in."""
    return Collection(0, account, name, contract, model_version, created or round(time.time(), 3), 0, 0, 0)
