"""Authenticates and authorizes a request between its decoding and its operation, and creates access keys.

While no key was ever created and the server is bound to loopback, any credentials are accepted; `wire/origin.py` keeps
the pages of other sites out meanwhile. From the first key on, every request must be signed with one.
"""

import fnmatch
import logging
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec

from mien.access import presigned, sigv4
from mien.access.chain import Chain
from mien.access.claim import Call, Claim
from mien.access.grant import KEY_OPERATIONS, Grant
from mien.access.rates import Rates
from mien.errors import AccessDeniedError, ExpiredTokenError, ProvisionedThroughputExceededError, SetupError
from mien.operations.context import ACCOUNT, Caller
from mien.operations.table import EXTENSIONS
from mien.operations.tag import ARN
from mien.store.tables.keys import Keys, StoredKey
from mien.store.upkeep.last_used import Uses
from mien.store.vault import Vault
from mien.system.shared_memory import SharedMemory
from mien.system.worker import BUCKETS

log = logging.getLogger("mien.keys")

_REGION = re.compile(r"Credential=[^/,]*/\d*/([a-z0-9-]+)/")
_PRESIGNED_REGION = re.compile(r"X-Amz-Credential=[^/&%]*(?:/|%2F)\d*(?:/|%2F)([a-z0-9-]+)(?:/|%2F)")
SecretOf = Callable[[str], str | None]  # access key → its secret
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated caller; `key` is None while any credentials are accepted."""

    caller: Caller
    key: StoredKey | None = None

    @property
    def name(self) -> str | None:
        """Returns the key's name, for the log."""
        return self.key.name if self.key else None


class KeyTakenError(SetupError):
    """There is a key of this name, which may have been revoked."""


class Authenticator:
    """Authenticates callers by the signatures of their requests, and keeps each key to its rate.

    Args:
        keys: the access keys.
        vault: decrypts their secrets.
        clock: returns the present, with a time zone.
        rates: keeps each key to its rate.

    Raises:
        SetupError: there are keys that the master key does not decrypt, or the master key cannot be used.
    """

    def __init__(
        self,
        keys: Keys,
        vault: Vault,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rates: Rates | None = None,
    ) -> None:
        self._keys = keys
        self._vault = vault
        self._clock = clock
        self._uses = Uses(keys)
        self._rates = rates or Rates(SharedMemory(BUCKETS))
        self._unreadable: set[str] = set()  # keys sealed under another master key, as logged
        self._fingerprint = b""
        self._is_locked = keys.any()
        if self._is_locked:
            check_vault(keys, vault)
            sigv4.prepare()  # now, since the first caller would wait for it
        else:
            self._fingerprint = vault.fingerprint(make=True)
            self._announce()

    def close(self) -> None:
        """Stores when keys were last used, and withdraws the expected master key."""
        self._uses.stop()
        with suppress(Exception):  # an unreachable database must not keep the server from stopping
            self._keys.expect_no_more(self._fingerprint)

    def _announce(self) -> None:
        """Stores the fingerprint of this server's master key; `create_key` compares it before sealing a first key."""
        try:
            if self._fingerprint and self._keys.expected() != {self._fingerprint}:
                self._keys.expect(self._fingerprint)
        except Exception as error:  # noqa: BLE001  a full disk must not keep the server from starting
            log.warning("the master key's fingerprint was not stored", extra={"facts": {"why": type(error).__name__}})

    def is_locked(self) -> bool:
        """Returns whether requests must be signed, which stays so once a first key was created."""
        self._is_locked = self._is_locked or self._keys.any()
        return self._is_locked

    def authenticate(self, call: Call) -> Identity:
        """Identifies the caller by the request's signature.

        Raises:
            FrameworkError: the signature is missing, malformed or wrong (see `sigv4`), or the key has expired.
            ProvisionedThroughputExceededError: the key exceeds its rate.
        """
        if not self.is_locked():
            return _anyone(_REGION.search(call.headers.get("authorization", "")))
        claim = sigv4.read(call, self._clock())
        return self._identified(claim, partial(sigv4.verify, call, claim))[0]

    def authenticate_stream(self, call: Call) -> tuple[Identity, Chain | None]:
        """Identifies who opens a stream, by a presigned query or by headers.

        Returns:
            The caller, and what verifies the stream's messages; None while any credentials are accepted.

        Raises:
            FrameworkError: as `authenticate`.
            ProvisionedThroughputExceededError: as `authenticate`.
        """
        if not self.is_locked():
            return _anyone(
                _PRESIGNED_REGION.search(call.query) or _REGION.search(call.headers.get("authorization", ""))
            ), None
        if call.method == "GET":  # a WebSocket
            claim, signed = presigned.read(call, self._clock())
            identity, secret = self._identified(claim, partial(presigned.verify, signed, claim))
        else:
            claim = sigv4.read(call, self._clock())
            identity, secret = self._identified(claim, partial(sigv4.verify, call, claim, digest=sigv4.STREAMED))
        return identity, Chain(claim, secret)

    def _identified(self, claim: Claim, verify: Callable[[SecretOf], None]) -> tuple[Identity, str]:
        """Returns the caller of a claim that its signature proves, and the secret that it was signed with."""
        key = self._keys.find(claim.access_key)
        valid = key if key and key.revoked is None else None
        secret = self._secret(valid) if valid else None
        verify(lambda _: secret)
        if valid is None or secret is None:
            raise AssertionError  # it was refused
        if valid.expires is not None and valid.expires <= self._clock().timestamp():
            raise ExpiredTokenError
        self._limit_rate(valid)
        self._uses.note(valid.access_key)
        return Identity(Caller(valid.account, claim.region, valid.collections, valid.buckets), valid), secret

    def _secret(self, key: StoredKey) -> str | None:
        """Returns the key's secret; None if the master key does not decrypt it, which is logged once for each key."""
        try:
            return self._vault.open(key.secret, key.access_key, "access keys").decode()
        except SetupError as error:
            if key.access_key not in self._unreadable:
                self._unreadable.add(key.access_key)
                log.error("a key cannot be used", extra={"facts": {"key": key.name, "why": str(error)}})
            return None

    def _limit_rate(self, key: StoredKey) -> None:
        if key.rate is not None and not self._rates.take(key.access_key, key.rate):
            raise ProvisionedThroughputExceededError


