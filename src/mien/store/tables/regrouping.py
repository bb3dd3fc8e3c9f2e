"""Names, merges and splits people, and takes faces out of them: each change in one transaction, which is all or none.

A collection's writers wait for each other (`changes.advance`), so of two who merge the same person at once the second
finds it gone. What is kept for a repeated call names no face and no user (see `answers`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec

from mien import naming
from mien.store.base import Cursor, Database, StoredFace, Work
from mien.store.tables import answers, belonging, changes, faces, judgements, person_names, persons, tokens, users
from mien.store.tables.answers import Outcome, Refusal
from mien.store.tables.belonging import MOST_PERSONS_FACES, Change
from mien.store.tables.judgements import Side, Verdict
from mien.store.tables.likeness import Matching
from mien.store.tables.person_names import Name, NameTakenError, SameName
from mien.store.tables.persons import Person
from mien.store.tables.tokens import Token
from mien.store.tables.users import User, UserFullError, UserMissingError

Result = TypeVar("Result")


class NoneFreeError(Exception):
    """None of the faces can be used; `refused` says why not."""

    def __init__(self, refused: Sequence[Refusal]) -> None:
        super().__init__()
        self.refused = refused


class AllFacesError(Exception):
    """A person would have no faces left."""


class PortraitError(Exception):
    """A face that is not the person's cannot be its portrait."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A person after a change, and what became of each face."""

    person: Person
    is_new: bool
    done: list[UUID]
    refused: list[Refusal]


