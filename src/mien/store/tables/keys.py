"""The table of access keys, with their permissions and their encrypted secrets."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from mien.store.base import Cursor, Database, Row

_COLUMNS = "access_key, name, account, secret, operations, collections, rate, created, revoked, buckets, expires, used"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An access key in the store.

    Attributes:
        access_key: its id, which a signature names.
        name: given by the operator.
        account: 12 digits; owns all that the key creates.
        secret: encrypted.
        operations: patterns of operations that it may call.
        collections: patterns of collections that it may use.
        rate: requests a second; None for no limit.
        created: seconds since 1970, like the other times.
        revoked: when it was revoked, if it was.
        buckets: patterns of S3 buckets whose objects it may read.
        expires: None for never.
        used: when it was last used, to a minute; None for never.
    """

    access_key: str
    name: str
    account: str
    secret: bytes
    operations: tuple[str, ...]
    collections: tuple[str, ...]
    rate: float | None
    created: float
    revoked: float | None
    buckets: tuple[str, ...] = ()
    expires: float | None = None
    used: float | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """Access keys in a database."""

    database: Database

    def add(self, key: StoredKey) -> bool:
        """Stores a key; returns False if there is one of its name."""
        marks = ", ".join("?" * (_COLUMNS.count(",") + 1))
        statement = f"INSERT INTO access_keys ({_COLUMNS}) VALUES ({marks}) ON CONFLICT (name) DO NOTHING"
        values = (
            key.access_key, key.name, key.account, key.secret, ",".join(key.operations), ",".join(key.collections),
            key.rate, key.created, key.revoked, ",".join(key.buckets), key.expires, key.used,
        )  # fmt: skip
        return self.database.write(lambda cursor: cursor.run(statement, *values)) > 0

    def find(self, access_key: str) -> StoredKey | None:
        """Returns the key of this id, revoked or not."""
        statement = f"SELECT {_COLUMNS} FROM access_keys WHERE access_key = ?"
        row = self.database.read(lambda cursor: cursor.row(statement, access_key))
        return _stored(row) if row else None

    def all(self) -> list[StoredKey]:
        """Returns every key, the oldest first."""
        statement = f"SELECT {_COLUMNS} FROM access_keys ORDER BY created"
        return [_stored(row) for row in self.database.read(lambda cursor: cursor.rows(statement))]

    def any(self) -> bool:
        """Returns whether there has ever been a key; a revoked one counts, so that revoking the last opens no door."""
        return self.database.read(lambda cursor: cursor.row("SELECT 1 FROM access_keys LIMIT 1")) is not None

    def revoke(self, name: str) -> bool:
        """Revokes a key; returns False if none of this name is in force."""
        statement = "UPDATE access_keys SET revoked = ? WHERE name = ? AND revoked IS NULL"
        return self.database.write(lambda cursor: cursor.run(statement, time.time(), name)) > 0

    def note_uses(self, moments: Mapping[str, float]) -> None:
        """Stores when keys were last used, by their ids; a time earlier than the stored one changes nothing."""
        statement = "UPDATE access_keys SET used = ? WHERE access_key = ? AND (used IS NULL OR used < ?)"
        rows = [(moment, access_key, moment) for access_key, moment in sorted(moments.items())]
        self.database.write(lambda cursor: cursor.run_many(statement, rows))

    def expect(self, fingerprint: bytes) -> None:
        """Stores the fingerprint of the master key that a first access key must be sealed with, replacing any other."""

        def work(cursor: Cursor) -> None:
            cursor.run("DELETE FROM master_keys")
            cursor.run("INSERT INTO master_keys (fingerprint) VALUES (?)", fingerprint)

        self.database.write(work)

    def expect_no_more(self, fingerprint: bytes) -> None:
        """Deletes the fingerprint that `expect` stored, unless another server has replaced it."""
        self.database.write(lambda cursor: cursor.run("DELETE FROM master_keys WHERE fingerprint = ?", fingerprint))

    def expected(self) -> frozenset[bytes]:
        """Returns the fingerprints that `expect` stored: one or none; two if two servers started at the same moment."""
        rows = self.database.read(lambda cursor: cursor.rows("SELECT fingerprint FROM master_keys"))
        return frozenset(bytes(row[0]) for row in rows)


def _stored(row: Row) -> StoredKey:
    access_key, name, account, secret, operations, collections, rate, created, revoked, buckets, expires, used = row
    return StoredKey(
        access_key, name, account, bytes(secret), _patterns(operations), _patterns(collections), rate, created, revoked,
        _patterns(buckets), expires, used,
    )  # fmt: skip


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
