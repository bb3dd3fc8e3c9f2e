"""What an operation is handed: the running pack, the store, the galleries, and who is calling."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from mien.errors import InvalidParameterError, ResourceNotFoundError
from mien.gallery import ExactGallery, Gallery
from mien.packs.load import Pack
from mien.store.base import Collection
from mien.store.open import Store

CATCH_UP = 50_000  # embeddings a gallery takes in at a time
ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: an account, and the region their client is set to."""

    account: str = ACCOUNT
    region: str = "us-east-1"


Request = TypeVar("Request", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Request]):
    """An operation of the API: the shape of its request and what answers it."""

    request: type[Request]
    answer: Callable[["Context", Caller, Request], msgspec.Struct]


Operations = dict[str, Operation[Any]]


@dataclass(slots=True)
class _Held:
    """A gallery and the revision it has followed its collection to."""

    gallery: Gallery
    revision: int = 0
    following: threading.Lock = field(default_factory=threading.Lock)


class Galleries:
    """The galleries of this process: one for each collection searched, brought up to date before each search."""

    def __init__(self, store: Store, dimension: int) -> None:
        self._store = store
        self._dimension = dimension
        self._held: dict[int, _Held] = {}
        self._adding = threading.Lock()

    def current(self, collection: Collection) -> Gallery:
        """The collection's gallery, with everything acknowledged before this call.

        Raises:
            ResourceNotFoundError: the collection was deleted meanwhile.
        """
        revision = self._store.faces.revision(collection.key)
        if revision is None:
            self.forget(collection.key)
            raise ResourceNotFoundError.collection(collection.name)
        with self._adding:
            held = self._held.setdefault(collection.key, _Held(ExactGallery(self._dimension)))
        if held.revision < revision:
            with held.following:
                while held.revision < revision:
                    self._follow(collection.key, held)
        return held.gallery

    def forget(self, key: int) -> None:
        """Let go of a deleted collection's gallery."""
        with self._adding:
            self._held.pop(key, None)

    def _follow(self, key: int, held: _Held) -> None:
        changes = self._store.faces.changes(key, held.revision, CATCH_UP)
        if len(changes.added):
            held.gallery.add(changes.added, np.ascontiguousarray(changes.embeddings))
        held.gallery.remove(changes.removed)
        held.revision = changes.revision


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the operations share."""

    pack: Pack
    store: Store
    galleries: Galleries

    def collection(self, caller: Caller, name: str) -> Collection:
        """The caller's collection of this name.

        Raises:
            ResourceNotFoundError: there is none.
        """
        found = self.store.collections.find(caller.account, name)
        if found is None:
            raise ResourceNotFoundError.collection(name)
        return found

    def comparable(self, caller: Caller, name: str) -> Collection:
        """The caller's collection of this name, for adding to it or searching it.

        Raises:
            ResourceNotFoundError: there is none.
            InvalidParameterError: it was made by another pack, whose embeddings this one cannot compare.
        """
        found = self.collection(caller, name)
        manifest = self.pack.manifest
        if found.contract != manifest.contract:
            raise InvalidParameterError(
                f"The collection {name} was made with model version {found.model_version}; this server runs the pack "
                f"{manifest.name} with version {manifest.model_version}, whose embeddings cannot be compared with it."
            )
        return found
