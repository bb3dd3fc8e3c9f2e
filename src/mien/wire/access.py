"""Who may come in, and what they may do: keys verified, permissions held against the request, rates kept.

While no key has ever been made and the server is bound to loopback, any credentials are accepted, but not from pages
of other sites that this machine's browser has open: they have no secret to sign with, and none would be asked for. From
the first key on every request must be signed with one.
"""

import fnmatch
import ipaddress
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from mien.errors import AccessDeniedError, ProvisionedThroughputExceededError, SetupError
from mien.operations.context import ACCOUNT, Caller
from mien.operations.tag import ARN
from mien.store.keys import Keys, StoredKey
from mien.store.vault import Vault
from mien.wire import sigv4
from mien.wire.sigv4 import Call

_REGION = re.compile(r"Credential=[^/,]*/\d*/([a-z0-9-]+)/")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling; `key` is None where any credentials are accepted."""

    caller: Caller
    key: StoredKey | None = None

    @property
    def name(self) -> str | None:
        """The key's name, for the log."""
        return self.key.name if self.key else None


@dataclass(slots=True)
class _Bucket:
    """A token bucket: a second's worth of requests at once, then the rate."""

    rate: float
    level: float
    filled: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        now = time.monotonic()
        self.level = min(max(1.0, self.rate), self.level + (now - self.filled) * self.rate)
        self.filled = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


class Door:
    """Lets callers in.

    Args:
        keys: the access keys.
        vault: what their secrets are sealed with.
        clock: now, with a time zone.

    Raises:
        SetupError: there are keys, and the vault's master key does not open them.
    """

    def __init__(self, keys: Keys, vault: Vault, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._keys = keys
        self._vault = vault
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._taking = threading.Lock()
        self._is_locked = False
        check_vault(keys, vault)
        if keys.any():
            sigv4.prepare()  # or the first caller would wait for it

    def admit(self, call: Call) -> Identity:
        """Find out who is calling.

        Raises:
            FrameworkError: the request is not signed as it must be (see `sigv4`).
            ProvisionedThroughputExceededError: the key has used up its rate.
            AccessDeniedError: there are no keys, and a page of another site is calling.
        """
        self._is_locked = self._is_locked or self._keys.any()  # once there was a key, there was a key
        if not self._is_locked:
            if _from_another_site(call):
                raise AccessDeniedError(
                    "Pages of other sites are let in once there is an access key to sign with: mien keys create."
                )
            match = _REGION.search(call.headers.get("authorization", ""))
            return Identity(Caller(region=match[1]) if match else Caller())
        claim = sigv4.read(call, self._clock())
        key = self._keys.find(claim.access_key)
        valid = key if key and key.revoked is None else None
        sigv4.verify(call, claim, lambda _: self._vault.open(valid.secret, valid.access_key) if valid else None)
        if valid is None:
            raise AssertionError  # verify does not return for a key that nobody has
        self._spend(valid)
        return Identity(Caller(valid.account, claim.region, valid.collections), valid)

    def _spend(self, key: StoredKey) -> None:
        if key.rate is None:
            return
        with self._taking:
            bucket = self._buckets.setdefault(key.access_key, _Bucket(key.rate, max(1.0, key.rate)))
            if not bucket.take():
                raise ProvisionedThroughputExceededError


def _from_another_site(call: Call) -> bool:
    """Whether a browser says that a page calls which was neither served by this machine nor by this server."""
    if "origin" not in call.headers:
        return False
    try:
        calling, called = (urlsplit(text).hostname for text in (call.headers["origin"], f"//{call.headers['host']}"))
        return calling not in ("localhost", called) and not ipaddress.ip_address(calling or "").is_loopback
    except (KeyError, ValueError):
        return True


def authorize(identity: Identity, operation: str, request: msgspec.Struct) -> None:
    """Hold a request against what the caller's key allows.

    Raises:
        AccessDeniedError: the key does not allow the operation, or the operation on this collection.
    """
    key, caller = identity.key, identity.caller
    if key is None:
        return
    collection = getattr(request, "collection_id", None)
    match = ARN.fullmatch(getattr(request, "resource_arn", ""))
    if match:
        collection = match[2]
    resource = f"arn:aws:rekognition:{caller.region}:{caller.account}:collection/{collection}" if collection else "*"
    tags_too = operation == "CreateCollection" and getattr(request, "tags", None)
    for action in (operation, "TagResource") if tags_too else (operation,):
        permitted = any(fnmatch.fnmatchcase(action, pattern) for pattern in key.operations)
        if not permitted or (collection is not None and not caller.sees(collection)):
            who = f"arn:aws:iam::{caller.account}:user/{key.name}"
            raise AccessDeniedError.action(who, f"rekognition:{action}", resource)


def check_vault(keys: Keys, vault: Vault) -> None:
    """Hold the master key against a key that was sealed with it, if there is any.

    Raises:
        SetupError: the master key is missing or another one.
    """
    for key in keys.all()[-1:]:
        vault.open(key.secret, key.access_key)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new key may do: patterns of operations and collections, and requests a second or None."""

    operations: tuple[str, ...] = ("*",)
    collections: tuple[str, ...] = ("*",)
    rate: float | None = None
    account: str = ACCOUNT


def create_key(keys: Keys, vault: Vault, name: str, grant: Grant) -> tuple[str, str]:
    """Make an access key; its id and its secret, which is not shown again.

    Raises:
        SetupError: there is a key of this name, the account is not 12 digits, or the master key is not the other keys'.
    """
    if not re.fullmatch(r"\d{12}", grant.account):
        raise SetupError(f"An account is 12 digits, not {grant.account!r}.")
    if not re.fullmatch(r"[A-Za-z0-9_.@+=-]{1,64}", name):
        raise SetupError(f"A key's name is 1 to 64 letters, digits or any of _.@+=-, not {name!r}.")
    access_key = "MIEN" + "".join(secrets.choice(_LETTERS) for _ in range(16))
    check_vault(keys, vault)
    secret = secrets.token_urlsafe(30)
    sealed = vault.seal(secret, access_key)
    kept = StoredKey(
        access_key, name, grant.account, sealed, grant.operations, grant.collections, grant.rate, time.time(), None
    )
    if not keys.add(kept):
        raise SetupError(f"There is a key named {name} already; revoke it or choose another name.")
    return access_key, secret
