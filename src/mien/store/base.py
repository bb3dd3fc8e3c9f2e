"""The seam between the tables and what keeps them, and the records that come out of them.

A `Database` runs a piece of work in one transaction. Work is a function so that a database may run it again after a
conflict, or commit many pieces together. Statements are plain SQL with `?` for a parameter; SQLite and PostgreSQL
both take them.
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
    """What a piece of work is handed: statements inside one transaction."""

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement and give all its rows."""

    def row(self, statement: str, *values: Any) -> Row | None:
        """Run a statement and give its first row."""

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement and say how many rows it changed."""

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each set of values."""


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """A piece of work with what a database may know of it beforehand.

    Attributes:
        run: the work.
        collection: the key of the collection that it changes.
        frees: whether it removes more than it adds, so that it may take what is set aside for a full disk.
    """

    run: Callable[[Cursor], T]
    collection: int | None = None
    frees: bool = False

    def __call__(self, cursor: Cursor) -> T:
        """Do the work."""
        return self.run(cursor)


class Database(Protocol):
    """Something that keeps tables. Safe to call from many threads."""

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` on one consistent state of the data."""

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Run `work` in one transaction, durable when this returns, undone as a whole when it raises."""

    def reserve(self, table: str, key: int) -> None:
        """Give out no key up to `key` in `table` from now on; for rows that came with keys of their own."""

    def probe(self) -> None:
        """Write something that changes nothing, as a change of the data would be written; raises what that would."""

    def describe(self) -> str:
        """Kind, version and place, in one line, without a password."""

    def close(self) -> None:
        """Let go of every connection and lock."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point in a collection's history: a revision, and the random id that only this history gave it."""

    revision: int
    history: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as the database knew it at one moment."""

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

    @property
    def point(self) -> Point:
        """Where in its history it was."""
        return Point(self.revision, self.history)


@dataclass(frozen=True, slots=True)
class Region:
    """A box as shares of its image's width and height."""

    left: float
    top: float
    width: float
    height: float

    def overlap(self, other: "Region") -> float:
        """Intersection over union, 0–1."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        down = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        if across <= 0 or down <= 0:
            return 0.0
        shared = across * down
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True, slots=True)
class Origin:
    """The image that faces come from: its content's id, and the caller's own id for it, if any."""

    image_id: UUID
    external_image_id: str | None


@dataclass(frozen=True, slots=True)
class NewFace:
    """A face to be kept: its region, confidence (0–100) and embedding (float32, length 1)."""

    region: Region
    confidence: float
    embedding: NDArray[np.float32]


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
    """What a gallery must take in to follow a collection up to `revision`.

    Attributes:
        revision: what a gallery is at after these.
        seen: where the collection was when these were read, at that revision or beyond.
        added: keys, int64 (N,).
        embeddings: float32 (N, D).
        removed: keys, int64 (M,).
        damaged: keys whose vectors are not what was kept, and are left out of those added.
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
    """What went since the revision a follower knows is not recorded any more; it must begin anew from revision 0."""


class HistoryForkedError(Exception):
    """The database does not know a point that a follower has seen: it was put back, and has another history."""


class CollectionFullError(Exception):
    """The collection would hold more faces than `FACE_QUOTA`."""


class DamagedError(Exception):
    """The vector that is asked for is not what was kept."""


class StoreUnavailableError(Exception):
    """The database cannot be had, or not now; nothing was changed, and the same call may go well later."""


class DiskError(StoreUnavailableError):
    """The disk is full or takes no writes; nothing was changed."""


class OutcomeUnknownError(Exception):
    """The database was lost while it was asked to keep something; whether it did will be seen when it is back."""


class StoreRefusedError(Exception):
    """The database refuses a statement: a fault of mien's own."""
