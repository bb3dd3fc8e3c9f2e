"""The API's operations answered in this process, for whoever has no server: a library, a command, an import."""

import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from mien import app
from mien.config import Settings
from mien.errors import SetupError, ValidationError
from mien.image.source import S3
from mien.operations.constraints import broken
from mien.operations.context import ACCOUNT, Caller, Context
from mien.operations.galleries import Galleries, Holding
from mien.packs.load import Pack
from mien.store import open as stores

MEMORY = Path("/dev/shm")  # noqa: S108  where Linux keeps files in memory


class Local:
    """A pack over a store. Safe to call from many threads.

    Attributes:
        context: what the operations share.
        caller: on whose behalf they are called.
    """

    def __init__(self, settings: Settings, pack: Pack, store: stores.Store, ending: ExitStack, caller: Caller) -> None:
        threads = settings.scan_threads or len(os.sched_getaffinity(0))
        dimension = pack.manifest.embedder.dimension
        # without snapshots: those in the store's folder are the server's
        galleries = Galleries(store, Holding(dimension, threads, settings.gallery_memory << 20))
        aside = ThreadPoolExecutor(settings.cores, thread_name_prefix="aside")
        ending.callback(aside.shutdown)
        s3 = S3(app.s3_settings(settings))
        self.context = Context(pack, store, galleries, s3, aside, settings.minimum_similarity)
        self.caller = caller
        self._ending = ending

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
        answer: dict[str, Any] = msgspec.to_builtins(row.answer(self.context, self.caller, request))
        return answer

    def describe(self) -> str:
        """What is called: the store's kind and place."""
        return self.context.store.database.describe()

    def close(self) -> None:
        """Let go of the store."""
        self._ending.close()


def scratch(settings: Settings, pack: Pack) -> Local:
    """A pack over a store of its own that is gone when it is closed; in memory where the system has files in memory."""
    with ExitStack() as made:
        where = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
        folder = made.enter_context(tempfile.TemporaryDirectory(prefix="mien-", dir=where))
        store = stores.open_store("", folder)
        made.callback(store.database.close)
        return Local(settings, pack, store, made.pop_all(), Caller())


def of_store(settings: Settings, pack: Pack, alone: bool, account: str = ACCOUNT) -> Local:
    """A pack over the store that the settings name.

    Args:
        settings: the settings.
        pack: what runs.
        alone: whether to keep servers off the store until this is closed.
        account: whose collections.

    Raises:
        SetupError: the store cannot be opened, or it is to be held alone and a server has it.
    """
    with ExitStack() as made:
        if alone:
            made.callback(stores.lock(settings.store, settings.data).release)
        elif not stores.place(settings.store, settings.data).exists():
            raise SetupError(f"There is no store at {stores.place(settings.store, settings.data)}.")
        store = stores.open_store(settings.store, settings.data)
        made.callback(store.database.close)
        return Local(settings, pack, store, made.pop_all(), Caller(account))
