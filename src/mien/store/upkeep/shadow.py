"""Keeps the shadow of a collection that is reindexed: the same faces and ids, embedded by another pack."""

from uuid import UUID

from mien.store.base import Collection, Cursor, StoredFace
from mien.store.tables import changes, faces, judgements, likeness, users
from mien.store.tables.face_columns import SELECTED, stored
from mien.store.tables.likeness import Matching
from mien.store.upkeep.bulk import HIDDEN

_LACKS = "NOT EXISTS (SELECT 1 FROM faces AS other WHERE other.collection = ? AND other.face_id = faces.face_id)"


def find(cursor: Cursor, collection: Collection, contract: str) -> int | None:
    """Returns the key of the shadow that an earlier run began with this contract, if any."""
    row = cursor.row(
        "SELECT id FROM collections WHERE account = ? AND name = ? AND contract = ?",
        HIDDEN + collection.account, collection.name, contract,
    )  # fmt: skip
    return int(row[0]) if row else None


def lacking(cursor: Cursor, collection: int, shadow: int, image: UUID | None = None) -> list[StoredFace]:
    """Returns the faces of a collection that its shadow lacks; of one image, or of all."""
    narrowed = "AND image_id = ? " if image else ""
    rows = cursor.rows(
        f"SELECT {SELECTED} FROM faces LEFT JOIN users ON users.id = user_key "
        f"WHERE faces.collection = ? {narrowed}AND {_LACKS} ORDER BY faces.id",
        collection, *((image.bytes,) if image else ()), shadow,
    )  # fmt: skip
    return [stored(row) for row in rows]


def follow(cursor: Cursor, collection: int, shadow: int, matching: Matching) -> None:
    """Applies changes of a collection to its shadow: removed faces, users, and their faces; adds no faces."""
    revision, _ = changes.advance(cursor, shadow)
    changed = _names(cursor, f"SELECT user_key FROM faces WHERE collection = ? AND {_LACKS}", shadow, collection)
    gone = cursor.rows(f"SELECT id FROM faces WHERE collection = ? AND {_LACKS}", shadow, collection)
    faces.erase(cursor, gone)
    cursor.run("UPDATE collections SET faces = faces - ? WHERE id = ?", len(gone), shadow)
    made = cursor.run(
        f"{users.INSERT} SELECT CAST(? AS BIGINT), name, display_name FROM users WHERE collection = ? "
        "ORDER BY id ON CONFLICT (collection, name) DO NOTHING",
        shadow, collection,
    )  # fmt: skip
    _rename(cursor, collection, shadow)
    moved = cursor.rows(
        "SELECT faces.id, ours.name, theirs.id, theirs.name FROM faces "
        "JOIN faces AS other ON other.collection = ? AND other.face_id = faces.face_id "
        "LEFT JOIN users AS ours ON ours.id = faces.user_key LEFT JOIN users AS first ON first.id = other.user_key "
        "LEFT JOIN users AS theirs ON theirs.collection = ? AND theirs.name = first.name "
        "WHERE faces.collection = ? AND ours.name IS DISTINCT FROM first.name",
        collection, shadow, shadow,
    )  # fmt: skip
    cursor.run_many("UPDATE faces SET user_key = ? WHERE id = ?", [(row[2], row[0]) for row in moved])
    changed |= {name for row in moved for name in (row[1], row[3]) if name}
    for name in sorted(changed):
        likeness.renew(cursor, shadow, revision, users.named(cursor, shadow, name).key, matching)
    beyond = "collection = ? AND name NOT IN (SELECT name FROM users WHERE collection = ?)"
    left = cursor.run(f"DELETE FROM users WHERE {beyond}", shadow, collection)
    cursor.run("UPDATE collections SET users = users + ? WHERE id = ?", made - left, shadow)
    _choose_portraits(cursor, collection, shadow)
    judgements.copy(cursor, collection, shadow)


def _choose_portraits(cursor: Cursor, collection: int, shadow: int) -> None:
    """Gives the shadow's users the portraits that were chosen."""
    cursor.run(
        "UPDATE users SET portrait = (SELECT theirs.id FROM users AS ours "
        "JOIN faces AS first ON first.id = ours.portrait "
        "JOIN faces AS theirs ON theirs.collection = users.collection AND theirs.face_id = first.face_id "
        "WHERE ours.collection = ? AND ours.name = users.name) WHERE collection = ?",
        collection, shadow,
    )  # fmt: skip


def _rename(cursor: Cursor, collection: int, shadow: int) -> None:
    """Gives the shadow's users the display names that changed since they were made."""
    renamed = cursor.rows(
        "SELECT ours.display_name, theirs.id FROM users AS ours JOIN users AS theirs ON theirs.name = ours.name "
        "WHERE ours.collection = ? AND theirs.collection = ? "
        "AND ours.display_name IS DISTINCT FROM theirs.display_name",
        collection, shadow,
    )  # fmt: skip
    cursor.run_many("UPDATE users SET display_name = ? WHERE id = ?", renamed)


def _names(cursor: Cursor, owners: str, *values: int) -> set[str]:
    return {row[0] for row in cursor.rows(f"SELECT name FROM users WHERE id IN ({owners})", *values)}
