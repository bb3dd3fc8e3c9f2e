"""Stores what people say of faces and users that are named by their ids (see `judgements`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from mien.store.base import Cursor, Database, Work
from mien.store.tables import changes, faces, judgements, users
from mien.store.tables.judgements import NOTHING, Kind, Side, Verdict


class NothingJudgedError(Exception):
    """None of the faces of a side is in the collection."""


class OwnFaceError(Exception):
    """A face belongs to the user that it is said not to be."""


class BothSidesError(Exception):
    """A face or a user stands on both sides."""


@dataclass(frozen=True, slots=True)
class Named:
    """A side of a verdict: a user by its UserId, or faces by their FaceIds."""

    user: str | None = None
    faces: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Judging:
    """Gives and withdraws the verdicts of a database."""

    database: Database

    def judge(self, collection: int, kind: Kind | None, one: Named, other: Named | None) -> list[UUID]:
        """Stores a verdict, or withdraws what was said where `kind` is None; returns the faces that are not there.

        Raises:
            NothingJudgedError, OwnFaceError, BothSidesError: nothing was changed.
            UserMissingError, CollectionGoneError.
        """

        def work(cursor: Cursor) -> list[UUID]:
            changes.advance(cursor, collection)
            missing: list[UUID] = []
            first = _side(cursor, collection, one, missing)
            second = _side(cursor, collection, other, missing) if other else NOTHING
            if first.faces & second.faces or (first.user is not None and first.user == second.user):
                raise BothSidesError
            if kind in ("DIFFERENT", "UNSURE"):
                _refuse_own(cursor, first, second)
            if kind is None:
                judgements.withdraw(cursor, collection, first, second or first)
            elif kind == "SAME":
                judgements.give(cursor, collection, Verdict("SAME", Side(faces=first.faces | second.faces)))
            else:
                judgements.give(cursor, collection, Verdict(kind, first, second))
            return missing

        return self.database.write(Work(work, collection))


def _side(cursor: Cursor, collection: int, named: Named, missing: list[UUID]) -> Side:
    """Returns a side by keys, and adds the faces that are not there to `missing`."""
    if named.user is not None:
        return Side(users.named(cursor, collection, named.user).key)
    present = faces.by_face_id(cursor, collection, named.faces)
    missing += [face for face in named.faces if face not in present]
    if not present:
        raise NothingJudgedError
    return Side(faces=frozenset(face.key for face in present.values()))


def _refuse_own(cursor: Cursor, one: Side, other: Side) -> None:
    for user, some in ((one.user, other.faces), (other.user, one.faces)):
        if user is not None and some:
            owned = {row[0] for row in cursor.rows("SELECT id FROM faces WHERE user_key = ?", user)}
            if owned & some:
                raise OwnFaceError
