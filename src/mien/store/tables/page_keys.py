"""The table of the key that seals page tokens, so that one server's tokens are valid at every other."""

import hashlib
import hmac

from mien.store.base import Database, StoreUnavailableError

SIZE = 16  # bytes of a seal


class Seals:
    """Seals texts with the store's key, which is read on first use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key = b""

    def seal(self, text: bytes) -> bytes:
        """Returns the seal of a text, `SIZE` bytes.

        Raises:
            StoreUnavailableError: the store has no key yet.
        """
        if not self._key:
            self._key = self._read()
        return _sealed(self._key, text)

    def fits(self, text: bytes, seal: bytes) -> bool:
        """Returns whether a seal is of this text; rereads the key if not, since the store may have been replaced."""
        if hmac.compare_digest(self.seal(text), seal):
            return True
        self._key = self._read()
        return hmac.compare_digest(self.seal(text), seal)

    def _read(self) -> bytes:
        row = self._database.read(lambda cursor: cursor.row("SELECT key FROM seals"))
        if row is None:
            raise StoreUnavailableError("a copy of another store is not complete yet")
        return bytes(row[0])


def _sealed(key: bytes, text: bytes) -> bytes:
    return hashlib.blake2b(text, key=key, digest_size=SIZE).digest()
