"""What an operation is handed: the running pack, the store, the galleries, and who is calling."""

import fnmatch
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from mien.errors import InvalidParameterError, ResourceNotFoundError
from mien.gallery import ExactGallery, Gallery
from mien.image.source import S3
from mien.packs.load import Pack
from mien.store.base import Changes, Collection, CollectionGoneError
from mien.store.open import Store

CATCH_UP = 50_000  # embeddings a gallery takes in at a time
ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: an account, the region their client is set to, and patterns of collections they may see."""

    account: str = ACCOUNT
    region: str = "us-east-1"
    collections: tuple[str, ...] = ("*",)

    def sees(self, collection: str) -> bool:
        """Whether this caller's key has to do with a collection of this name."""
        return any(fnmatch.fnmatchcase(collection, pattern) for pattern in self.collections)


Request = TypeVar("Request", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Request]):
    """An operation of the API: the shape of its request and what answers it."""

    request: type[Request]
    answer: Callable[["Context", Caller, Request], msgspec.Struct]


Operations = dict[str, Operation[Any]]


Follow = Callable[[int, int, int], Changes]  # collection, known revision, about how many → changes


@dataclass(slots=True)
class _Held:
    """A gallery and the revision it has followed its collection to."""

    gallery: Gallery
    revision: int = 0
    following: threading.Lock = field(default_factory=threading.Lock)


class Galleries:
    """The galleries of this process: two for each collection searched, of faces and of users.

    Each is brought up to date with the store before a search, so an answer has everything acknowledged before it.
    """

    def __init__(self, store: Store, dimension: int) -> None:
        self._store = store
        self._dimension = dimension
        self._held: dict[tuple[int, Follow], _Held] = {}
        self._adding = threading.Lock()

    def faces(self, collection: Collection) -> Gallery:
        """The collection's faces under their keys.

        Raises:
            ResourceNotFoundError: the collection was deleted meanwhile.
        """
        return self._current(collection, self._store.faces.changes)

    def users(self, collection: Collection) -> Gallery:
        """The vectors of the collection's users under the vectors' keys.

        Raises:
            ResourceNotFoundError: the collection was deleted meanwhile.
        """
        return self._current(collection, self._store.users.changes)

    def forget(self, collection: Collection) -> None:
        """Let go of a deleted collection's galleries."""
        with self._adding:
            for follow in (self._store.faces.changes, self._store.users.changes):
                self._held.pop((collection.key, follow), None)

    def _current(self, collection: Collection, follow: Follow) -> Gallery:
        revision = self._store.faces.revision(collection.key)
        if revision is None:
            raise self._gone(collection)
        with self._adding:
            held = self._held.setdefault((collection.key, follow), _Held(ExactGallery(self._dimension)))
        with held.following:
            try:
                while held.revision < revision:
                    _take_in(follow(collection.key, held.revision, CATCH_UP), held)
            except CollectionGoneError:
                raise self._gone(collection) from None
        return held.gallery

    def _gone(self, collection: Collection) -> ResourceNotFoundError:
        self.forget(collection)
        return ResourceNotFoundError.collection(collection.name)


def _take_in(changes: Changes, held: _Held) -> None:
    if len(changes.added):
        held.gallery.add(changes.added, np.ascontiguousarray(changes.embeddings))
    held.gallery.remove(changes.removed)
    held.revision = changes.revision


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the operations share.

    Attributes:
        pack: what runs.
        store: the truth.
        galleries: what is searched.
        s3: what images are read from.
        aside: runs half of an operation beside the other half.
        minimum_similarity: 0–100; no search answers less, whatever threshold it names.
    """

    pack: Pack
    store: Store
    galleries: Galleries
    s3: S3
    aside: Executor
    minimum_similarity: float = 0.0

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
