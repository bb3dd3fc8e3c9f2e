"""Defines the interface between the tables and the engines, and the records that the tables return.

A `Database` runs a piece of work in one transaction. Work is a function, so that a database may run it again after a
conflict or commit many pieces together. Statements are plain SQL with `?` for a parameter, which SQLite and PostgreSQL
both accept.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Row = Sequence[Any]

FACE_QUOTA = 20_000_000  # faces in a collection; reference 2


class Cursor(Protocol):
    """Runs the statements of a piece of work inside one transaction."""

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Runs a statement and returns all its rows."""

    def row(self, statement: str, *values: Any) -> Row | None:
        """Runs a statement and returns its first row."""

    def run(self, statement: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed."""

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Runs a statement once for each set of values."""


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """A piece of work with facts that a database may use before it runs it.

    Attributes:
        run: the work.
        collection: the key of the collection that it changes.
        frees: whether it removes more than it adds, so that it may use the space reserved for a full disk.
        erases: whether what it deletes should not stay in a log that the database keeps.
    """

    run: Callable[[Cursor], T]
    collection: int | None = None
    frees: bool = False
    erases: bool = False

    def __call__(self, cursor: Cursor) -> T:
        """Runs the work."""
        return self.run(cursor)


class Database(Protocol):
    """Keeps tables. Safe to call from many threads."""

    @property
    def clock(self) -> str:
        """SQL for the present by the database's clock, which all servers share, in seconds since 1970."""

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Runs `work` on one consistent state of the data."""

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Runs `work` in one transaction, durable when this returns, undone as a whole when it raises."""

    def reserve(self, table: str, key: int) -> None:
        """Reserves all keys up to `key` in `table`, for rows that were inserted with explicit keys."""

    def probe(self) -> None:
        """Writes a row unchanged, and raises what a write of data would raise."""

    def describe(self) -> str:
        """Returns kind, version and place in one line, without a password."""

    def close(self) -> None:
        """Closes every connection and releases every lock."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point in a collection's history: a revision, and the random id that this history gave it."""

    revision: int
    history: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as it was when it was read; `portraits` is whether it keeps portraits of its faces."""

    key: int
    account: str
    name: str
    contract: str
    model_version: str
    created: float
    revision: int
    faces: int
    users: int
    history: int = 0
    portraits: bool = False

    @property
    def point(self) -> Point:
        """The point in its history at which it was read."""
        return Point(self.revision, self.history)


@dataclass(frozen=True, slots=True)
class Region:
    """A box as shares of its image's width and height."""

    left: float
    top: float
    width: float
    height: float

    def overlap(self, other: "Region") -> float:
        """Returns the intersection over union with another region, 0–1."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        down = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        if across <= 0 or down <= 0:
            return 0.0
        shared = across * down
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True, slots=True)
class Origin:
    """The image of some faces: the id of its content, and the caller's id for it, if any."""

    image_id: UUID
    external_image_id: str | None


@dataclass(frozen=True, slots=True)
class KeptPortrait:
    """A portrait of a face as a collection keeps it.

    Attributes:
        picture: a JPEG.
        side: its rows and columns.
        landmarks: float32 (5, 2), the face's landmarks in its pixels.
    """

    picture: bytes
    side: int
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NewFace:
    """A face to be stored: its region, confidence (0–100) and embedding (float32, length 1).

    Its portrait is kept if the collection keeps portraits.
    """

    region: Region
    confidence: float
    embedding: NDArray[np.float32]
    portrait: KeptPortrait | None = None


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face in the store; `user` is the name of the user it belongs to, if any.

    The fields after `user` are in the order of `face_columns.COLUMNS`.
    """

    key: int
    user: str | None
    face_id: UUID
    image_id: UUID
    external_image_id: str | None
    region: Region
    confidence: float


@dataclass(frozen=True, slots=True)
class Changes:
    """The additions and removals by which a gallery follows a collection up to `revision`.

    Attributes:
        revision: of a gallery that has applied them.
        seen: the point at which the collection was when they were read, at that revision or later.
        added: keys, int64 (N,).
        embeddings: float32 (N, D).
        removed: keys, int64 (M,).
        damaged: keys whose vectors fail their checksum; they are not among those added.
    """

    revision: int
    seen: Point
    added: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    removed: NDArray[np.int64]
    damaged: list[int] = field(default_factory=list)


class CollectionGoneError(Exception):
    """The collection was deleted between being looked up and being changed."""


class HistoryGoneError(Exception):
    """Removals since the revision a follower knows are no longer recorded; it must start again from revision 0."""


class HistoryForkedError(Exception):
    """The database does not know a point that a follower has seen: it was restored, and has another history."""


class CollectionFullError(Exception):
    """The collection would hold more faces than `FACE_QUOTA`."""


class DamagedError(Exception):
    """The requested vector fails its checksum."""


class StoreUnavailableError(Exception):
    """The database is unavailable for now; nothing was changed, and the same call may succeed later."""


class DiskError(StoreUnavailableError):
    """The disk is full or refuses writes; nothing was changed."""


class OutcomeUnknownError(Exception):
    """The connection was lost during a commit; whether it took effect is seen when the database is back."""


class StoreRefusedError(Exception):
    """The database refused a statement, which is a bug in mien."""
