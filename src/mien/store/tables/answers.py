"""Packs the outcome of associating or disassociating faces, which is stored under an idempotency token.

Faces are packed as positions in the call's list and users as keys, so that a stored outcome names nothing that may be
erased. A repeated call brings the ids again.
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
    """The outcome of associating or disassociating faces."""

    done: list[UUID]
    refused: list[Refusal]
    faces: int


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """An outcome without ids: positions in the call's list; for each refusal also reason, user key and similarity."""

    done: list[int]
    refused: list[tuple[int, str, int | None, float | None]]
    faces: int


def pack(cursor: Cursor, collection: int, outcome: Outcome, face_ids: Sequence[UUID]) -> bytes:
    """Encodes an outcome without ids.

    Args:
        cursor: a transaction.
        collection: the collection's key.
        outcome: of the call.
        face_ids: of the call, in its order.
    """
    places = {face_id: place for place, face_id in enumerate(face_ids)}
    refused = [
        (places[each.face_id], each.reason, _key(cursor, collection, each.user), each.similarity)
        for each in outcome.refused
    ]
    return msgspec.json.encode(_Packed([places[each] for each in outcome.done], refused, outcome.faces))


def unpack(cursor: Cursor, kept: bytes, face_ids: Sequence[UUID]) -> Outcome | None:
    """Decodes an outcome (see `pack`); returns None for one in the format of an older mien.

    A refusal does not name a user who was deleted since.
    """
    try:
        found = msgspec.json.decode(kept, type=_Packed)
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
