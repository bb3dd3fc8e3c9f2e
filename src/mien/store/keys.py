"""The table of access keys: who may call, what they may do, and their secrets, encrypted."""

import time
from dataclasses import dataclass

from mien.store.base import Database, Row

_COLUMNS = "access_key, name, account, secret, operations, collections, rate, created, revoked"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An access key as it is kept; `secret` is encrypted, `rate` is requests a second or None."""

    access_key: str
    name: str
    account: str
    secret: bytes
    operations: tuple[str, ...]
    collections: tuple[str, ...]
    rate: float | None
    created: float
    revoked: float | None


@dataclass(frozen=True, slots=True)
class Keys:
    """Access keys in a database."""

    database: Database

    def add(self, key: StoredKey) -> bool:
        """Keep a key; False when there is one of its name."""
        statement = (
            f"INSERT INTO access_keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING"
        )
        values = (
            key.access_key, key.name, key.account, key.secret, ",".join(key.operations), ",".join(key.collections),
            key.rate, key.created, key.revoked,
        )  # fmt: skip
        return self.database.write(lambda cursor: cursor.run(statement, *values)) > 0

    def find(self, access_key: str) -> StoredKey | None:
        """The key of this id, revoked or not."""
        statement = f"SELECT {_COLUMNS} FROM access_keys WHERE access_key = ?"
        row = self.database.read(lambda cursor: cursor.row(statement, access_key))
        return _stored(row) if row else None

    def all(self) -> list[StoredKey]:
        """Every key, the oldest first."""
        statement = f"SELECT {_COLUMNS} FROM access_keys ORDER BY created"
        return [_stored(row) for row in self.database.read(lambda cursor: cursor.rows(statement))]

    def any(self) -> bool:
        """Whether there has ever been a key; a revoked one counts, so that revoking the last opens no door."""
        return self.database.read(lambda cursor: cursor.row("SELECT 1 FROM access_keys LIMIT 1")) is not None

    def revoke(self, name: str) -> bool:
        """Make a key useless from now on; False when there is none of this name that is not revoked."""
        statement = "UPDATE access_keys SET revoked = ? WHERE name = ? AND revoked IS NULL"
        return self.database.write(lambda cursor: cursor.run(statement, time.time(), name)) > 0


def _stored(row: Row) -> StoredKey:
    access_key, name, account, secret, operations, collections, rate, created, revoked = row
    return StoredKey(
        access_key, name, account, bytes(secret), tuple(operations.split(",")), tuple(collections.split(",")),
        rate, created, revoked,
    )  # fmt: skip
