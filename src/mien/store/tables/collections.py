"""The tables of collections: made, looked up, listed, deleted."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from mien.store.base import Collection, Cursor, Database, Point, Work
from mien.store.tables import changes
from mien.store.tables.tags import put

_COLUMNS = "id, account, name, contract, model_version, created, revision, faces, users, history"
BEYOND = "\x7f"  # comes after every collection's name, which is ASCII


@dataclass(frozen=True, slots=True)
class Collections:
    """Collections in a database."""

    database: Database

    def create(
        self, account: str, name: str, contract: str, model_version: str, tags: Mapping[str, str] | None = None
    ) -> Collection | None:
        """Make a collection with its tags; None when the account has one of this name.

        Raises:
            TagsFullError: too many tags; nothing is made.
        """

        def work(cursor: Cursor) -> Collection | None:
            row = cursor.row(
                "INSERT INTO collections (id, account, name, contract, model_version, created, history) "
                f"VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, name) DO NOTHING RETURNING {_COLUMNS}",
                changes.fresh(), account, name, contract, model_version, round(time.time(), 3), changes.fresh(),
            )  # fmt: skip
            made = Collection(*row) if row else None
            if made:
                changes.record(cursor, made.key, made.point)
            if made and tags:
                put(cursor, made.key, tags)
            return made

        return self.database.write(work)

    def find(self, account: str, name: str) -> Collection | None:
        """The account's collection of this name."""
        statement = f"SELECT {_COLUMNS} FROM collections WHERE account = ? AND name = ?"
        row = self.database.read(lambda cursor: cursor.row(statement, account, name))
        return Collection(*row) if row else None

    def page(self, account: str, after: str, limit: int, low: str = "", high: str = BEYOND) -> list[Collection]:
        """Up to `limit` of the account's collections with names beyond `after`, in order of their names.

        Args:
            account: whose.
            after: the name before the first.
            limit: how many rows are read at most.
            low: names before this are passed over.
            high: so are this and those behind it.
        """
        bound, first = (">", after) if after >= low else (">=", low)
        statement = (
            f"SELECT {_COLUMNS} FROM collections WHERE account = ? AND name {bound} ? AND name < ? "
            "ORDER BY name LIMIT ?"
        )
        rows = self.database.read(lambda cursor: cursor.rows(statement, account, first, high, limit))
        return [Collection(*row) for row in rows]

    def knows(self, collection: int, seen: Point) -> bool:
        """Whether a collection's history led through a point (see `changes.knows`)."""
        return self.database.read(lambda cursor: changes.knows(cursor, collection, seen))

    def name(self, account: str, collection: int) -> str | None:
        """The name of the account's collection under this key; None when it is gone."""
        statement = "SELECT name FROM collections WHERE account = ? AND id = ?"
        row = self.database.read(lambda cursor: cursor.row(statement, account, collection))
        return str(row[0]) if row else None

    def delete(self, account: str, name: str) -> bool:
        """Delete a collection: gone at once for everyone; its rows are left to be swept. False when there is none."""

        def work(cursor: Cursor) -> bool:
            row = cursor.row("DELETE FROM collections WHERE account = ? AND name = ? RETURNING id", account, name)
            if row is None:
                return False
            cursor.run("INSERT INTO sweeps (collection) VALUES (?)", row[0])
            return True

        return self.database.write(Work(work, frees=True))
