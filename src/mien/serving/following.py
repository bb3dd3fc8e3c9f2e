"""A gallery that follows its collection, and the point of the collection's history that it has seen.

A gallery is of one history only: where the store does not know the point it has seen, another one begins from nothing.
Nothing it finds is good for an answer before the store has said that it still knows that point.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.gallery import GrowingGallery, Hits, Originals
from mien.gallery.base import Embeddings, Keys
from mien.gallery.snapshot import Moment
from mien.store.base import Changes, Point

CATCH_UP = 20_000  # embeddings a gallery takes in at a time; more are fresh memory each time, and slower


class Follow(Protocol):
    """Reads what changed in a collection (see `changes.since`)."""

    def __call__(self, collection: int, known: int, limit: int, began: int, seen: Point | None) -> Changes:
        """Returns the changes after the revision `known`."""


# Keys, their collection and the point they were found at → those still there, and their embeddings, float32 (N, D).
Read = Callable[[Keys, int, Point | None], tuple[Keys, Embeddings]]


class Kind:
    """What a gallery holds: faces or users.

    Args:
        name: of the kind.
        changes: reads what changed.
        originals: reads embeddings in full precision.
    """

    __slots__ = ("changes", "name", "originals")

    def __init__(self, name: str, changes: Follow, originals: Read) -> None:
        self.name, self.changes, self.originals = name, changes, originals


class Followed:
    """A gallery and how far it has followed its collection.

    Attributes:
        kind: what it holds.
        gallery: the gallery.
        revision: what it has followed the collection to.
        began: what the collection was at when the gallery began from nothing; None before it has begun.
        seen: where the collection was when it was last read for this gallery; set before what was read is taken in,
            so that whoever reads it after a search knows a point that all it found is of.
        changed: how many changes it has taken in since its snapshot.
    """

    def __init__(self, collection: int, kind: Kind, make: Callable[[Originals], GrowingGallery]) -> None:
        self._collection, self.kind = collection, kind
        self.gallery = make(lambda keys: kind.originals(keys, collection, self.seen))
        self.revision = 0
        self.began: int | None = None
        self.seen: Point | None = None
        self.changed = 0

    def __len__(self) -> int:
        """How many embeddings it holds."""
        return len(self.gallery)

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Finds what is nearest (see `Gallery.search`); what is answered of it is read at the point `seen`.

        Raises:
            HistoryForkedError: the store was put back meanwhile.
        """
        return self.gallery.search(probe, limit, least)

    def begin(self, at: Point) -> None:
        """Begins from nothing with a collection that is at this point."""
        self.began, self.seen = at.revision, at

    def resume(self, moment: Moment) -> None:
        """Begins with what a snapshot kept."""
        self.gallery.resume(moment)
        self.seen = Point(moment.revision, moment.history)
        self.revision, self.began = moment.revision, 0

    def is_at(self, point: Point) -> bool:
        """Returns whether it has all of the collection as it is at this point, and nothing else."""
        return self.seen == point and self.revision == point.revision

    def moment(self) -> Moment | None:
        """Returns what a snapshot would keep; None when it is not worth one, or is between two points."""
        if self.seen is None or not self.is_at(self.seen):
            return None
        return self.gallery.moment(self.seen.revision, self.seen.history)

    def coming(self, revision: int, fetchers: Executor) -> Iterator[Changes]:
        """What it has to take in up to a revision; while some is taken in, the next is fetched.

        It ends before that where there is no such revision any more.

        Raises:
            HistoryGoneError, HistoryForkedError, CollectionGoneError: see `changes.since`.
        """

        def fetch(known: int, seen: Point | None) -> Changes:
            return self.kind.changes(self._collection, known, CATCH_UP, self.began or 0, seen)

        changes = fetch(self.revision, self.seen)
        while changes.revision < min(revision, changes.seen.revision):
            ahead = fetchers.submit(fetch, changes.revision, changes.seen)
            yield changes
            changes = ahead.result()
        yield changes

    def take_in(self, changes: Changes) -> None:
        """Takes in what changed."""
        self.seen = changes.seen
        if len(changes.added):
            self.gallery.add(changes.added, np.ascontiguousarray(changes.embeddings))
        self.gallery.remove(changes.removed)
        self.revision = changes.revision
        self.changed += len(changes.added) + len(changes.removed)
