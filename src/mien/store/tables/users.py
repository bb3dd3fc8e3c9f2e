"""The table of users: groups of faces in a collection, each found by one vector combined from theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mien.store.base import Changes, Cursor, DamagedError, Database, Point, Work
from mien.store.tables import answers, belonging, changes, faces, judgements, likeness, tokens, vectors
from mien.store.tables.answers import Outcome
from mien.store.tables.belonging import MOST_FACES, Change
from mien.store.tables.damage import Damage
from mien.store.tables.likeness import Matching, Vector
from mien.store.tables.tokens import Token

USER_QUOTA = 10_000_000  # users of a collection; reference 2
SELECTED = "id, name, faces, display_name"  # the columns of a `User`
INSERT = "INSERT INTO users (collection, name, display_name)"


class UserExistsError(Exception):
    """The collection has a user of this name."""


class UserMissingError(Exception):
    """The collection has no user of this name."""


class UserFullError(Exception):
    """The user would have more faces than it may."""


class UsersFullError(Exception):
    """The collection would have more than USER_QUOTA users."""


@dataclass(frozen=True, slots=True)
class User:
    """A user as it was when it was read.

    Attributes:
        key: its key.
        name: its UserId.
        faces: how many it has.
        display_name: the name that it is shown by; None if that is read from its UserId.
    """

    key: int
    name: str
    faces: int
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class Users:
    """Users in a database."""

    database: Database
    damage: Damage = field(default_factory=Damage)

    def create(self, collection: int, name: str, token: Token | None, display_name: str | None = None) -> None:
        """Creates a user without faces.

        Raises:
            UserExistsError, UsersFullError, CollectionGoneError, TokenReusedError.
        """

        def work(cursor: Cursor) -> None:
            changes.advance(cursor, collection)  # first: of two concurrent calls with one token, the second waits here
            if tokens.answered(cursor, token) is not None:
                return
            if make(cursor, collection, name, display_name) is None:
                raise UserExistsError
            tokens.keep(cursor, token, b"")

        self.database.write(Work(work, collection))

    def rename(self, collection: int, name: str, display_name: str | None) -> str | None:
        """Sets the name that a user is shown by, and returns the former one; None if that is read from its UserId.

        Raises:
            UserMissingError, CollectionGoneError.
        """

        def work(cursor: Cursor) -> str | None:
            changes.advance(cursor, collection)
            user = named(cursor, collection, name)
            cursor.run("UPDATE users SET display_name = ? WHERE id = ?", display_name, user.key)
            return user.display_name

        return self.database.write(Work(work, collection))

    def delete(self, collection: int, name: str, token: Token | None) -> None:
        """Deletes a user; its faces stay in the collection.

        Raises:
            UserMissingError, CollectionGoneError, TokenReusedError.
        """

        def work(cursor: Cursor) -> None:
            revision, _ = changes.advance(cursor, collection)
            if tokens.answered(cursor, token) is not None:
                return
            user = named(cursor, collection, name)
            cursor.run("UPDATE faces SET user_key = NULL WHERE user_key = ?", user.key)
            drop(cursor, collection, revision, user.key)
            tokens.keep(cursor, token, b"")

        self.database.write(Work(work, collection, frees=True))

    def find(self, collection: int, name: str) -> User | None:
        """Returns the collection's user of this name."""
        try:
            return self.database.read(lambda cursor: named(cursor, collection, name))
        except UserMissingError:
            return None

    def page(self, collection: int, after: int, limit: int) -> list[User]:
        """Returns up to `limit` users with keys after `after`, in order of creation."""
        statement = f"SELECT {SELECTED} FROM users WHERE collection = ? AND id > ? ORDER BY id LIMIT ?"
        return [User(*row) for row in self.database.read(lambda c: c.rows(statement, collection, after, limit))]

    def vector(self, user: int) -> Vector | None:
        """Returns a user's vector, float32 (D,), by its key; None for a user without faces.

        Raises:
            DamagedError: it fails its checksum.
        """
        try:
            return self.database.read(lambda cursor: likeness.vector(cursor, user))
        except DamagedError:
            self.damage.note("users", [user])
            raise

    def probe(self, collection: int, name: str) -> Vector | None:
        """Returns the vector of the collection's user of this name (see `vector`).

        Raises:
            UserMissingError: there is none.
            DamagedError: the vector fails its checksum.
        """
        statement = (
            "SELECT vector, checksum, users.id, user_vectors.collection FROM users "
            "LEFT JOIN user_vectors ON user_key = users.id WHERE users.collection = ? AND name = ?"
        )
        row = self.database.read(lambda cursor: cursor.row(statement, collection, name))
        if row is None:
            raise UserMissingError
        if row[0] is not None and not vectors.fits(*row):
            self.damage.note("users", [row[2]])
            raise DamagedError
        return vectors.unpack_users([row[0]])[0] if row[0] is not None else None

    def by_vectors(self, collection: int, keys: Sequence[int], seen: Point | None = None) -> dict[int, User]:
        """Returns users by the keys of their vectors, without those changed or damaged (see `Faces.by_keys`)."""
        marks = ", ".join("?" * len(keys))
        statement = (
            "SELECT user_vectors.id, vector, checksum, user_key, user_vectors.collection, name, faces, display_name "
            "FROM user_vectors JOIN users ON users.id = user_key "
            f"WHERE +user_vectors.collection = ? AND user_vectors.id IN ({marks})"  # the plus as in `Faces.by_keys`
        )
        rows = changes.present(self.database, statement, collection, keys, seen)
        self.damage.note("users", vectors.sift([row[:5] for row in rows])[1])
        return {row[0]: User(row[3], *row[5:]) for row in rows if vectors.fits(*row[1:5])}

    def vectors(
        self, keys: NDArray[np.int64], collection: int = 0, seen: Point | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Returns users' vectors by their keys (see `changes.originals`)."""
        found, kept, damaged = self.database.read(
            lambda cursor: changes.originals(cursor, changes.USERS, keys, collection, seen)
        )
        self.damage.note("users", damaged)
        return found, kept

    def changes(self, collection: int, known: int, limit: int, began: int = 0, seen: Point | None = None) -> Changes:
        """Returns the changes for a gallery of users after revision `known` (see `changes.since`)."""
        found = self.database.read(
            lambda cursor: changes.since(cursor, changes.USERS, collection, known, limit, began=began, seen=seen)
        )
        self.damage.note("users", found.damaged)
        return found

    def associate(
        self, collection: int, name: str, face_ids: Sequence[UUID], matching: Matching, token: Token | None
    ) -> Outcome:
        """Associates with a user those of the faces that may be.

        Raises:
            DamagedError: the embedding of one of them fails its checksum.
            UserMissingError, UserFullError, CollectionGoneError, TokenReusedError.
        """

        def work(change: Change, user: User) -> Outcome:
            present = faces.by_face_id(change.cursor, collection, face_ids)
            free, refused = belonging.joining(change.cursor, user, face_ids, present, matching)
            if free and user.faces + len(free) > MOST_FACES:
                raise UserFullError
            if free:
                belonging.join(change, user.key, [face.key for face in free], matching)
            return belonging.outcome(user, len(free), free, refused)

        return self._change(collection, name, face_ids, token, work)

    def disassociate(
        self, collection: int, name: str, face_ids: Sequence[UUID], matching: Matching, token: Token | None
    ) -> Outcome:
        """Disassociates faces from a user; they stay in the collection.

        Raises:
            UserMissingError, CollectionGoneError, TokenReusedError.
        """

        def work(change: Change, user: User) -> Outcome:
            present = faces.by_face_id(change.cursor, collection, face_ids)
            going, refused = belonging.leaving(face_ids, present, name)
            if going:
                belonging.leave(change, user.key, [face.key for face in going], matching)
            return belonging.outcome(user, -len(going), going, refused)

        return self._change(collection, name, face_ids, token, work)

    def _change(
        self,
        collection: int,
        name: str,
        face_ids: Sequence[UUID],
        token: Token | None,
        work: Callable[[Change, User], Outcome],
    ) -> Outcome:
        def whole(cursor: Cursor) -> Outcome:
            revision, _ = changes.advance(cursor, collection)
            before = tokens.answered(cursor, token)
            known = answers.unpack(cursor, before, face_ids) if before is not None else None
            if known is not None:
                return known
            if before is not None and token:  # stored by an older mien, in a format that names faces
                tokens.forget(cursor, token)
            outcome = work(Change(cursor, collection, revision), named(cursor, collection, name))
            if token:
                tokens.keep(cursor, token, answers.pack(cursor, collection, outcome, face_ids))
            return outcome

        return self.database.write(Work(whole, collection))


def named(cursor: Cursor, collection: int, name: str) -> User:
    """Returns the collection's user of this name, inside a transaction.

    Raises:
        UserMissingError: there is none.
    """
    row = cursor.row(f"SELECT {SELECTED} FROM users WHERE collection = ? AND name = ?", collection, name)
    if row is None:
        raise UserMissingError(name)
    return User(*row)


def make(cursor: Cursor, collection: int, name: str, display_name: str | None = None) -> int | None:
    """Creates a user without faces inside a transaction, and returns its key; None if there is one of this name.

    Raises:
        UsersFullError: the collection has as many users as it may.
    """
    (held,) = cursor.row("SELECT users FROM collections WHERE id = ?", collection) or (0,)
    if held >= USER_QUOTA:
        raise UsersFullError
    statement = f"{INSERT} VALUES (?, ?, ?) ON CONFLICT (collection, name) DO NOTHING RETURNING id"
    row = cursor.row(statement, collection, name, display_name)
    if row is None:
        return None
    cursor.run("UPDATE collections SET users = users + 1 WHERE id = ?", collection)
    return int(row[0])


def drop(cursor: Cursor, collection: int, revision: int, user: int) -> None:
    """Deletes a user that has no faces any more, with its vector and the verdicts about it, inside a transaction."""
    judgements.forget_user(cursor, user)
    likeness.forget(cursor, collection, revision, user)
    cursor.run("DELETE FROM users WHERE id = ?", user)
    cursor.run("UPDATE collections SET users = users - 1 WHERE id = ?", collection)
