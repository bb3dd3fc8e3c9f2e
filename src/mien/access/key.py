"""Creates, lists and revokes access keys over the API, for callers whose own key is unlimited: see `authorize`.

A key that is made here belongs to the caller's account, so that no key makes one wider than itself.
"""

import logging
from typing import Annotated

from mien.access.authenticator import KeyTakenError, create_key
from mien.access.grant import Grant, InvalidGrantError
from mien.errors import ConflictError, InvalidParameterError, ResourceNotFoundError
from mien.operations.constraints import REQUIRED, Length, Pattern, Range
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.paging import Page
from mien.operations.shapes import PaginationToken, Shape
from mien.operations.table import SERVICES
from mien.store.tables.keys import StoredKey
from mien.store.vault import Vault

log = logging.getLogger("mien.keys")

PAGE = 100
_MOST_PATTERNS = 64
_Name = Annotated[str, Length(1, 64), Pattern(r"[a-zA-Z0-9_.@+=\-]+")]
_Patterns = Annotated[list[Annotated[str, Length(1, 255), Pattern(r"[^,]+")]], Length(0, _MOST_PATTERNS)]


class CreateKeyRequest(Shape):
    """The request of CreateKey; what is left out is not limited, as with `mien keys create`."""

    name: _Name = REQUIRED
    operations: _Patterns | None = None
    collections: _Patterns | None = None
    buckets: _Patterns | None = None
    rate: float | None = None
    expires_at: float | None = None


class KeyShape(Shape):
    """An access key without its secret; times in seconds since 1970."""

    name: str
    access_key_id: str
    operations: list[str]
    collections: list[str]
    buckets: list[str]
    created_at: float
    rate: float | None = None
    last_used_at: float | None = None
    expires_at: float | None = None
    revoked_at: float | None = None


class CreateKeyResponse(Shape):
    """The response of CreateKey: the only one that has a secret."""

    key: KeyShape
    secret_access_key: str


class ListKeysRequest(Shape):
    """The request of ListKeys."""

    max_results: Annotated[int, Range(1, PAGE)] | None = None
    next_token: PaginationToken | None = None


class ListKeysResponse(Shape):
    """The response of ListKeys: by name, with those that were revoked."""

    keys: list[KeyShape]
    next_token: str | None = None


class RevokeKeyRequest(Shape):
    """The request of RevokeKey."""

    name: _Name = REQUIRED


class RevokeKeyResponse(Shape):
    """The empty response of RevokeKey."""


class KeyOperations:
    """The operations about access keys.

    Args:
        vault: encrypts the secrets of new keys.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def services(self) -> dict[str, Operations]:
        """Returns all operations by service, these among those that mien adds."""
        own: Operations = {
            "CreateKey": Operation(CreateKeyRequest, self.create),
            "ListKeys": Operation(ListKeysRequest, list_keys, reads=True),
            "RevokeKey": Operation(RevokeKeyRequest, revoke),
        }
        return SERVICES | {"Mien": SERVICES["Mien"] | own}

    def create(self, context: Context, caller: Caller, request: CreateKeyRequest) -> CreateKeyResponse:
        """Creates a key of the caller's account.

        Raises:
            ConflictError: there is a key of this name, revoked or not.
            InvalidParameterError: the grant is invalid; the text says what is valid.
        """
        everything = ("*",)
        grant = Grant(
            operations=everything if request.operations is None else tuple(request.operations),
            collections=everything if request.collections is None else tuple(request.collections),
            rate=request.rate,
            account=caller.account,
            buckets=None if request.buckets is None else tuple(request.buckets),
            expires=request.expires_at,
        )
        try:
            access_key, secret = create_key(context.store.keys, self._vault, request.name, grant)
        except KeyTakenError as error:
            raise ConflictError(str(error)) from None
        except InvalidGrantError as error:
            raise InvalidParameterError(str(error)) from None
        log.info("a key was created", extra={"facts": {"key": request.name, "by": context.request.key}})
        made = context.store.keys.find(access_key)
        if made is None:
            raise AssertionError
        return CreateKeyResponse(key=_shape(made), secret_access_key=secret)


def list_keys(context: Context, caller: Caller, request: ListKeysRequest) -> ListKeysResponse:
    """Lists the keys of the caller's account by name."""
    page = Page(context.store.seals, request.next_token, request.max_results, PAGE, "ListKeys", caller.account)
    keys = sorted((key for key in context.store.keys.all() if key.account == caller.account), key=lambda key: key.name)
    following = [key for key in keys if page.after is None or key.name > page.after]
    shown, token = page.cut(following[: page.limit + 1], lambda key: key.name)
    return ListKeysResponse(keys=[_shape(key) for key in shown], next_token=token)


def revoke(context: Context, caller: Caller, request: RevokeKeyRequest) -> RevokeKeyResponse:
    """Revokes a key of the caller's account; its next request is refused.

    Raises:
        ConflictError: it is the caller's own key, without which nothing would be left to make others with.
        ResourceNotFoundError: no key of this name is in force.
    """
    if request.name == context.request.key:
        raise ConflictError("A key cannot revoke itself; use another, or mien keys revoke.")
    owned = any(key.name == request.name and key.account == caller.account for key in context.store.keys.all())
    if not owned or not context.store.keys.revoke(request.name):
        raise ResourceNotFoundError(f"No active key is named {request.name}.")
    log.info("a key was revoked", extra={"facts": {"key": request.name, "by": context.request.key}})
    return RevokeKeyResponse()


def _shape(key: StoredKey) -> KeyShape:
    return KeyShape(
        name=key.name,
        access_key_id=key.access_key,
        operations=list(key.operations),
        collections=list(key.collections),
        buckets=list(key.buckets),
        created_at=key.created,
        rate=key.rate,
        last_used_at=key.used,
        expires_at=key.expires,
        revoked_at=key.revoked,
    )
