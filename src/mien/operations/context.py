"""The context passed to every operation: the pack, the store, the galleries, its request, and who is calling."""

import fnmatch
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from mien.errors import InvalidParameterError, ResourceNotFoundError
from mien.image.source import S3
from mien.operations.paging import Listed
from mien.operations.shapes import Image
from mien.packs.load import Pack
from mien.serving.galleries import TRIES, Galleries
from mien.serving.image_cache import ImageCache
from mien.serving.request import Request
from mien.store.base import Collection, HistoryForkedError, StoreUnavailableError
from mien.store.open import Store

ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: an account, the region their client is set to, and patterns of what their key has to do with."""

    account: str = ACCOUNT
    region: str = "us-east-1"
    collections: tuple[str, ...] = ("*",)
    buckets: tuple[str, ...] = ("*",)

    def sees(self, collection: str) -> bool:
        """Whether this caller's key has to do with a collection of this name."""
        return any(fnmatch.fnmatchcase(collection, pattern) for pattern in self.collections)

    def reads(self, bucket: str) -> bool:
        """Whether this caller's key lets objects of an S3 bucket be read, as far as the server reads that bucket."""
        return any(fnmatch.fnmatchcase(bucket, pattern) for pattern in self.buckets)


Parameters = TypeVar("Parameters", bound=msgspec.Struct)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Operation(Generic[Parameters]):
    """An operation of the API.

    Attributes:
        request: the shape of its request.
        answer: what answers it.
        reads: whether it only reads, and looks at no picture: such an operation has threads kept for it.
    """

    request: type[Parameters]
    answer: Callable[["Context", Caller, Parameters], msgspec.Struct]
    reads: bool = False

    @property
    def pictured(self) -> bool:
        """Whether an image may be in its request."""
        members = get_type_hints(self.request).values()
        return any(Image in (member, *get_args(member)) for member in members)


Operations = dict[str, Operation[Any]]


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the operations share, and what is one request's own.

    Attributes:
        pack: what runs.
        store: the truth.
        galleries: what is searched.
        s3: what images are read from.
        parallel: runs half of an operation beside the other half.
        minimum_similarity: 0–100; no search answers less, whatever threshold it names.
        image_cache: what recent images showed; nothing where nobody says how much is to be remembered.
        request: the request on its way; each has its own.
    """

    pack: Pack
    store: Store
    galleries: Galleries
    s3: S3
    parallel: Executor
    minimum_similarity: float = 0.0
    image_cache: ImageCache = field(default_factory=lambda: ImageCache(0))
    request: Request = field(default_factory=Request)

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

    def listed(self, collection: Collection) -> Listed:
        """A collection as a listing in pages needs it."""
        return Listed(collection.point, lambda seen: self.store.collections.knows(collection.key, seen))

    def steadily(self, caller: Caller, collection: Collection, search: Callable[[Collection], Result]) -> Result:
        """Searches a collection in one history, from the look at its name to the rows of the answer.

        Raises:
            StoreUnavailableError: the store was put back again and again.
        """
        for _ in range(TRIES):
            try:
                return search(collection)
            except HistoryForkedError:
                collection = self.comparable(caller, collection.name)
        raise StoreUnavailableError("it is being put back to an earlier state")
