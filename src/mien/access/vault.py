"""Secrets at rest: encrypted under a master key that is not in the database.

AES-256-GCM from the `cryptography` package. The master key is a file of its own that only its owner may read; with
many instances on one database every instance is given the same file.
"""

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mien.errors import SetupError
from mien.system import leftovers

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12  # bytes; what GCM is made for
_KEY = 32  # bytes


class Vault:
    """Encrypts and decrypts under the master key in a file, which is made when the first secret is sealed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._cipher: AESGCM | None = None

    def fingerprint(self, *, make: bool = False) -> bytes:
        """What tells this master key from others and gives nothing of it away; empty where there is none.

        Args:
            make: whether a key is made where there is none and one can be made.

        Raises:
            SetupError: there is one that cannot be used.
        """
        with suppress(OSError):
            if make and not self.path.exists():
                self._make()
        with suppress(OSError):
            if not self.path.exists():
                return b""
        return hashlib.blake2b(key=self._read(), person=b"mien master key", digest_size=16).digest()

    def seal(self, secret: str, label: str) -> bytes:
        """Encrypt `secret`; `label` must be the same when it is opened.

        Raises:
            SetupError: the master key cannot be read or made.
        """
        nonce = os.urandom(_NONCE)
        try:
            if not self.path.exists():
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
                f"The access keys were not made with the master key in {self.path}; every server on one store needs "
                "the same file (--master-key)."
            ) from None

    def _keyed(self) -> "AESGCM":
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as in `open`

            self._cipher = AESGCM(self._read())
        return self._cipher

    def _read(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                facts, key = os.fstat(file.fileno()), file.read(_KEY + 1)
        except OSError as error:
            raise self._unusable(error) from None
        mode = stat.S_IMODE(facts.st_mode)
        if facts.st_uid == os.getuid() and mode & 0o077:  # as ssh does; another's file is another's to protect
            raise SetupError(
                f"The master key {self.path} may be used by others than its owner (mode {mode:04o}), and so may the "
                f"access keys: chmod 600 {self.path}"
            )
        if len(key) != _KEY:
            raise SetupError(f"The master key {self.path} is not one: it should be {_KEY} bytes.")
        return key

    def _unusable(self, error: OSError) -> SetupError:
        return SetupError(f"The master key {self.path} cannot be used: {error.strerror}.")

    def _make(self) -> None:
        """Write a new key beside its place and link it there, so that two processes cannot both win."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with leftovers.making(self.path) as fresh:
            with fresh.open("wb") as file:
                file.write(os.urandom(_KEY))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(fresh, self.path)
