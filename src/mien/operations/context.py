"""The context passed to every operation: the packs, the store, the galleries, its request, and who is calling."""

import fnmatch
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from mien.errors import InvalidParameterError, ResourceNotFoundError
from mien.image.limits import AWS, Accepted
from mien.image.source import S3
from mien.operations.other_packs import refusal
from mien.operations.paging import Listed
from mien.operations.shapes import Image, Photograph
from mien.operations.video.video_limits import VideoLimits
from mien.packs.analyst import Analyst
from mien.packs.living_networks import LivingNetworks
from mien.packs.load import Pack
from mien.serving.current_gallery import TRIES
from mien.serving.galleries import Galleries
from mien.serving.groupings import Groupings
from mien.serving.image_cache import ImageCache
from mien.serving.request import Request
from mien.store.base import Collection, HistoryForkedError, StoreUnavailableError
from mien.store.open import Store

ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of an operation: account, region of the client, and the patterns that limit the access key."""

    account: str = ACCOUNT
    region: str = "us-east-1"
    collections: tuple[str, ...] = ("*",)
    buckets: tuple[str, ...] = ("*",)

    def sees(self, collection: str) -> bool:
        """Returns whether the caller's key may use a collection of this name."""
        return any(fnmatch.fnmatchcase(collection, pattern) for pattern in self.collections)

    def reads(self, bucket: str) -> bool:
        """Returns whether the caller's key may read an S3 bucket, if the server may."""
        return any(fnmatch.fnmatchcase(bucket, pattern) for pattern in self.buckets)


Parameters = TypeVar("Parameters", bound=msgspec.Struct)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Operation(Generic[Parameters]):
    """An operation of the API.

    Attributes:
        request: the shape of its request.
        answer: the function that answers it.
        reads: whether it only reads the store and takes no image; such operations have threads of their own.
    """

    request: type[Parameters]
    answer: Callable[["Context", Caller, Parameters], msgspec.Struct]
    reads: bool = False

    @property
    def pictured(self) -> bool:
        """Whether its request may hold an image."""
        members = get_type_hints(self.request).values()
        return any(each in (member, *get_args(member)) for member in members for each in (Image, Photograph))


Operations = dict[str, Operation[Any]]


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that operations share, and the request that is served.

    Attributes:
        pack: the model pack, which detects and embeds faces.
        store: the store of collections, faces and users.
        galleries: the galleries that searches use.
        groupings: the groups of faces that belong to no user.
        s3: the S3 client for images in buckets.
        parallel: threads that run one half of an operation in parallel with the other.
        analyst: measures attributes of faces, if the settings allow it and the attribute set is there.
        living: the networks that tell a living face, opened when a face is first judged.
        minimum_similarity: 0–100; no search answers less, whatever its threshold.
        image_cache: the cache of recent images' faces; off by default.
        accepted: the formats and sizes of images that are taken; AWS's by default.
        portraits: whether a new collection keeps portraits, if it does not say.
        liveness_sessions: Face Liveness sessions that an account may have at the same time.
        video: the limits of video jobs.
        require_live: the least confidence, 0–100, that a face to index or search by is living; 0 for no bar.
        request: the request that is served; each has its own.
    """

    pack: Pack
    store: Store
    galleries: Galleries
    groupings: Groupings
    s3: S3
    parallel: Executor
    analyst: Analyst
    living: LivingNetworks
    minimum_similarity: float = 0.0
    image_cache: ImageCache = field(default_factory=lambda: ImageCache(0))
    accepted: Accepted = AWS
    portraits: bool = False
    liveness_sessions: int = 1_000
    video: VideoLimits = field(default_factory=VideoLimits)
    require_live: float = 0.0
    request: Request = field(default_factory=Request)

    def release(self) -> None:
        """Gives back the memory that networks need only while they run."""
        self.pack.release()
        self.analyst.release()
        self.living.release()

    def collection(self, caller: Caller, name: str) -> Collection:
        """Returns the caller's collection of this name.

        Raises:
            ResourceNotFoundError: there is none.
        """
        found = self.store.collections.find(caller.account, name)
        if found is None:
            raise ResourceNotFoundError.collection(name)
        return found

    def comparable(self, caller: Caller, name: str) -> Collection:
        """Returns the caller's collection of this name, to add faces to it or search it.

        Raises:
            ResourceNotFoundError: there is none.
            InvalidParameterError: it was made with another pack, whose embeddings this one cannot compare.
        """
        found = self.collection(caller, name)
        manifest = self.pack.manifest
        if found.contract != manifest.contract:
            raise InvalidParameterError(refusal(name, found.contract, found.model_version, manifest))
        return found

    def listed(self, collection: Collection) -> Listed:
        """Returns a collection as a listing in pages needs it."""
        return Listed(collection.point, lambda seen: self.store.collections.knows(collection.key, seen))

    def in_one_history(self, caller: Caller, collection: Collection, search: Callable[[Collection], Result]) -> Result:
        """Searches a collection within one history of it, and again if the store was put back during the search.

        Raises:
            StoreUnavailableError: the store was put back each time.
        """
        for _ in range(TRIES):
            try:
                return search(collection)
            except HistoryForkedError:
                collection = self.comparable(caller, collection.name)
        raise StoreUnavailableError("it is being put back to an earlier state")
