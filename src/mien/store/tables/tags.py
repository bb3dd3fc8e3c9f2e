"""The table of tags, which label collections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mien.store.base import Cursor, Database, Work
from mien.store.tables import changes

MOST_TAGS = 200  # tags of a collection; reference 3.19


class TagsFullError(Exception):
    """The collection would have more than MOST_TAGS tags."""


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags in a database."""

    database: Database

    def of(self, collection: int) -> dict[str, str]:
        """Returns a collection's tags."""
        statement = "SELECT tag, value FROM tags WHERE collection = ? ORDER BY tag"
        return {row[0]: row[1] for row in self.database.read(lambda cursor: cursor.rows(statement, collection))}

    def put(self, collection: int, tags: Mapping[str, str]) -> None:
        """Adds tags; an existing tag gets the new value.

        Raises:
            TagsFullError: there would be too many; none is added.
            CollectionGoneError: the collection no longer exists.
        """

        def work(cursor: Cursor) -> None:
            changes.advance(cursor, collection)  # locks out others that add tags or delete the collection
            put(cursor, collection, tags)

        self.database.write(Work(work, collection))

    def remove(self, collection: int, names: Sequence[str]) -> None:
        """Removes tags and ignores names that the collection does not have."""
        values = [(collection, name) for name in names]
        statement = "DELETE FROM tags WHERE collection = ? AND tag = ?"
        self.database.write(lambda cursor: cursor.run_many(statement, values))


def put(cursor: Cursor, collection: int, tags: Mapping[str, str]) -> None:
    """Adds tags inside a transaction (see `Tags.put`)."""
    cursor.run_many(
        "INSERT INTO tags (collection, tag, value) VALUES (?, ?, ?) "
        "ON CONFLICT (collection, tag) DO UPDATE SET value = excluded.value",
        [(collection, name, value) for name, value in tags.items()],
    )
    (count,) = cursor.row("SELECT COUNT(*) FROM tags WHERE collection = ?", collection) or (0,)
    if count > MOST_TAGS:
        raise TagsFullError
