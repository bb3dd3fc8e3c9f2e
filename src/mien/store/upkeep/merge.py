"""Merges a hidden collection into an existing one: moves the faces and users that it lacks, in one transaction.

A face that exists stays as it is; a user that exists may gain faces.
"""

from mien.store.base import FACE_QUOTA, CollectionFullError, Cursor
from mien.store.tables import changes, faces, likeness, users, vectors
from mien.store.tables.belonging import MOST_PERSONS_FACES
from mien.store.tables.likeness import Matching
from mien.store.tables.users import UserFullError
from mien.store.upkeep import said as verdicts

_MOVE = "UPDATE faces SET collection = ?, revision = ? WHERE collection = ?"
_THERE = "EXISTS (SELECT 1 FROM {0} AS other WHERE other.collection = ? AND other.{1} = {0}.{1})"


def merge(cursor: Cursor, hidden: int, target: int, matching: Matching) -> tuple[int, int]:
    """Moves the faces and users that a collection lacks into it.

    Args:
        cursor: a transaction.
        hidden: the key of the hidden collection; the caller deletes what is left of it.
        target: the key of the existing one.
        matching: combines the vectors of users whose faces changed.

    Returns:
        How many faces and users moved.

    Raises:
        UserFullError: a user would have too many faces; nothing moves.
        CollectionFullError: the target would have more than `FACE_QUOTA` faces.
        CollectionGoneError: the target was deleted.
    """

    changes.advance(cursor, hidden)
    revision, held = changes.advance(cursor, target)
    said = list(verdicts.read(cursor, hidden))
    touched = _drop_known(cursor, hidden, target)
    fresh = cursor.run(
        f"UPDATE users SET collection = ? WHERE collection = ? AND NOT {_THERE.format('users', 'name')}",
        target, hidden, target,
    )  # fmt: skip
    _keep_names(cursor, hidden, target)
    touched |= _reassign(cursor, hidden, target)
    moved = cursor.run(_MOVE, target, revision, hidden)
    if held + moved > FACE_QUOTA:
        raise CollectionFullError
    _move_vectors(cursor, hidden, target, revision)
    for name in sorted(touched):
        owner = users.named(cursor, target, name).key
        if likeness.renew(cursor, target, revision, owner, matching) > MOST_PERSONS_FACES:
            raise UserFullError(name)
    verdicts.move(cursor, hidden, said, target)
    cursor.run(  # the portrait of a user that came may be a face that did not, since the target had it
        "UPDATE users SET portrait = NULL WHERE collection = ? AND portrait IS NOT NULL AND "
        "NOT EXISTS (SELECT 1 FROM faces WHERE faces.id = portrait AND user_key = users.id)",
        target,
    )
    gained = "UPDATE collections SET faces = faces + ?, users = users + ? WHERE id = ?"
    cursor.run(gained, moved, fresh, target)
    cursor.run(gained, -moved, -fresh, hidden)
    return moved, fresh


def _drop_known(cursor: Cursor, hidden: int, target: int) -> set[str]:
    """Deletes the hidden faces that the target has, and returns the names of their users."""
    rows = cursor.rows(
        "SELECT faces.id, name FROM faces LEFT JOIN users ON users.id = user_key "
        f"WHERE faces.collection = ? AND {_THERE.format('faces', 'face_id')}",
        hidden, target,
    )  # fmt: skip
    faces.erase(cursor, [row[:1] for row in rows])
    cursor.run("UPDATE collections SET faces = faces - ? WHERE id = ?", len(rows), hidden)
    return {row[1] for row in rows if row[1]}


def _keep_names(cursor: Cursor, hidden: int, target: int) -> None:
    """Gives the target's users without a display name that of the hidden user of the same id."""
    cursor.run(
        "UPDATE users SET display_name = (SELECT ours.display_name FROM users AS ours "
        "WHERE ours.collection = ? AND ours.name = users.name) WHERE collection = ? AND display_name IS NULL "
        "AND EXISTS (SELECT 1 FROM users AS ours WHERE ours.collection = ? AND ours.name = users.name)",
        hidden, target, hidden,
    )  # fmt: skip


def _reassign(cursor: Cursor, hidden: int, target: int) -> set[str]:
    """Assigns hidden faces to the target's user of the same name, and returns the names of users that gain faces."""
    pairs = cursor.rows(
        "SELECT theirs.id, ours.id, ours.name FROM users AS ours JOIN users AS theirs ON theirs.name = ours.name "
        "WHERE ours.collection = ? AND theirs.collection = ? AND "
        "EXISTS (SELECT 1 FROM faces WHERE user_key = ours.id)",
        hidden, target,
    )  # fmt: skip
    cursor.run_many("UPDATE faces SET user_key = ? WHERE user_key = ?", [row[:2] for row in pairs])
    return {row[2] for row in pairs}


def _move_vectors(cursor: Cursor, hidden: int, target: int, revision: int) -> None:
    """Moves the vectors of moved users, with new checksums, which cover the collection."""
    rows = cursor.rows(
        "SELECT user_vectors.id, vector, user_key FROM user_vectors JOIN users ON users.id = user_key "
        "WHERE user_vectors.collection = ? AND users.collection = ?",
        hidden, target,
    )  # fmt: skip
    cursor.run_many(
        "UPDATE user_vectors SET collection = ?, revision = ?, checksum = ? WHERE id = ?",
        [(target, revision, vectors.checksum(row[1], row[2], target), row[0]) for row in rows],
    )
