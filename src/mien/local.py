"""The API's operations answered in this process, for whoever has no server: a library, a command, an import."""

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
from mien.operations.constraints import broken
from mien.operations.context import ACCOUNT, Caller, Context
from mien.packs.load import Pack
from mien.serving.request import Request
from mien.store import open as stores
from mien.store.base import OutcomeUnknownError, StoreUnavailableError
from mien.system import leftovers

CONNECTIONS = 4  # to a database on the network, for each core
MEMORY = Path("/dev/shm")  # noqa: S108  where Linux keeps files in memory


class Local:
    """A pack over a store. Safe to call from many threads.

    Attributes:
        caller: on whose behalf operations are called.
    """

    def __init__(self, settings: Settings, pack: Pack, store: stores.Store, ending: ExitStack, caller: Caller) -> None:
        self._context = app.assemble(settings, pack, store, ending)
        self.caller = caller
        self._ending = ending

    @property
    def context(self) -> Context:
        """What an operation is handed, for one call."""
        return replace(self._context, request=Request())

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation as an SDK would.

        Args:
            operation: its name, as "IndexFaces".
            members: the request, bytes as they are. An image may be larger than one sent over the network.

        Returns:
            The response.

        Raises:
            ApiError: what a server would answer.
        """
        row = app.OPERATIONS[operation]
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

    def describe(self) -> str:
        """What is called: the store's kind and place."""
        return self._context.store.database.describe()

    def close(self) -> None:
        """Let go of the store."""
        self._ending.close()


def scratch(settings: Settings, pack: Pack) -> Local:
    """A pack over a store of its own that is gone when it is closed; in memory where the system has files in memory."""
    with ExitStack() as made:
        where = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
        folder = made.enter_context(leftovers.folder(where, "mien-scratch-"))
        store = stores.open_store("", str(folder))
        made.callback(store.database.close)
        return Local(settings, pack, store, made.pop_all(), Caller())


def of_store(settings: Settings, pack: Pack, alone: bool, account: str = ACCOUNT) -> Local:
    """A pack over the store that the settings name.

    Args:
        settings: the settings.
        pack: what runs.
        alone: whether to keep servers off a store that is not shared until this is closed, and to make it if it is
            not there.
        account: whose collections.

    Raises:
        SetupError: the store cannot be opened, or it is to be held alone and a server has it.
    """
    with ExitStack() as made:
        store = opened(settings, made, alone)
        return Local(settings, pack, store, made.pop_all(), Caller(account))


def opened(settings: Settings, until: ExitStack, alone: bool) -> stores.Store:
    """Open the store that the settings name until a stack ends (see `of_store`).

    Raises:
        SetupError: as `of_store`.
    """
    if not stores.is_shared(settings.store):
        if alone:
            until.callback(stores.lock(settings.store, settings.data).release)
        elif not stores.place(settings.store, settings.data).exists():
            raise SetupError(f"There is no store at {stores.place(settings.store, settings.data)}.")
    store = stores.open_store(settings.store, settings.data, connections=CONNECTIONS * settings.cores)
    until.callback(store.database.close)
    return store
