"""Who may come in, and what they may do: keys verified, permissions held against the request, rates kept.

While no key has ever been made and the server is bound to loopback, any credentials are accepted, but not from pages
of other sites that this machine's browser has open: they have no secret to sign with, and none would be asked for. From
the first key on every request must be signed with one.
"""

import fnmatch
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from mien.access import sigv4
from mien.access.claim import Call
from mien.access.grant import Grant
from mien.access.vault import Vault
from mien.errors import AccessDeniedError, ExpiredTokenError, ProvisionedThroughputExceededError, SetupError
from mien.operations.context import Caller
from mien.operations.tag import ARN
from mien.store.tables.keys import Keys, StoredKey
from mien.store.upkeep.last_used import Uses

log = logging.getLogger("mien.keys")

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


class Authenticator:
    """Lets callers in.

    Args:
        keys: the access keys.
        vault: what their secrets are sealed with.
        clock: now, with a time zone.

    Raises:
        SetupError: there are keys, and the vault's master key does not open them; or it cannot be used.
    """

    def __init__(self, keys: Keys, vault: Vault, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._keys = keys
        self._vault = vault
        self._clock = clock
        self._uses = Uses(keys)
        self._buckets: dict[str, _Bucket] = {}
        self._taking = threading.Lock()
        self._sealed_elsewhere: set[str] = set()
        self._expecting = b""
        self._is_locked = keys.any()
        if self._is_locked:
            check_vault(keys, vault)
            sigv4.prepare()  # or the first caller would wait for it
        else:
            self._expecting = vault.fingerprint(make=True)
            self._expect()

    def close(self) -> None:
        """Write what is still to be kept of the keys' uses, and expect no first key any more."""
        self._uses.stop()
        with suppress(Exception):  # a database that is away is no reason not to stop
            self._keys.expect_no_more(self._expecting)

    def _expect(self) -> None:
        """Keep which master key a first access key has to be sealed with, so that `create_key` can tell."""
        try:
            if self._expecting and self._keys.expected() != {self._expecting}:
                self._keys.expect(self._expecting)
        except Exception as error:  # noqa: BLE001  a full disk is no reason not to serve
            log.warning("the master key is not noted", extra={"facts": {"why": type(error).__name__}})

    def is_locked(self) -> bool:
        """Whether requests must be signed: once there was a key, there was a key."""
        self._is_locked = self._is_locked or self._keys.any()
        return self._is_locked

    def authenticate(self, call: Call) -> Identity:
        """Find out who is calling.

        Raises:
            FrameworkError: the request is not signed as it must be (see `sigv4`).
            ProvisionedThroughputExceededError: the key has used up its rate.
        """
        if not self.is_locked():
            match = _REGION.search(call.headers.get("authorization", ""))
            return Identity(Caller(region=match[1]) if match else Caller())
        claim = sigv4.read(call, self._clock())
        key = self._keys.find(claim.access_key)
        valid = key if key and key.revoked is None else None
        sigv4.verify(call, claim, lambda _: self._secret(valid) if valid else None)
        if valid is None:
            raise AssertionError  # verify does not return for a key that nobody has
        if valid.expires is not None and valid.expires <= self._clock().timestamp():
            raise ExpiredTokenError
        self._spend(valid)
        self._uses.note(valid.access_key)
        return Identity(Caller(valid.account, claim.region, valid.collections, valid.buckets), valid)

    def _secret(self, key: StoredKey) -> str | None:
        """The key's secret; None where this server cannot open it, which is said in the log once."""
        try:
            return self._vault.open(key.secret, key.access_key)
        except SetupError as error:
            if key.access_key not in self._sealed_elsewhere:
                self._sealed_elsewhere.add(key.access_key)
                log.error("a key cannot be used", extra={"facts": {"key": key.name, "why": str(error)}})
            return None

    def _spend(self, key: StoredKey) -> None:
        if key.rate is None:
            return
        with self._taking:
            bucket = self._buckets.setdefault(key.access_key, _Bucket(key.rate, max(1.0, key.rate)))
            if not bucket.take():
                raise ProvisionedThroughputExceededError


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
    """Hold the master key against the keys that were sealed with it, of which it must open one that is in use.

    Raises:
        SetupError: the master key is missing or another one.
    """
    kept = keys.all()
    refused: SetupError | None = None
    for key in sorted(kept, key=lambda key: (key.revoked is not None, -key.created)):
        try:
            vault.open(key.secret, key.access_key)
        except SetupError as error:
            refused = refused or error
            continue
        return
    if refused:
        raise refused


def create_key(keys: Keys, vault: Vault, name: str, grant: Grant) -> tuple[str, str]:
    """Make an access key; its id and its secret, which is not shown again.

    Raises:
        SetupError: there is a key of this name, the grant is none (see `Grant.check`), or the servers or the other keys
            have another master key.
    """
    now = time.time()
    grant.check(name, now)
    access_key = "MIEN" + "".join(secrets.choice(_LETTERS) for _ in range(16))
    if keys.any():
        check_vault(keys, vault)
    else:
        _check_expected(keys, vault)
    secret = secrets.token_urlsafe(30)
    sealed = vault.seal(secret, access_key)
    kept = StoredKey(
        access_key, name, grant.account, sealed, grant.operations, grant.collections, grant.rate, now, None,
        grant.readable, grant.expires,
    )  # fmt: skip
    if not keys.add(kept):
        raise SetupError(f"There is a key named {name} already; revoke it or choose another name.")
    return access_key, secret


def _check_expected(keys: Keys, vault: Vault) -> None:
    """Refuse to seal a first key so that a server which runs could not open it."""
    expected = keys.expected()
    if expected and vault.fingerprint() not in expected:
        raise SetupError(
            f"A server on this store was started with another master key than {vault.path}; give both the same file "
            "(--master-key). If that server runs no more, start one with this file once, on 127.0.0.1."
        )
