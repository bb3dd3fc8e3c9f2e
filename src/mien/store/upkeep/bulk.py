"""Reads and writes whole collections, with unchanged public ids, embeddings and users' vectors.

A collection that is written is hidden: it belongs to an account that no caller has. When it is complete, one
transaction moves it to its own account, or into the collection that it is merged with; no caller sees a part of one.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from mien.errors import SetupError
from mien.store.base import (
    FACE_QUOTA,
    Collection,
    CollectionFullError,
    Cursor,
    Database,
    KeptPortrait,
    Point,
    StoredFace,
)
from mien.store.tables import changes, face_columns, likeness, users, vectors
from mien.store.tables import faces as kept
from mien.store.tables import portraits as pictures
from mien.store.tables.belonging import MOST_PERSONS_FACES
from mien.store.tables.face_columns import WIDTH, stored
from mien.store.tables.likeness import Matching
from mien.store.tables.portraits import Portraits
from mien.store.tables.tags import put
from mien.store.tables.users import UserFullError, UserMissingError

HIDDEN = "incoming/"  # prefix of the account that a collection will belong to
MERGING = "merge/"  # after that prefix, for one to be merged into an existing collection


class TakenError(Exception):
    """The name of a hidden collection is taken, or the collection that it should replace has changed."""


@dataclass(frozen=True, slots=True)
class WholeFace:
    """A face with its embedding, `vector`, as `vectors.pack` makes it, and its portrait, if it has one."""

    face: StoredFace
    vector: bytes
    portrait: KeptPortrait | None = None


@dataclass(frozen=True, slots=True)
class WholeUser:
    """A user; `vector` as `vectors.pack_user` makes it, None for one without faces; `display_name` as in `User`.

    `portrait` is the FaceId of the face that was chosen as its portrait, if one was.
    """

    key: int
    name: str
    vector: bytes | None
    display_name: str | None = None
    portrait: UUID | None = None


def faces(cursor: Cursor, collection: int, after: int, limit: int) -> list[WholeFace]:
    """Returns up to `limit` faces with keys after `after`, in order of their keys.

    Raises:
        SetupError: an embedding is damaged, which could not be told any more after it was copied.
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
    """Returns up to `limit` users with keys after `after`, in order of their keys.

    A damaged vector is left out, since it can be combined again from the user's faces.
    """
    rows = cursor.rows(
        "SELECT users.id, name, vector, checksum, user_key, user_vectors.collection, display_name, "
        "(SELECT face_id FROM faces WHERE faces.id = portrait) FROM users "
        "LEFT JOIN user_vectors ON user_key = users.id WHERE users.collection = ? AND users.id > ? "
        "ORDER BY users.id LIMIT ?",
        collection, after, limit,
    )  # fmt: skip
    return [
        WholeUser(
            key, name, vector if vectors.fits(vector, *kept) else None, display, UUID(bytes=face) if face else None
        )
        for key, name, vector, *kept, display, face in rows
    ]


def begin(portraits: Portraits, described: Collection, tags: Mapping[str, str]) -> int:
    """Creates a hidden collection like `described` with these tags, and returns its key.

    A hidden collection of this account and name, left by an earlier attempt, is deleted.

    Raises:
        PortraitsLockedError: as `Portraits.begin`, if the tags say that it keeps portraits.
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
        if pictures.wanted(tags):
            portraits.begin(cursor, key)
        return int(key)

    return portraits.database.write(work)


def counts(cursor: Cursor, collection: int) -> tuple[int, int]:
    """Returns how many faces and users a collection has."""
    faces_, users_ = cursor.row("SELECT faces, users FROM collections WHERE id = ?", collection) or (0, 0)
    return int(faces_), int(users_)


def abandon(database: Database, described: Collection) -> None:
    """Deletes a hidden collection."""
    database.write(lambda cursor: _drop(cursor, HIDDEN + described.account, described.name))


def show(database: Database, key: int, described: Collection, instead: tuple[int, int] | None = None) -> bool:
    """Moves a hidden collection to its account in one transaction; returns False if `shown` raises TakenError."""
    try:
        database.write(lambda cursor: shown(cursor, key, described, instead))
    except TakenError:
        return False
    return True


def shown(cursor: Cursor, key: int, described: Collection, instead: tuple[int, int] | None = None) -> None:
    """Moves a hidden collection to its account, where callers see it.

    Args:
        cursor: a transaction.
        key: of the hidden collection.
        described: its account and name.
        instead: key and revision of the collection that it replaces.

    Raises:
        TakenError: the name is taken, or the collection to be replaced has changed since; the transaction must be
            rolled back.
    """
    if instead:
        if changes.advance(cursor, instead[0])[0] != instead[1] + 1:
            raise TakenError  # which undoes the revision
        _drop(cursor, described.account, described.name)
    elif cursor.row("SELECT 1 FROM collections WHERE account = ? AND name = ?", described.account, described.name):
        raise TakenError
    cursor.run("UPDATE collections SET account = ? WHERE id = ?", described.account, key)


def add_users(database: Database, collection: int, coming: Sequence[WholeUser]) -> int:
    """Creates users without faces, leaves existing ones as they are, and returns how many were created."""

    def work(cursor: Cursor) -> int:
        changes.advance(cursor, collection)
        statement = f"{users.INSERT} VALUES (?, ?, ?) ON CONFLICT (collection, name) DO NOTHING"
        fresh = sum(cursor.run(statement, collection, user.name, user.display_name) for user in coming)
        cursor.run("UPDATE collections SET users = users + ? WHERE id = ?", fresh, collection)
        return fresh

    return database.write(work)


def set_vectors(database: Database, collection: int, coming: Sequence[WholeUser]) -> None:
    """Replaces the users' vectors of a hidden collection, combined from faces, by those of its source."""
    coming = [user for user in coming if user.vector is not None]

    def work(cursor: Cursor) -> None:
        marks = ", ".join("?" * len(coming))
        statement = f"SELECT name, id FROM users WHERE collection = ? AND name IN ({marks})"
        rows = cursor.rows(statement, collection, *(user.name for user in coming))
        given = {user.name: user.vector or b"" for user in coming}
        values = [(given[name], vectors.checksum(given[name], user, collection), user) for name, user in rows]
        cursor.run_many("UPDATE user_vectors SET vector = ?, checksum = ? WHERE user_key = ?", values)

    if coming:
        database.write(work)


