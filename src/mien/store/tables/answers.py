"""What associating or disassociating faces came to, and how it is kept for a call that comes again.

It is kept by places in the call's own list of faces and by users' keys, so that the answer of an idempotency token
names nothing that may be erased meanwhile. The call brings the ids with it when it comes again.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from mien.store.base import Cursor


class Refusal(msgspec.Struct, frozen=True):
    """A face that was not associated or disassociated, and why; `similarity` where it was too low."""

    face_id: UUID
    reason: str
    user: str | None = None
    similarity: float | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What associating or disassociating faces came to."""

    done: list[UUID]
    refused: list[Refusal]
    faces: int


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """An outcome without ids: places in the call's list; for those refused why, the user's key and the similarity."""

    done: list[int]
    refused: list[tuple[int, str, int | None, float | None]]
    faces: int


def pack(cursor: Cursor, collection: int, outcome: Outcome, face_ids: Sequence[UUID]) -> bytes:
    """Returns an outcome as it is kept.

    Args:
        cursor: a transaction.
        collection: the collection's key.
        outcome: what the call came to.
        face_ids: those that the call named, in its order.
    """
    places = {face_id: place for place, face_id in enumerate(face_ids)}
    refused = [
        (places[each.face_id], each.reason, _key(cursor, collection, each.user), each.similarity)
        for each in outcome.refused
    ]
    return msgspec.json.encode(_Kept([places[each] for each in outcome.done], refused, outcome.faces))


def unpack(cursor: Cursor, kept: bytes, face_ids: Sequence[UUID]) -> Outcome | None:
    """Returns an outcome that was kept (see `pack`); None for one that an older server beside this one kept.

    The name of a user who was deleted since is left out.
    """
    try:
        found = msgspec.json.decode(kept, type=_Kept)
    except msgspec.ValidationError:
        return None
    refused = [
        Refusal(face_ids[place], reason, _name(cursor, user), similarity)
        for place, reason, user, similarity in found.refused
    ]
    return Outcome([face_ids[place] for place in found.done], refused, found.faces)


def _key(cursor: Cursor, collection: int, name: str | None) -> int | None:
    statement = "SELECT id FROM users WHERE collection = ? AND name = ?"
    row = cursor.row(statement, collection, name) if name else None
    return int(row[0]) if row else None


def _name(cursor: Cursor, user: int | None) -> str | None:
    row = cursor.row("SELECT name FROM users WHERE id = ?", user) if user else None
    return str(row[0]) if row else None
