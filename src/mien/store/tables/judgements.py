"""The tables of verdicts: what people said of faces and users, so that they are not asked again.

A verdict has one or two sides, each a user or a set of faces. DIFFERENT and UNSURE hold between every member of one
side and every member of the other; so they still hold when faces are grouped in another way. SAME has one side, faces
of one person. Two faces, two users, or a face and a user have one verdict at most: a later one takes its place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from mien.store.base import Cursor, Database
from mien.store.tables.changes import MOST_NAMED

Kind = Literal["SAME", "DIFFERENT", "UNSURE"]
_FACES = "SELECT verdict, side, face FROM judged_faces WHERE collection = ? "
_USERS = "SELECT verdict, side, user_key FROM judged_users WHERE collection = ? "


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a verdict: the key of a user, or the keys of faces."""

    user: int | None = None
    faces: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        """Returns whether anything is left on this side."""
        return self.user is not None or bool(self.faces)


NOTHING = Side()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict; the second side is empty for SAME."""

    kind: Kind
    one: Side
    other: Side = NOTHING

    @property
    def is_whole(self) -> bool:
        """Returns whether there is still something to say: two sides, or two faces that are the same person's."""
        return len(self.one.faces) > 1 if self.kind == "SAME" else bool(self.one and self.other)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts of a database."""

    database: Database

    def of(self, collection: int) -> list[Verdict]:
        """Returns the verdicts of a collection, in the order in which they were given."""
        return self.database.read(lambda cursor: list(every(cursor, collection).values()))


def every(cursor: Cursor, collection: int) -> dict[int, Verdict]:
    """Returns the verdicts of a collection by their keys, inside a transaction."""
    return _read(cursor, collection)


def give(cursor: Cursor, collection: int, verdict: Verdict) -> None:
    """Stores a verdict; earlier ones of the same faces and users are withdrawn as far as this one reaches."""
    if verdict.kind == "SAME":
        alike = _withdraw(cursor, collection, verdict.one, verdict.one)
        verdict = Verdict("SAME", Side(faces=verdict.one.faces.union(*alike)))
    else:
        withdraw(cursor, collection, verdict.one, verdict.other)
    _insert(cursor, collection, verdict)


def withdraw(cursor: Cursor, collection: int, one: Side, other: Side) -> None:
    """Withdraws what was said of two sides with each other; what was said of others with them stays.

    Faces that are one person's are parted: the side that is fewer of them leaves the rest.
    """
    for alike in _withdraw(cursor, collection, one, other):
        leaving = min(alike & one.faces, alike & other.faces, key=len)
        for part in (alike - leaving, leaving if one != other else frozenset()):
            _insert(cursor, collection, Verdict("SAME", Side(faces=part)))


def _withdraw(cursor: Cursor, collection: int, one: Side, other: Side) -> list[frozenset[int]]:
    """Deletes what was said of two sides with each other, and the sets of one person's faces that have some of both.

    Returns:
        Those sets.
    """
    alike = []
    for key, found in _touching(cursor, collection, one).items():
        if found.kind == "SAME":
            if found.one.faces & one.faces and found.one.faces & other.faces:
                _delete(cursor, collection, key)
                alike.append(found.one.faces)
        elif _facing(found, one, other):
            _delete(cursor, collection, key)
            pending = [found]
            while pending:
                each = pending.pop()
                if pair := _facing(each, one, other):
                    pending += _without(each.kind, pair, one, other)
                else:
                    _insert(cursor, collection, each)
    return alike


def _facing(verdict: Verdict, one: Side, other: Side) -> tuple[Side, Side] | None:
    """Returns the verdict's sides so that the first shares something with `one` and the second with `other`."""
    for first, second in ((verdict.one, verdict.other), (verdict.other, verdict.one)):
        if _shares(first, one) and _shares(second, other):
            return first, second
    return None


def _shares(side: Side, with_: Side) -> bool:
    return bool(side.faces & with_.faces) or (side.user is not None and side.user == with_.user)


def _without(kind: Kind, pair: tuple[Side, Side], one: Side, other: Side) -> list[Verdict]:
    """Returns a verdict without what it says between `one` and `other`."""
    first, second = pair
    left = Side(None if first.user == one.user else first.user, first.faces - one.faces)
    right = Side(None if second.user == other.user else second.user, second.faces - other.faces)
    shared = Side(first.user if first.user == one.user else None, first.faces & one.faces)
    return [Verdict(kind, left, second), Verdict(kind, shared, right)]


def forget_faces(cursor: Cursor, faces: Sequence[int]) -> None:
    """Deletes faces from all verdicts, and the verdicts that say nothing without them."""
    for start in range(0, len(faces), MOST_NAMED):
        some = faces[start : start + MOST_NAMED]
        marks = ", ".join("?" * len(some))
        touched = cursor.rows(f"SELECT collection, verdict FROM judged_faces WHERE face IN ({marks})", *some)
        if touched:
            cursor.run(f"DELETE FROM judged_faces WHERE face IN ({marks})", *some)
            _drop_empty(cursor, {(int(row[0]), int(row[1])) for row in touched})


def forget_user(cursor: Cursor, user: int) -> None:
    """Deletes the verdicts about a user."""
    for collection, key in cursor.rows("SELECT collection, verdict FROM judged_users WHERE user_key = ?", user):
        _delete(cursor, collection, key)


def pass_on(cursor: Cursor, collection: int, user: int, heir: int) -> None:
    """Makes what was said of a user said of another; what was said between the two is forgotten."""
    side, whole = Side(user), Side(heir)
    for each in _touching(cursor, collection, side).values():
        rest = each.other if each.one.user == user else each.one
        if rest.user != heir and rest:
            withdraw(cursor, collection, whole, rest)
            _insert(cursor, collection, Verdict(each.kind, whole, rest))
    forget_user(cursor, user)