@dataclass(frozen=True, slots=True)
class Former:
    """A person that was merged into another; `display` is None in the answer to a repeated call, which is not kept."""

    name: str
    display: str | None
    portrait: UUID | None
    faces: list[UUID]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a change for a repeated call."""

    user: int
    is_new: bool
    outcome: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Changes of the people of a database."""

    database: Database

    def name(
        self, collection: int, name: Name, face_ids: Sequence[UUID], matching: Matching, token: Token | None
    ) -> Changed:
        """Gives faces to a person, who is made if need be; faces of others stay theirs.

        Raises:
            NameTakenError, NoneFreeError: nothing was changed.
            DamagedError, UserMissingError, UserFullError, UsersFullError, CollectionGoneError, TokenReusedError.
        """

        def work(change: Change) -> Changed:
            cursor = change.cursor
            present = faces.by_face_id(cursor, collection, face_ids)
            user = person_names.meant(cursor, collection, name, list(present.values()))
            free, refused = belonging.joining(cursor, user, face_ids, present, matching)
            if user is None and face_ids and not free:
                raise NoneFreeError(refused)
            if (user.faces if user else 0) + len(free) > MOST_PERSONS_FACES and free:
                raise UserFullError
            key = user.key if user else person_names.made(cursor, collection, name)
            if free:
                belonging.join(change, key, _keys(free), matching)
            return Changed(_person(cursor, key), user is None, [face.face_id for face in free], refused)

        return self._change(collection, token, face_ids, work)

    def update(
        self, collection: int, user: str, display: str | None, portrait: UUID | None, same: SameName
    ) -> tuple[Person, Person]:
        """Gives a person another name, another portrait, or both; returns it as it was and as it is.

        Raises:
            NameTakenError, PortraitError, UserMissingError, CollectionGoneError.
        """

        def work(cursor: Cursor) -> tuple[Person, Person]:
            changes.advance(cursor, collection)
            known = users.named(cursor, collection, user)
            before = persons.of_user(cursor, known)
            if display is not None:
                others = [
                    each.name for each in person_names.called(cursor, collection, display) if each.key != known.key
                ]
                if others and same == "REFUSE":
                    raise NameTakenError(others)
                beside = naming.kept_beside(display, known.name)
                cursor.run("UPDATE users SET display_name = ? WHERE id = ?", beside, known.key)
            if portrait is not None:
                found = faces.by_ids(cursor, collection, [portrait])
                if not found or found[0].user != user:
                    raise PortraitError
                cursor.run("UPDATE users SET portrait = ? WHERE id = ?", found[0].key, known.key)
            return before, _person(cursor, known.key)

        return self.database.write(Work(work, collection))

    def merge(
        self, collection: int, kept: str, others: Sequence[str], matching: Matching, token: Token | None
    ) -> tuple[Person, list[Former]]:
        """Makes the faces of other people one person's, and deletes the others; verdicts about them become its own.

        Raises:
            UserMissingError, UserFullError, CollectionGoneError, TokenReusedError.
        """

        def work(cursor: Cursor) -> tuple[Person, list[Former]]:
            revision, _ = changes.advance(cursor, collection)
            before = tokens.answered(cursor, token)
            if before is not None:
                key, owned = msgspec.json.decode(before, type=tuple[int, list[list[int]]])
                formers = [Former(other, None, None, _ids(cursor, of)) for other, of in zip(others, owned, strict=True)]
                return _person(cursor, key), formers
            heir = users.named(cursor, collection, kept)
            going = [users.named(cursor, collection, each) for each in others]
            if heir.faces + sum(each.faces for each in going) > MOST_PERSONS_FACES:
                raise UserFullError
            formers, moved = [], []
            for each in going:
                rows = cursor.rows("SELECT id, face_id FROM faces WHERE user_key = ? ORDER BY face_id", each.key)
                person = persons.of_user(cursor, each)
                formers.append(
                    Former(each.name, person.display, person.portrait, [UUID(bytes=bytes(row[1])) for row in rows])
                )
                moved.append([int(row[0]) for row in rows])
                judgements.pass_on(cursor, collection, each.key, heir.key)
                users.drop(cursor, collection, revision, each.key)
            everything = [face for some in moved for face in some]
            belonging.join(Change(cursor, collection, revision), heir.key, everything, matching)
            tokens.keep(cursor, token, msgspec.json.encode((heir.key, moved)))
            return _person(cursor, heir.key), formers

        return self.database.write(Work(work, collection))

    def split(
        self, collection: int, user: str, parting: tuple[Sequence[UUID], Name], matching: Matching, token: Token | None
    ) -> Changed:
        """Makes some of a person's faces another person, and keeps that the two are different people.

        Args:
            collection: its key.
            user: the UserId of the person.
            parting: the faces, and the new person's name; without a display name it is shown as the person is.
            matching: combines the vectors.
            token: of the call.

        Raises:
            NameTakenError, NoneFreeError, AllFacesError: nothing was changed.
            UserMissingError, UsersFullError, CollectionGoneError, TokenReusedError.
        """

        face_ids, name = parting

        def work(change: Change) -> Changed:
            cursor = change.cursor
            known = users.named(cursor, collection, user)
            going, refused = belonging.leaving(face_ids, faces.by_face_id(cursor, collection, face_ids), user)
            if not going:
                raise NoneFreeError(refused)
            if len(going) == known.faces:
                raise AllFacesError
            display = name.display or persons.of_user(cursor, known).display
            made = person_names.made(
                cursor, collection, Name(display, name.user, "ANOTHER" if name.display is None else name.same)
            )
            belonging.leave(change, known.key, _keys(going), matching)
            belonging.join(change, made, _keys(going), matching)
            judgements.give(cursor, collection, Verdict("DIFFERENT", Side(known.key), Side(made)))
            return Changed(_person(cursor, made), True, [face.face_id for face in going], refused)

        return self._change(collection, token, face_ids, work)

    def remove(
        self, collection: int, user: str, face_ids: Sequence[UUID], matching: Matching, token: Token | None
    ) -> Changed:
        """Takes faces out of a person, and keeps that they are not that person.

        Raises:
            UserMissingError, CollectionGoneError, TokenReusedError.
        """

        def work(change: Change) -> Changed:
            cursor = change.cursor
            known = users.named(cursor, collection, user)
            going, refused = belonging.leaving(face_ids, faces.by_face_id(cursor, collection, face_ids), user)
            if going:
                belonging.leave(change, known.key, _keys(going), matching)
                out = Side(faces=frozenset(_keys(going)))
                judgements.give(cursor, collection, Verdict("DIFFERENT", Side(known.key), out))
            return Changed(_person(cursor, known.key), False, [face.face_id for face in going], refused)

        return self._change(collection, token, face_ids, work)

    def _change(
        self, collection: int, token: Token | None, face_ids: Sequence[UUID], work: Callable[[Change], Changed]
    ) -> Changed:
        def whole(cursor: Cursor) -> Changed:
            revision, _ = changes.advance(cursor, collection)
            before = tokens.answered(cursor, token)
            if before is not None:
                kept = msgspec.json.decode(before, type=_Kept)
                outcome = answers.unpack(cursor, bytes(kept.outcome), face_ids)
                if outcome is None:
                    raise AssertionError  # no other format was ever kept for these operations
                return Changed(_person(cursor, kept.user), kept.is_new, outcome.done, outcome.refused)
            changed = work(Change(cursor, collection, revision))
            if token:
                outcome = Outcome(changed.done, changed.refused, changed.person.faces)
                packed = msgspec.Raw(answers.pack(cursor, collection, outcome, face_ids))
                tokens.keep(cursor, token, msgspec.json.encode(_Kept(changed.person.key, changed.is_new, packed)))
            return changed

        return self.database.write(Work(whole, collection))


def _person(cursor: Cursor, user: int) -> Person:
    row = cursor.row(f"SELECT {users.SELECTED} FROM users WHERE id = ?", user)
    if row is None:
        raise UserMissingError  # deleted since the call that is repeated
    return persons.of_user(cursor, User(*row))


def _keys(some: Sequence[StoredFace]) -> list[int]:
    return [face.key for face in some]


def _ids(cursor: Cursor, keys: Sequence[int]) -> list[UUID]:
    marks = ", ".join("?" * len(keys))
    rows = cursor.rows(f"SELECT face_id FROM faces WHERE id IN ({marks})", *keys) if keys else []
    return [UUID(bytes=each) for each in sorted(bytes(row[0]) for row in rows)]
