"""Encrypts under a key that follows from a secret of the caller, so that the store alone opens nothing.

The secret is given again with each call, such as the id of a Face Liveness session. A store that is read, copied or
stolen has the digest by which a row is found, and cannot turn it into the key.
"""

import os
from functools import cached_property
from typing import TYPE_CHECKING

from mien.store.base import DamagedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12  # bytes, the length that GCM is made for (NIST SP 800-38D, 5.2.1.1)
_KEY = 32  # bytes


class DerivedKey:
    """A key and a digest that follow from a secret, neither from the other (HKDF-SHA256, RFC 5869).

    Args:
        secret: the secret; what it is good for depends on how hard it is to guess.
        purpose: keeps keys for different things apart.
    """

    def __init__(self, secret: str, purpose: str) -> None:
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  as in `vault.py`
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        derived = HKDF(SHA256(), 2 * _KEY, None, f"mien {purpose}".encode()).derive(secret.encode())
        self.digest = derived[:_KEY]
        self._key = derived[_KEY:]

    @cached_property
    def _cipher(self) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        return AESGCM(self._key)

    def encrypt(self, data: bytes, label: str) -> bytes:
        """Encrypts data by AES-256-GCM, bound to `label`, which `decrypt` must be given again."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, label.encode())

    def decrypt(self, encrypted: bytes, label: str) -> bytes:
        """Decrypts what `encrypt` made.

        Raises:
            DamagedError: it was changed, or made under another key or label.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        try:
            return self._cipher.decrypt(encrypted[:_NONCE], encrypted[_NONCE:], label.encode())
        except (InvalidTag, ValueError):
            raise DamagedError from None