def clear(cursor: Cursor, collection: int) -> None:
    """Deletes all verdicts of a collection."""
    for table in ("judged_faces", "judged_users", "verdicts"):
        cursor.run(f"DELETE FROM {table} WHERE collection = ?", collection)


def copy(cursor: Cursor, source: int, target: int) -> None:
    """Replaces a collection's verdicts by those of another, about its own faces and users of the same ids."""
    clear(cursor, target)
    faces = {
        int(ours): int(theirs)
        for ours, theirs in cursor.rows(
            "SELECT ours.id, theirs.id FROM judged_faces JOIN faces AS ours ON ours.id = face "
            "JOIN faces AS theirs ON theirs.collection = ? AND theirs.face_id = ours.face_id "
            "WHERE judged_faces.collection = ?",
            *(target, source),
        )
    }
    users = {
        int(ours): int(theirs)
        for ours, theirs in cursor.rows(
            "SELECT ours.id, theirs.id FROM judged_users JOIN users AS ours ON ours.id = user_key "
            "JOIN users AS theirs ON theirs.collection = ? AND theirs.name = ours.name "
            "WHERE judged_users.collection = ?",
            *(target, source),
        )
    }

    def moved(side: Side) -> Side:
        user = users.get(side.user) if side.user is not None else None
        return Side(user, frozenset(faces[each] for each in side.faces if each in faces))

    for each in every(cursor, source).values():
        _insert(cursor, target, Verdict(each.kind, moved(each.one), moved(each.other)))


def _drop_empty(cursor: Cursor, touched: Iterable[tuple[int, int]]) -> None:
    for collection, some in groupby(sorted(touched), lambda each: each[0]):
        keys = [key for _, key in some]
        left = _read(cursor, collection, keys)
        for key in keys:
            if not (key in left and left[key].is_whole):
                _delete(cursor, collection, key)


def _touching(cursor: Cursor, collection: int, side: Side) -> dict[int, Verdict]:
    """Returns the verdicts in which a user or one of some faces has a part, by their keys."""
    keys: set[int] = set()
    if side.user is not None:
        keys |= {row[0] for row in cursor.rows("SELECT verdict FROM judged_users WHERE user_key = ?", side.user)}
    faces = sorted(side.faces)
    for start in range(0, len(faces), MOST_NAMED):
        some = faces[start : start + MOST_NAMED]
        marks = ", ".join("?" * len(some))
        keys |= {row[0] for row in cursor.rows(f"SELECT verdict FROM judged_faces WHERE face IN ({marks})", *some)}
    return _read(cursor, collection, sorted(keys)) if keys else {}


def _read(cursor: Cursor, collection: int, keys: Sequence[int] | None = None) -> dict[int, Verdict]:
    """Returns the verdicts with these keys, or all, in the order of their keys."""
    if keys is not None and len(keys) > MOST_NAMED:
        return _read(cursor, collection, keys[:MOST_NAMED]) | _read(cursor, collection, keys[MOST_NAMED:])
    within = "" if keys is None else f"AND {{}} IN ({', '.join('?' * len(keys))}) "
    some = (collection, *(keys or ()))
    sides: dict[tuple[int, int], Side] = {}
    rows = cursor.rows(f"{_FACES}{within.format('verdict')}ORDER BY verdict, side", *some)
    for place, faces in groupby(rows, lambda row: (row[0], row[1])):
        sides[place] = Side(faces=frozenset(row[2] for row in faces))
    for key, side, user in cursor.rows(f"{_USERS}{within.format('verdict')}", *some):
        sides[key, side] = Side(user)
    kinds = cursor.rows(
        f"SELECT id, verdict FROM verdicts WHERE collection = ? {within.format('id')}ORDER BY id", *some
    )
    return {key: Verdict(kind, sides.get((key, 0), NOTHING), sides.get((key, 1), NOTHING)) for key, kind in kinds}


def _insert(cursor: Cursor, collection: int, verdict: Verdict) -> None:
    """Stores a verdict that says something; faces are added to what is said already of a user in the same way."""
    if not verdict.is_whole:
        return
    one, other = (verdict.one, verdict.other) if verdict.one.user is not None else (verdict.other, verdict.one)
    if one.user is not None and other.faces:
        for key, known in _touching(cursor, collection, one).items():
            if known.kind == verdict.kind and known.other.faces:
                _add(cursor, collection, key, 1, other)
                return
    else:
        one, other = verdict.one, verdict.other
    statement = "INSERT INTO verdicts (collection, verdict) VALUES (?, ?) RETURNING id"
    (key,) = cursor.row(statement, collection, verdict.kind) or (0,)
    for side, each in enumerate((one, other)):
        _add(cursor, collection, key, side, each)


def _add(cursor: Cursor, collection: int, key: int, side: int, adding: Side) -> None:
    cursor.run_many(
        "INSERT INTO judged_faces (collection, verdict, side, face) VALUES (?, ?, ?, ?)",
        [(collection, key, side, face) for face in sorted(adding.faces)],
    )
    if adding.user is not None:
        statement = "INSERT INTO judged_users (collection, verdict, side, user_key) VALUES (?, ?, ?, ?)"
        cursor.run(statement, collection, key, side, adding.user)


def _delete(cursor: Cursor, collection: int, key: int) -> None:
    for table, column in (("judged_faces", "verdict"), ("judged_users", "verdict"), ("verdicts", "id")):
        cursor.run(f"DELETE FROM {table} WHERE collection = ? AND {column} = ?", collection, key)
