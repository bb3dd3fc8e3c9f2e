"""The table of snapshots, which names the files of each gallery that belong to this database's history."""

from dataclasses import dataclass

from mien.store.base import CollectionGoneError, Cursor, Database


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Names of snapshots in a database."""

    database: Database

    def all(self) -> dict[tuple[int, str], str]:
        """Returns the names of all snapshots by collection key and kind of vector."""
        rows = self.database.read(lambda cursor: cursor.rows("SELECT collection, track, name FROM snapshots"))
        return {(collection, track): name for collection, track, name in rows}

    def find(self, collection: int, track: str) -> str | None:
        """Returns the name of a collection's snapshot, if it has one."""
        statement = "SELECT name FROM snapshots WHERE collection = ? AND track = ?"
        row = self.database.read(lambda cursor: cursor.row(statement, collection, track))
        return row[0] if row else None

    def keep(self, collection: int, track: str, name: str) -> None:
        """Stores the name of a collection's snapshot, which is on disk by now.

        Raises:
            CollectionGoneError: the collection no longer exists.
        """

        def work(cursor: Cursor) -> None:
            if cursor.row("SELECT id FROM collections WHERE id = ?", collection) is None:
                raise CollectionGoneError
            cursor.run(
                "INSERT INTO snapshots (collection, track, name) VALUES (?, ?, ?) "
                "ON CONFLICT (collection, track) DO UPDATE SET name = excluded.name",
                collection, track, name,
            )  # fmt: skip

        self.database.write(work)
