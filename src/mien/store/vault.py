"""Secrets at rest: encrypted under a master key that is not in the database.

AES-256-GCM from the `cryptography` package. The master key is a file of its own that only its owner may read; with
many instances on one database every instance is given the same file.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mien import leftovers
from mien.errors import SetupError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12  # bytes; what GCM is made for
_KEY = 32  # bytes


class Vault:
    """Encrypts and decrypts under the master key in a file, which is made when the first secret is sealed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cipher: AESGCM | None = None

    def seal(self, secret: str, label: str) -> bytes:
        """Encrypt `secret`; `label` must be the same when it is opened.

        Raises:
            SetupError: the master key cannot be read or made.
        """
        nonce = os.urandom(_NONCE)
        try:
            if not self._path.exists():
                self._make()
        except OSError as error:
            raise self._unusable(error) from None
        return nonce + self._keyed().encrypt(nonce, secret.encode(), label.encode())

    def open(self, sealed: bytes, label: str) -> str:
        """Decrypt what `seal` gave.

        Raises:
            SetupError: it was sealed under another master key or label, or the master key cannot be read.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  7 MB, which a server without keys never needs

        try:
            return self._keyed().decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode()).decode()
        except InvalidTag:
            raise SetupError(
                f"The access keys were not made with the master key in {self._path}; every server on one store needs "
                "the same file (--master-key)."
            ) from None

    def _keyed(self) -> "AESGCM":
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as in `open`

            self._cipher = AESGCM(self._read())
        return self._cipher

    def _read(self) -> bytes:
        try:
            key = self._path.read_bytes()
        except OSError as error:
            raise self._unusable(error) from None
        if len(key) != _KEY:
            raise SetupError(f"The master key {self._path} is not one: it should be {_KEY} bytes.")
        return key

    def _unusable(self, error: OSError) -> SetupError:
        return SetupError(f"The master key {self._path} cannot be used: {error.strerror}.")

    def _make(self) -> None:
        """Write a new key beside its place and link it there, so that two processes cannot both win."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with leftovers.making(self._path) as fresh:
            with fresh.open("wb") as file:
                file.write(os.urandom(_KEY))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(fresh, self._path)
