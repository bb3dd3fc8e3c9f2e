"""The table of access keys: who may call, what they may do, and their secrets, encrypted."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from mien.store.base import Cursor, Database, Row

_COLUMNS = "access_key, name, account, secret, operations, collections, rate, created, revoked, buckets, expires, used"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An access key as it is kept.

    Attributes:
        access_key: its id, which a signature names.
        name: what the operator calls it.
        account: 12 digits; what it makes belongs to this account.
        secret: encrypted.
        operations: patterns of operations that it may call.
        collections: patterns of collections that it has to do with.
        rate: requests a second; None for no limit.
        created: seconds since 1970, like the other moments.
        revoked: when it was revoked, if it was.
        buckets: patterns of S3 buckets whose objects it may have read.
        expires: when it ends; None for never.
        used: when it was last used, to a minute; None where it never was.
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
        """Keep a key; False when there is one of its name."""
        marks = ", ".join("?" * (_COLUMNS.count(",") + 1))
        statement = f"INSERT INTO access_keys ({_COLUMNS}) VALUES ({marks}) ON CONFLICT (name) DO NOTHING"
        values = (
            key.access_key, key.name, key.account, key.secret, ",".join(key.operations), ",".join(key.collections),
            key.rate, key.created, key.revoked, ",".join(key.buckets), key.expires, key.used,
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
        """Whether there has ever been a key; a revoked one counts, so that revoking the last opens no authenticator."""
        return self.database.read(lambda cursor: cursor.row("SELECT 1 FROM access_keys LIMIT 1")) is not None

    def revoke(self, name: str) -> bool:
        """Make a key useless from now on; False when there is none of this name that is not revoked."""
        statement = "UPDATE access_keys SET revoked = ? WHERE name = ? AND revoked IS NULL"
        return self.database.write(lambda cursor: cursor.run(statement, time.time(), name)) > 0

    def note_uses(self, moments: Mapping[str, float]) -> None:
        """Keep when keys were last used, by their ids; an earlier moment than the one that is kept changes nothing."""
        statement = "UPDATE access_keys SET used = ? WHERE access_key = ? AND (used IS NULL OR used < ?)"
        rows = [(moment, access_key, moment) for access_key, moment in sorted(moments.items())]
        self.database.write(lambda cursor: cursor.run_many(statement, rows))

    def expect(self, fingerprint: bytes) -> None:
        """Keep which master key a first access key has to be sealed with; a later server's takes its place."""

        def work(cursor: Cursor) -> None:
            cursor.run("DELETE FROM master_keys")
            cursor.run("INSERT INTO master_keys (fingerprint) VALUES (?)", fingerprint)

        self.database.write(work)

    def expect_no_more(self, fingerprint: bytes) -> None:
        """Drop what `expect` kept, unless another server has put its own in that place."""
        self.database.write(lambda cursor: cursor.run("DELETE FROM master_keys WHERE fingerprint = ?", fingerprint))

    def expected(self) -> frozenset[bytes]:
        """The fingerprints that `expect` kept: one, or none; two where two servers started at the same moment."""
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
