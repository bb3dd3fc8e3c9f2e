"""Runs the API's operations in this process, without a server, for the library and for commands such as `import`."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from mien import app
from mien.config import Settings
from mien.errors import InternalServerError, SetupError, ValidationError
from mien.image.limits import EVERY as EVERY_PICTURE
from mien.operations.constraints import broken
from mien.operations.context import ACCOUNT, Caller, Context
from mien.operations.table import EVERY
from mien.packs.load import Pack
from mien.serving.budget import Budget
from mien.serving.request import PIXELS, Request
from mien.store import open as stores
from mien.store.base import OutcomeUnknownError, StoreUnavailableError
from mien.system import leftovers

CONNECTIONS = 4  # to PostgreSQL, for each core
PATIENCE = 3600.0  # seconds that a large picture waits for those before it
MEMORY = Path("/dev/shm")  # noqa: S108  the file system that Linux keeps in memory


class Local:
    """The operations over a pack and a store. Safe to call from many threads.

    Attributes:
        caller: the caller of the operations.
    """

    def __init__(self, settings: Settings, pack: Pack, store: stores.Store, until: ExitStack, caller: Caller) -> None:
        self._context = app.assemble(settings, pack, store, until, accepted=EVERY_PICTURE)
        self._pixels = Budget(PIXELS)
        self.caller = caller
        self._until = until

    @property
    def context(self) -> Context:
        """The context of one call, with a new request."""
        return replace(self._context, request=Request(self._pixels, PATIENCE))

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Calls an operation as an SDK would.

        Args:
            operation: name of the operation, as "IndexFaces".
            members: the request, with bytes not encoded. An image may be larger than one sent over the network.

        Returns:
            The response.

        Raises:
            ApiError: the error that a server would answer.
        """
        row = EVERY[operation]
        try:
            request = msgspec.convert(members, row.request)
        except msgspec.ValidationError as error:
            raise ValidationError(str(error)) from None
        complaints = [each for each in broken(request) if "bytes' failed" not in each.lower()]
        if complaints:
            raise ValidationError("; ".join(complaints))
        try:
            answer: dict[str, Any] = msgspec.to_builtins(row.answer(self.context, self.caller, request))
        except (StoreUnavailableError, OutcomeUnknownError):
            raise InternalServerError("The store does not answer.") from None
        return answer

    def prepare(self) -> None:
        """Compiles the network that every search for faces runs besides the pack's, so that the first is not late."""
        self._context.analyst.open({"mesh"})

    def describe(self) -> str:
        """Returns the store's kind and place."""
        return self._context.store.database.describe()

    def close(self) -> None:
        """Closes the store."""
        self._until.close()


def scratch(settings: Settings, pack: Pack) -> Local:
    """Opens a pack over an empty store that is deleted at its end, in memory if the system has `/dev/shm`."""
    with ExitStack() as made:
        where = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
        folder = made.enter_context(leftovers.folder(where, "mien-scratch-"))
        store = stores.open_store("", str(folder))
        made.callback(store.database.close)
        return Local(settings, pack, store, made.pop_all(), Caller())


def of_store(settings: Settings, pack: Pack, alone: bool, account: str = ACCOUNT) -> Local:
    """Opens a pack over the store that the settings name.

    Args:
        settings: the settings.
        pack: the pack that detects and embeds.
        alone: whether to lock a store that is not shared, so that no server uses it, and to create a missing one.
        account: account that the collections belong to.

    Raises:
        SetupError: the store cannot be opened, or a server has locked it.
    """
    with ExitStack() as made:
        store = opened(settings, made, alone)
        return Local(settings, pack, store, made.pop_all(), Caller(account))


def opened(settings: Settings, until: ExitStack, alone: bool) -> stores.Store:
    """Opens the store that the settings name, and closes it when `until` ends (see `of_store`).

    Raises:
        SetupError: as `of_store`.
    """
    if not stores.is_shared(settings.store):
        if alone:
            until.callback(stores.lock(settings.store, settings.data).release)
        elif not stores.place(settings.store, settings.data).exists():
            raise SetupError(f"There is no store at {stores.place(settings.store, settings.data)}.")
    connections = CONNECTIONS * settings.cores
    store = stores.open_store(settings.store, settings.data, connections, vault=app.vault(settings))
    until.callback(store.database.close)
    return store