def set_portraits(database: Database, collection: int, chosen: Mapping[str, UUID]) -> int:
    """Gives users of a hidden collection their portraits, each one of their own faces; returns how many got one."""
    statement = (
        "UPDATE users SET portrait = (SELECT faces.id FROM faces WHERE faces.collection = users.collection "
        "AND face_id = ? AND user_key = users.id) WHERE collection = ? AND name = ? AND EXISTS "
        "(SELECT 1 FROM faces WHERE faces.collection = users.collection AND face_id = ? AND user_key = users.id)"
    )

    def work(cursor: Cursor) -> int:
        return sum(
            cursor.run(statement, face.bytes, collection, name, face.bytes) for name, face in sorted(chosen.items())
        )

    return database.write(work) if chosen else 0


def made_vectors(database: Database, collection: int, names: Sequence[str]) -> dict[str, bytes]:
    """Returns the vectors combined from users' faces, by the users' names."""
    statement = (
        "SELECT name, vector FROM users JOIN user_vectors ON user_key = users.id "
        f"WHERE users.collection = ? AND name IN ({', '.join('?' * len(names))})"
    )
    rows = database.read(lambda cursor: cursor.rows(statement, collection, *names)) if names else []
    return {row[0]: row[1] for row in rows}


def add_faces(portraits: Portraits, collection: int, coming: Sequence[WholeFace], matching: Matching) -> int:
    """Stores faces under their ids, skips ids that exist, and returns how many were stored.

    Args:
        portraits: encrypts their portraits, and has the database.
        collection: its key.
        coming: the faces; their users exist.
        matching: combines the vectors of users that got faces.

    Raises:
        UserFullError: a user would have too many faces; none of these is stored.
        UserMissingError: a face belongs to a user that does not exist.
        CollectionFullError: the collection would have more than `FACE_QUOTA` faces.
    """

    def work(cursor: Cursor) -> int:
        revision, held = changes.advance(cursor, collection)
        if held + len(coming) > FACE_QUOTA:
            raise CollectionFullError
        owners, fresh = _owners(cursor, collection, coming), 0
        gaining, pictured = set(), []
        for each in coming:
            face = each.face
            owner = owners[face.user] if face.user else None
            statement = f"{face_columns.INSERT} ON CONFLICT (collection, face_id) DO NOTHING RETURNING id"
            row = cursor.row(statement, collection, owner, revision, *face_columns.values(face))
            if row:
                kept.keep(cursor, row[0], each.vector)
                pictured += [(row[0], face.face_id, each.portrait)] if each.portrait else []
                fresh += 1
                gaining |= {face.user} if owner else set()
        for name in sorted(filter(None, gaining)):
            owner = users.named(cursor, collection, name).key
            if likeness.renew(cursor, collection, revision, owner, matching) > MOST_PERSONS_FACES:
                raise UserFullError(name)
        cursor.run("UPDATE collections SET faces = faces + ? WHERE id = ?", fresh, collection)
        if pictured and (sealer := portraits.sealer(cursor, collection)):
            pictures.keep(cursor, sealer, pictured)
        return fresh

    return portraits.database.write(work)


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
        pictures.forget(cursor, row[0])


def described(account: str, name: str, contract: str, model_version: str, created: float | None = None) -> Collection:
    """Returns the description of a collection that is to be written."""
    return Collection(0, account, name, contract, model_version, created or round(time.time(), 3), 0, 0, 0)
