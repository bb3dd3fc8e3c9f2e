"""The table of collections: creates, finds, lists and deletes them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mien.store.base import Collection, Cursor, Database, Point, Row, Work
from mien.store.tables import changes, portraits, video_jobs
from mien.store.tables.portraits import Portraits
from mien.store.tables.tags import put

_COLUMNS = "id, account, name, contract, model_version, created, revision, faces, users, history"
_KEEPS = "EXISTS (SELECT 1 FROM portrait_keys WHERE collection = collections.id AND live = 1)"
_EVERY = f"{_COLUMNS}, {_KEEPS}"
BEYOND = "\x7f"  # sorts after every collection's name, which is ASCII


@dataclass(frozen=True, slots=True)
class Collections:
    """Collections in a database."""

    database: Database
    portraits: Portraits

    def create(
        self, account: str, name: str, contract: str, model_version: str, tags: Mapping[str, str] | None = None
    ) -> Collection | None:
        """Creates a collection with its tags, which say whether it keeps portraits (`portraits.TAG`).

        Returns:
            The collection; None if the account has one of this name.

        Raises:
            TagsFullError: too many tags; nothing is created.
            PortraitsLockedError: it cannot keep portraits (see `Portraits.begin`); nothing is created.
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
            if made and portraits.wanted(tags):
                self.portraits.begin(cursor, made.key)
                made = replace(made, portraits=True)
            return made

        return self.database.write(work)

    def find(self, account: str, name: str) -> Collection | None:
        """Returns the account's collection of this name."""
        statement = f"SELECT {_EVERY} FROM collections WHERE account = ? AND name = ?"
        row = self.database.read(lambda cursor: cursor.row(statement, account, name))
        return _stored(row) if row else None

    def page(self, account: str, after: str, limit: int, low: str = "", high: str = BEYOND) -> list[Collection]:
        """Returns up to `limit` of the account's collections with names after `after`, in order.

        Args:
            account: whose.
            after: the last name of the previous page.
            limit: of rows.
            low: the lowest name.
            high: a bound above the highest name.
        """
        bound, first = (">", after) if after >= low else (">=", low)
        statement = (
            f"SELECT {_EVERY} FROM collections WHERE account = ? AND name {bound} ? AND name < ? ORDER BY name LIMIT ?"
        )
        rows = self.database.read(lambda cursor: cursor.rows(statement, account, first, high, limit))
        return [_stored(row) for row in rows]

    def knows(self, collection: int, seen: Point) -> bool:
        """Returns whether a collection's history includes a point (see `changes.knows`)."""
        return self.database.read(lambda cursor: changes.knows(cursor, collection, seen))

    def name(self, account: str, collection: int) -> str | None:
        """Returns the name of the account's collection with this key; None if it was deleted."""
        statement = "SELECT name FROM collections WHERE account = ? AND id = ?"
        row = self.database.read(lambda cursor: cursor.row(statement, account, collection))
        return str(row[0]) if row else None

    def delete(self, account: str, name: str) -> bool:
        """Deletes a collection and leaves its rows to be swept, portraits that nothing opens any more among them.

        Returns:
            False if there is none.
        """

        def work(cursor: Cursor) -> bool:
            row = cursor.row("DELETE FROM collections WHERE account = ? AND name = ? RETURNING id", account, name)
            if row is None:
                return False
            cursor.run("INSERT INTO sweeps (collection) VALUES (?)", row[0])
            portraits.forget(cursor, row[0])
            video_jobs.erase(cursor, row[0])
            return True

        return self.database.write(Work(work, frees=True, erases=True))


def _stored(row: Row) -> Collection:
    *columns, keeps = row
    return replace(Collection(*columns), portraits=bool(keeps))
