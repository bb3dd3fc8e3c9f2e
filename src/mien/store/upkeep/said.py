"""Reads and writes the verdicts of a collection by the ids of faces and users, for exports and merges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from mien.store.base import Cursor
from mien.store.tables import changes, judgements
from mien.store.tables import faces as tables
from mien.store.tables.judgements import Kind, Side, Verdict


@dataclass(frozen=True, slots=True)
class SaidSide:
    """A side of a verdict by ids: a UserId, or FaceIds."""

    user: str | None = None
    faces: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict by ids; SAME has one side."""

    kind: Kind
    sides: tuple[SaidSide, ...]


def read(cursor: Cursor, collection: int) -> Iterator[Said]:
    """Yields the verdicts of a collection, in the order in which they were given."""
    faces = "SELECT DISTINCT id, face_id FROM judged_faces JOIN faces ON id = face WHERE judged_faces.collection = ?"
    users = "SELECT DISTINCT id, name FROM judged_users JOIN users ON id = user_key WHERE judged_users.collection = ?"
    face_ids = {int(key): UUID(bytes=bytes(face_id)) for key, face_id in cursor.rows(faces, collection)}
    names = {int(key): str(name) for key, name in cursor.rows(users, collection)}
    for each in judgements.every(cursor, collection).values():
        yield Said(each.kind, tuple(
            SaidSide(names[side.user]) if side.user is not None
            else SaidSide(None, tuple(face_ids[key] for key in sorted(side.faces)))
            for side in (each.one, each.other) if side
        ))  # fmt: skip


def write(cursor: Cursor, collection: int, said: Sequence[Said]) -> int:
    """Gives verdicts in a collection, and returns how many faces and users of them are not there.

    A face that belongs to the user that it is said not to be is left out: it was named later.
    """
    missing = 0
    for each in said:
        sides = [_side(cursor, collection, side) for side in each.sides]
        missing += sum(len(side.faces) + (side.user is not None) for side in each.sides)
        missing -= sum(len(side.faces) + (side.user is not None) for side in sides)
        one, other = (*sides, Side())[:2]
        if each.kind != "SAME":
            one, other = _without_own(cursor, one, other), _without_own(cursor, other, one)
        verdict = Verdict(each.kind, one, other)
        if verdict.is_whole:
            judgements.give(cursor, collection, verdict)
    return missing


def move(cursor: Cursor, source: int, said: Sequence[Said], target: int) -> None:
    """Gives the verdicts that another collection had in the one that it was merged into, whose own stand above them."""
    if not said:
        return
    ours = list(judgements.every(cursor, target).values())
    write(cursor, target, said)
    for each in ours:
        judgements.give(cursor, target, each)
    judgements.clear(cursor, source)


def _side(cursor: Cursor, collection: int, side: SaidSide) -> Side:
    if side.user is not None:
        row = cursor.row("SELECT id FROM users WHERE collection = ? AND name = ?", collection, side.user)
        return Side(int(row[0])) if row else Side()
    keys: set[int] = set()
    for start in range(0, len(side.faces), changes.MOST_NAMED):
        some = side.faces[start : start + changes.MOST_NAMED]
        keys |= {face.key for face in tables.by_ids(cursor, collection, some)}
    return Side(faces=frozenset(keys))


def _without_own(cursor: Cursor, side: Side, facing: Side) -> Side:
    if facing.user is None or not side.faces:
        return side
    owned = {int(row[0]) for row in cursor.rows("SELECT id FROM faces WHERE user_key = ?", facing.user)}
    return Side(faces=side.faces - owned)
