"""The tables of portraits, which a collection keeps of its faces if that was chosen when it was made.

A portrait is encrypted with AES-256-GCM under a key of its collection, bound to the collection and the face. That key
is encrypted under the master key and lies in the table `portrait_keys`. Deleting a collection deletes its key in the
same transaction, and what is left of its portraits cannot be read.
"""

import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from mien.errors import SetupError
from mien.store.base import Cursor, Database, KeptPortrait
from mien.store.vault import Vault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TAG = "mien:portraits"  # the tag by which a collection says whether it keeps portraits: true or false
_NONCE = 12  # bytes, the length that GCM is made for (NIST SP 800-38D, 5.2.1.1)
_KEY = 32  # bytes
_SEALED = _NONCE + _KEY + 16  # bytes of a key encrypted under the master key
_HEAD = struct.Struct("<H10f")  # side and landmarks, before the picture


class PortraitsLockedError(SetupError):
    """The key of a collection's portraits was encrypted under another master key than this server has."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Encrypts and decrypts the portraits of one collection.

    Attributes:
        collection: the collection's key in the store.
        cipher: with the collection's key.
    """

    collection: int
    cipher: "AESGCM"

    def seal(self, face_id: UUID, portrait: KeptPortrait) -> bytes:
        """Encrypts a portrait, bound to its face and collection."""
        nonce = os.urandom(_NONCE)
        head = _HEAD.pack(portrait.side, *portrait.landmarks.ravel().tolist())
        return nonce + self.cipher.encrypt(nonce, head + portrait.picture, self._label(face_id))

    def open(self, face_id: UUID, sealed: bytes) -> KeptPortrait | None:
        """Decrypts a portrait; returns None if it was damaged, or is of another face or collection."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  only with portraits, as in `Vault.open`

        try:
            found = self.cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._label(face_id))
        except (InvalidTag, ValueError):
            return None
        side, *points = _HEAD.unpack_from(found)
        return KeptPortrait(found[_HEAD.size :], side, np.array(points, np.float32).reshape(5, 2))

    def _label(self, face_id: UUID) -> bytes:
        return self.collection.to_bytes(8, "little") + face_id.bytes


@dataclass(frozen=True, slots=True)
class Portraits:
    """Portraits in a database, and the vault that encrypts their collections' keys."""

    database: Database
    vault: Vault

    def of(self, collection: int, face_ids: Sequence[UUID]) -> dict[UUID, KeptPortrait]:
        """Returns the portraits of faces, without those that have none or whose portrait is damaged.

        Raises:
            PortraitsLockedError: as `sealer`.
        """

        marks = ", ".join("?" * len(face_ids))
        statement = (
            "SELECT key, face_id, picture FROM faces JOIN portraits ON face = faces.id "
            "JOIN portrait_keys ON portrait_keys.collection = faces.collection "
            f"WHERE live = 1 AND faces.collection = ? AND face_id IN ({marks})"
        )
        values = (collection, *(each.bytes for each in face_ids))
        rows = self.database.read(lambda cursor: cursor.rows(statement, *values)) if face_ids else []
        if not rows:
            return {}
        sealer = self._sealer(collection, rows[0][0])
        opened = {(each := UUID(bytes=row[1])): sealer.open(each, bytes(row[2])) for row in rows}
        return {face_id: portrait for face_id, portrait in opened.items() if portrait}

    def check(self) -> None:
        """Checks that the master key decrypts the key of one collection's portraits, if there are any.

        Raises:
            SetupError: it does not, or cannot be used.
        """
        self.database.read(self._check)

    def _check(self, cursor: Cursor) -> None:
        refused: SetupError | None = None
        for collection, sealed in cursor.rows(
            "SELECT collection, key FROM portrait_keys WHERE live = 1 ORDER BY id LIMIT 10"
        ):
            try:
                self._unwrapped(collection, sealed)
            except SetupError as error:
                refused = refused or error
            else:
                return
        if refused:
            raise refused

    def begin(self, cursor: Cursor, collection: int) -> None:
        """Lets a new collection keep portraits, inside a transaction: makes its key.

        Raises:
            PortraitsLockedError: other collections' keys do not open here, so that others could not open this one.
        """
        try:
            self._check(cursor)
            sealed = self.vault.seal(os.urandom(_KEY), _label(collection))
        except SetupError as error:
            raise PortraitsLockedError(str(error)) from None
        self.give(cursor, collection, sealed)

    def give(self, cursor: Cursor, collection: int, sealed: bytes) -> None:
        """Gives a collection its key, encrypted under the master key, inside a transaction."""
        cursor.run(
            "INSERT INTO portrait_keys (collection, key) VALUES (?, ?) "
            "ON CONFLICT (collection) DO UPDATE SET key = excluded.key, live = 1",
            collection, sealed,
        )  # fmt: skip

    def sealer(self, cursor: Cursor, collection: int) -> Sealer | None:
        """Returns what encrypts a collection's portraits, inside a transaction; None if it keeps none.

        Raises:
            PortraitsLockedError: its key does not open with this server's master key.
        """
        row = cursor.row("SELECT key FROM portrait_keys WHERE collection = ? AND live = 1", collection)
        return self._sealer(collection, row[0]) if row else None

    def _sealer(self, collection: int, sealed: bytes) -> Sealer:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as in `Sealer.open`

        try:
            return Sealer(collection, AESGCM(self._unwrapped(collection, sealed)))
        except SetupError as error:
            raise PortraitsLockedError(str(error)) from None

    def _unwrapped(self, collection: int, sealed: bytes) -> bytes:
        return self.vault.open(bytes(sealed), _label(collection), "portraits")


def keep(cursor: Cursor, sealer: Sealer, coming: Iterable[tuple[int, UUID, KeptPortrait]]) -> None:
    """Stores portraits of faces that have none, by the faces' keys and ids, inside a transaction."""
    cursor.run_many(
        "INSERT INTO portraits (face, picture) VALUES (?, ?) ON CONFLICT (face) DO NOTHING",
        [(key, sealer.seal(face_id, portrait)) for key, face_id, portrait in coming],
    )


def forget(cursor: Cursor, collection: int) -> None:
    """Deletes the key of a collection's portraits, inside the transaction that deletes the collection.

    It is overwritten where it lies, by as many bytes, since a deleted row would stay in its page.
    """
    statement = "UPDATE portrait_keys SET key = ?, live = 0 WHERE collection = ?"
    cursor.run(statement, bytes(_SEALED), collection)


def wanted(tags: Mapping[str, str] | None) -> bool:
    """Returns whether a collection with these tags keeps portraits."""
    return (tags or {}).get(TAG) == "true"


def _label(collection: int) -> str:
    return f"portraits of {collection}"
