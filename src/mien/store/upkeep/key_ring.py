"""Keeps the keys of portraits apart from backups, so that no backup opens the portraits of a collection deleted since.

A backup has the portraits and none of their keys. A restore takes the keys from the store that it replaces, which has
those of the collections that are still there, or from a file that `mien store backup --keys` wrote.
"""

import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import msgspec

from mien.errors import SetupError
from mien.store.base import Cursor
from mien.store.tables.portraits import TAG, Portraits
from mien.system import leftovers

FORMAT = "mien-portrait-keys"
Keys = Mapping[int, bytes]  # the key of a collection → the key of its portraits, encrypted under the master key
_LIVE = "SELECT collection, key FROM portrait_keys WHERE live = 1"


class _File(msgspec.Struct):
    """The content of a file of keys."""

    format: str
    keys: dict[str, str]


def take(copy: Path) -> Keys:
    """Returns the keys in a copy of a store, and overwrites them there."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        found = {int(row[0]): bytes(row[1]) for row in connection.execute(_LIVE)}
        connection.execute("UPDATE portrait_keys SET key = zeroblob(LENGTH(key)), live = 0 WHERE live = 1")
    return found


def of_store(place: Path) -> Keys:
    """Returns the keys in a store that no server uses; none if there is no store, or it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return {int(row[0]): bytes(row[1]) for row in connection.execute(_LIVE)}
    except sqlite3.Error:
        return {}


def write(keys: Keys, path: Path) -> None:
    """Writes keys to a file that only its owner may read, in place of one that is there.

    Raises:
        SetupError: it cannot be written.
    """
    kept = _File(FORMAT, {str(collection): b64encode(key).decode() for collection, key in keys.items()})
    try:
        with leftovers.making(path) as fresh:
            fresh.write_bytes(msgspec.json.encode(kept))
            fresh.replace(path)
    except OSError as error:
        raise SetupError(f"The keys cannot be written to {path}: {error.strerror}.") from None


def read(path: Path) -> Keys:
    """Reads a file of keys.

    Raises:
        SetupError: it is none.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
        if found.format == FORMAT:
            return {int(collection): b64decode(key) for collection, key in found.keys.items()}
    except OSError as error:
        raise SetupError(f"The keys in {path} cannot be read: {error.strerror}.") from None
    except (msgspec.DecodeError, ValueError):
        pass
    raise SetupError(f"{path} is not a file of keys that `mien store backup --keys` wrote.")


def put(portraits: Portraits, keys: Keys) -> int:
    """Gives the collections of a restored store the keys of their portraits.

    A collection whose key is not there gets a new one, and its portraits, which nothing opens, are deleted.

    Returns:
        How many portraits were deleted.

    Raises:
        PortraitsLockedError: as `Portraits.begin`.
    """

    def work(cursor: Cursor) -> int:
        keeping = cursor.rows(
            "SELECT collection FROM tags JOIN collections ON id = collection WHERE tag = ? AND value = 'true'", TAG
        )
        lacking = {row[0] for row in keeping} - {row[0] for row in cursor.rows(_LIVE)}
        for collection in sorted(lacking & keys.keys()):
            portraits.give(cursor, collection, keys[collection])
        lost = 0
        for collection in sorted(lacking - keys.keys()):
            theirs = "SELECT id FROM faces WHERE collection = ?"
            lost += cursor.run(f"DELETE FROM portraits WHERE face IN ({theirs})", collection)
            portraits.begin(cursor, collection)
        return lost

    return portraits.database.write(work)
