"""Encrypts the secrets of access keys and the keys of portraits, under a master key that is not in the database.

The cipher is AES-256-GCM from the `cryptography` package. The master key is a file that only its owner may read; all
instances on one database are given the same file.
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

_NONCE = 12  # bytes, the length that GCM is made for (NIST SP 800-38D, 5.2.1.1)
_KEY = 32  # bytes


class Vault:
    """Encrypts and decrypts with the master key in a file, which is created when the first secret is sealed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._cipher: AESGCM | None = None

    def fingerprint(self, *, make: bool = False) -> bytes:
        """Returns a digest that identifies the master key and does not reveal it; empty if there is no key.

        Args:
            make: whether to create a missing key, if the folder allows.

        Raises:
            SetupError: the key's file exists and cannot be used.
        """
        with suppress(OSError):
            if make and not self.path.exists():
                self._make()
        with suppress(OSError):
            if not self.path.exists():
                return b""
        return hashlib.blake2b(key=self._read(), person=b"mien master key", digest_size=16).digest()

    def seal(self, secret: bytes, label: str) -> bytes:
        """Encrypts `secret`, bound to `label`, which `open` must be given again.

        Raises:
            SetupError: the master key cannot be read or created.
        """
        nonce = os.urandom(_NONCE)
        try:
            if not self.path.exists():
                self._make()
        except OSError as error:
            raise self._unusable(error) from None
        return nonce + self._aes().encrypt(nonce, secret, label.encode())

    def open(self, sealed: bytes, label: str, what: str) -> bytes:
        """Decrypts a secret that `seal` encrypted.

        Args:
            sealed: the encrypted secret.
            label: what `seal` bound it to.
            what: what cannot be used without it, in the plural, for an error's text.

        Raises:
            SetupError: it was sealed with another master key or label, or the master key cannot be read.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  only with keys: benchmarks/README.md, "Starting"

        try:
            return self._aes().decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode())
        except InvalidTag:
            raise SetupError(
                f"The {what} were not made with the master key in {self.path}; every server on one store needs "
                "the same file (--master-key)."
            ) from None

    def _aes(self) -> "AESGCM":
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as in `open`

            self._cipher = AESGCM(self._read())
        return self._cipher

    def _read(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                status, key = os.fstat(file.fileno()), file.read(_KEY + 1)
        except OSError as error:
            raise self._unusable(error) from None
        mode = stat.S_IMODE(status.st_mode)
        if status.st_uid == os.getuid() and mode & 0o077:  # as ssh does; another user's file is theirs to protect
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
        """Writes a new key to a temporary file and links it into place. Of two processes only one succeeds."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with leftovers.making(self.path) as fresh:
            with fresh.open("wb") as file:
                file.write(os.urandom(_KEY))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(fresh, self.path)
