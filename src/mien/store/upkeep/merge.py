"""A hidden collection into one that is there: the faces and users that it lacks, in one transaction.

A face that is there already stays as it is, and so does a user, who may gain faces.
"""

from mien.store.base import FACE_QUOTA, CollectionFullError, Cursor
from mien.store.tables import changes, likeness, users, vectors
from mien.store.tables.likeness import Matching
from mien.store.tables.users import MOST_FACES, UserFullError

_MOVE = "UPDATE faces SET collection = ?, revision = ? WHERE collection = ?"
_THERE = "EXISTS (SELECT 1 FROM {0} AS other WHERE other.collection = ? AND other.{1} = {0}.{1})"


def merge(cursor: Cursor, hidden: int, target: int, matching: Matching) -> tuple[int, int]:
    """Move what a collection lacks into it.

    Args:
        cursor: a transaction.
        hidden: the key of the collection that came; what is left of it is for its owner to drop.
        target: the key of the one it is merged into.
        matching: makes the vectors of users whose faces are others than before.

    Returns:
        How many faces and users moved.

    Raises:
        UserFullError: a user would have too many faces; nothing moves.
        CollectionFullError: there would be more faces than a collection holds.
        CollectionGoneError: the target was deleted.
    """

    changes.advance(cursor, hidden)
    revision, held = changes.advance(cursor, target)
    touched = _drop_known(cursor, hidden, target)
    fresh = cursor.run(
        f"UPDATE users SET collection = ? WHERE collection = ? AND NOT {_THERE.format('users', 'name')}",
        target, hidden, target,
    )  # fmt: skip
    touched |= _hand_over(cursor, hidden, target)
    moved = cursor.run(_MOVE, target, revision, hidden)
    if held + moved > FACE_QUOTA:
        raise CollectionFullError
    _move_vectors(cursor, hidden, target, revision)
    for name in sorted(touched):
        owner = users.named(cursor, target, name).key
        if likeness.renew(cursor, target, revision, owner, matching) > MOST_FACES:
            raise UserFullError(name)
    gained = "UPDATE collections SET faces = faces + ?, users = users + ? WHERE id = ?"
    cursor.run(gained, moved, fresh, target)
    cursor.run(gained, -moved, -fresh, hidden)
    return moved, fresh


def _drop_known(cursor: Cursor, hidden: int, target: int) -> set[str]:
    """Drop the faces that the target has already; the names of the users they came with."""
    rows = cursor.rows(
        "SELECT faces.id, name FROM faces LEFT JOIN users ON users.id = user_key "
        f"WHERE faces.collection = ? AND {_THERE.format('faces', 'face_id')}",
        hidden, target,
    )  # fmt: skip
    for statement in ("DELETE FROM embeddings WHERE face = ?", "DELETE FROM faces WHERE id = ?"):
        cursor.run_many(statement, [(row[0],) for row in rows])
    cursor.run("UPDATE collections SET faces = faces - ? WHERE id = ?", len(rows), hidden)
    return {row[1] for row in rows if row[1]}


def _hand_over(cursor: Cursor, hidden: int, target: int) -> set[str]:
    """Give faces whose user the target has to that user; the names of those who gain."""
    pairs = cursor.rows(
        "SELECT theirs.id, ours.id, ours.name FROM users AS ours JOIN users AS theirs ON theirs.name = ours.name "
        "WHERE ours.collection = ? AND theirs.collection = ? AND "
        "EXISTS (SELECT 1 FROM faces WHERE user_key = ours.id)",
        hidden, target,
    )  # fmt: skip
    cursor.run_many("UPDATE faces SET user_key = ? WHERE user_key = ?", [row[:2] for row in pairs])
    return {row[2] for row in pairs}


def _move_vectors(cursor: Cursor, hidden: int, target: int, revision: int) -> None:
    """Move the vectors of users who have moved; a checksum covers the collection, too."""
    rows = cursor.rows(
        "SELECT user_vectors.id, vector, user_key FROM user_vectors JOIN users ON users.id = user_key "
        "WHERE user_vectors.collection = ? AND users.collection = ?",
        hidden, target,
    )  # fmt: skip
    cursor.run_many(
        "UPDATE user_vectors SET collection = ?, revision = ?, checksum = ? WHERE id = ?",
        [(target, revision, vectors.checksum(row[1], row[2], target), row[0]) for row in rows],
    )