def _anyone(region: re.Match[str] | None) -> Identity:
    """Returns the identity of an unsigned request, whose region is believed."""
    return Identity(Caller(region=region[1]) if region else Caller())


def authorize(identity: Identity, operation: str, request: msgspec.Struct) -> None:
    """Checks a request against the permissions of the caller's key.

    Raises:
        AccessDeniedError: the key does not permit the operation, or not on this collection.
    """
    key, caller = identity.key, identity.caller
    if operation in KEY_OPERATIONS:
        _authorize_administration(identity, operation)
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
            user = f"arn:aws:iam::{caller.account}:user/{key.name}"
            service = "mien" if action in EXTENSIONS or action in KEY_OPERATIONS else "rekognition"
            raise AccessDeniedError.action(user, f"{service}:{action}", resource)


def is_unlimited(key: StoredKey) -> bool:
    """Returns whether a key may do all that its server does for the default account, without a rate or an end."""
    everything = all("*" in patterns for patterns in (key.operations, key.collections, key.buckets))
    return everything and key.account == ACCOUNT and key.rate is None and key.expires is None


def _authorize_administration(identity: Identity, operation: str) -> None:
    """Refuses operations on keys to all but unlimited keys, since a new key may do all that its maker allows it."""
    key, caller = identity.key, identity.caller
    if key is None:
        raise AccessDeniedError("There is no key yet. Create the first one on the server's machine: mien keys create.")
    if not is_unlimited(key):
        raise AccessDeniedError.action(f"arn:aws:iam::{caller.account}:user/{key.name}", f"mien:{operation}", "*")


def check_vault(keys: Keys, vault: Vault) -> None:
    """Checks that the master key decrypts one of the access keys, those in use and the newest first.

    Raises:
        SetupError: the master key is missing, or another one than the keys were sealed with.
    """
    stored = keys.all()
    refused: SetupError | None = None
    for key in sorted(stored, key=lambda key: (key.revoked is not None, -key.created)):
        try:
            vault.open(key.secret, key.access_key, "access keys")
        except SetupError as error:
            refused = refused or error
            continue
        return
    if refused:
        raise refused


def create_key(keys: Keys, vault: Vault, name: str, grant: Grant) -> tuple[str, str]:
    """Creates an access key and returns its id and its secret, which cannot be shown again.

    Raises:
        KeyTakenError: the name is taken.
        InvalidGrantError: the grant is invalid.
        SetupError: the running servers or the other keys use another master key.
    """
    now = time.time()
    grant.check(name, now)
    access_key = "MIEN" + "".join(secrets.choice(_LETTERS) for _ in range(16))
    if keys.any():
        check_vault(keys, vault)
    else:
        _check_expected(keys, vault)
    secret = secrets.token_urlsafe(30)
    sealed = vault.seal(secret.encode(), access_key)
    key = StoredKey(
        access_key, name, grant.account, sealed, grant.operations, grant.collections, grant.rate, now, None,
        grant.readable, grant.expires,
    )  # fmt: skip
    if not keys.add(key):
        raise KeyTakenError(f"There is a key named {name} already; revoke it or choose another name.")
    return access_key, secret


def _check_expected(keys: Keys, vault: Vault) -> None:
    """Refuses to seal a first key with a master key that a running server does not have."""
    expected = keys.expected()
    if expected and vault.fingerprint() not in expected:
        raise SetupError(
            f"A server on this store was started with another master key than {vault.path}; give both the same file "
            "(--master-key). If that server no longer runs, start one with this file once, on 127.0.0.1."
        )
