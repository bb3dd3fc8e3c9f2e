"""Makes faces a user's or nobody's, and keeps in step what follows: the user's vector, portrait and verdicts.

Each function runs inside a transaction that has raised the collection's revision, which keeps its other writers out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from mien.store.base import Cursor, DamagedError, StoredFace
from mien.store.tables import faces, judgements, likeness
from mien.store.tables.answers import Outcome, Refusal
from mien.store.tables.judgements import Side
from mien.store.tables.likeness import Matching, Vector

if TYPE_CHECKING:
    from mien.store.tables.users import User

MOST_FACES = 100  # faces of a user, for AssociateFaces; reference 2
MOST_PERSONS_FACES = 10_000  # for the operations that mien adds: a change reads all embeddings of its user


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction that has raised a collection's revision to this one (`changes.advance`)."""

    cursor: Cursor
    collection: int
    revision: int


def joining(
    cursor: Cursor,
    user: "User | None",
    face_ids: Sequence[UUID],
    present: Mapping[UUID, StoredFace],
    matching: Matching,
) -> tuple[list[StoredFace], list[Refusal]]:
    """Returns those of the faces that may join a user, and why the others may not.

    Args:
        cursor: a transaction.
        user: the user; None for one that is to be made.
        face_ids: the faces that are asked for.
        present: those that there are.
        matching: says how similar a face must be to the user; none need be where that is 0.

    Raises:
        DamagedError: the embedding of a face, or the user's vector, fails its checksum.
    """
    known = likeness.vector(cursor, user.key, matching) if user and matching.least else None
    free, refused = [], []
    for face_id in face_ids:
        face = present.get(face_id)
        problem = _unavailable(face_id, face, user.name if user else "") or _dissimilar(cursor, face, known, matching)
        if problem:
            refused.append(problem)
        elif face and face.user is None:
            free.append(face)
    return free, refused


def leaving(
    face_ids: Sequence[UUID], present: Mapping[UUID, StoredFace], name: str
) -> tuple[list[StoredFace], list[Refusal]]:
    """Returns those of the faces that can leave a user, and why the others cannot; nobody's faces are in neither."""
    refused = [problem for each in face_ids if (problem := _unavailable(each, present.get(each), name))]
    return [face for each in face_ids if (face := present.get(each)) and face.user == name], refused


def join(change: Change, user: int, coming: Sequence[int], matching: Matching) -> None:
    """Makes faces a user's, by their keys, whatever was said of them and the user before."""
    cursor, together = change.cursor, Side(faces=frozenset(coming))
    cursor.run_many("UPDATE faces SET user_key = ? WHERE id = ?", [(user, face) for face in coming])
    judgements.withdraw(cursor, change.collection, Side(user), together)
    likeness.renew(cursor, change.collection, change.revision, user, matching)


def leave(change: Change, user: int, going: Sequence[int], matching: Matching) -> None:
    """Makes faces of a user nobody's, by their keys."""
    cursor = change.cursor
    cursor.run_many("UPDATE faces SET user_key = NULL WHERE id = ?", [(face,) for face in going])
    cursor.run(
        "UPDATE users SET portrait = NULL WHERE id = ? AND portrait IS NOT NULL AND "
        "NOT EXISTS (SELECT 1 FROM faces WHERE faces.id = portrait AND user_key = users.id)",
        user,
    )
    likeness.renew(cursor, change.collection, change.revision, user, matching)


def outcome(user: "User | None", gained: int, done: Sequence[StoredFace], refused: list[Refusal]) -> Outcome:
    """Returns the outcome for a user that has so many faces more."""
    return Outcome([face.face_id for face in done], refused, (user.faces if user else 0) + gained)


def _unavailable(face_id: UUID, face: StoredFace | None, name: str) -> Refusal | None:
    """Refuses a face that is missing or belongs to another user."""
    if face is None:
        return Refusal(face_id, "FACE_NOT_FOUND")
    if face.user is not None and face.user != name:
        return Refusal(face_id, "ASSOCIATED_TO_A_DIFFERENT_USER", face.user)
    return None


def _dissimilar(cursor: Cursor, face: StoredFace | None, known: Vector | None, matching: Matching) -> Refusal | None:
    """Refuses a face that is not similar to the user; the first faces of a user are accepted."""
    if face is None or face.user is not None or known is None:
        return None
    embedding = faces.embedding(cursor, face.key)
    if embedding is None:
        raise DamagedError
    similarity = matching.similarity(known, embedding)
    return None if similarity >= matching.least else Refusal(face.face_id, "LOW_MATCH_CONFIDENCE", None, similarity)
