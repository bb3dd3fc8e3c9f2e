"""Keeps a gallery current: a follower reads its collection's changes up to a point of the collection's history.

A gallery belongs to one history. If the store does not know the point it has seen, a new gallery begins empty. The
store confirms that point once more before anything that the gallery found is answered.
"""

from collections.abc import Callable, Generator
from concurrent.futures import Executor, wait
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.gallery import GrowingGallery, Hits, Originals
from mien.gallery.base import Embeddings, Keys
from mien.gallery.snapshot import Moment
from mien.store.base import Changes, Point


class Follow(Protocol):
    """Reads the changes of a collection (see `changes.since`)."""

    def __call__(self, collection: int, known: int, limit: int, began: int, seen: Point | None) -> Changes:
        """Returns the changes after the revision `known`."""


# Keys, their collection and the point they were found at → the keys that still exist, and their embeddings, float32
# (N, D).
Read = Callable[[Keys, int, Point | None], tuple[Keys, Embeddings]]


class Kind:
    """The kind of a gallery, faces or users, and how the store is read for it.

    Args:
        name: name of the kind.
        changes: reads changes.
        originals: reads embeddings in full precision.
    """

    __slots__ = ("changes", "name", "originals")

    def __init__(self, name: str, changes: Follow, originals: Read) -> None:
        self.name, self.changes, self.originals = name, changes, originals


class Followed:
    """A gallery, and how far it has followed its collection.

    Attributes:
        kind: faces or users.
        gallery: the gallery.
        revision: the revision that it has followed the collection to.
        began: the collection's revision when the gallery began empty; None before it has begun.
        seen: the collection's point when it was last read for this gallery. It is set before the changes are applied,
            so that all that a search found is of the point that is read after it.
        changed: number of changes applied since its snapshot.
    """

    def __init__(self, collection: int, kind: Kind, make: Callable[[Originals], GrowingGallery]) -> None:
        self._collection, self.kind = collection, kind
        self.gallery = make(lambda keys: kind.originals(keys, collection, self.seen))
        self.revision = 0
        self.began: int | None = None
        self.seen: Point | None = None
        self.changed = 0

    def __len__(self) -> int:
        """Returns the number of embeddings."""
        return len(self.gallery)

    def search(self, probe: NDArray[np.float32], limit: int, least: float) -> Hits:
        """Finds the nearest embeddings (see `Gallery.search`). The rows of the answer are read at the point `seen`.

        Raises:
            HistoryForkedError: the store was put back meanwhile.
        """
        return self.gallery.search(probe, limit, least)

    def begin(self, at: Point) -> None:
        """Begins empty, for a collection that is at this point."""
        self.began, self.seen = at.revision, at

    def resume(self, moment: Moment) -> None:
        """Begins with the contents of a snapshot."""
        self.gallery.resume(moment)
        self.seen = Point(moment.revision, moment.history)
        self.revision, self.began = moment.revision, 0

    def is_at(self, point: Point) -> bool:
        """Returns whether it holds the collection exactly as it is at this point."""
        return self.seen == point and self.revision == point.revision

    def moment(self) -> Moment | None:
        """Returns the state that a snapshot would keep; None when it is too small for one, or between two points."""
        if self.seen is None or not self.is_at(self.seen):
            return None
        return self.gallery.moment(self.seen.revision, self.seen.history)

    def next(self, limit: int) -> Changes:
        """Returns about so many of the changes that are to be applied next.

        Raises:
            HistoryGoneError, HistoryForkedError, CollectionGoneError: see `changes.since`.
        """
        return self._after(self.revision, self.seen, limit)

    def pending(self, revision: int, fetchers: Executor, limit: int) -> Generator[Changes, None, None]:
        """Yields the changes up to a revision, about `limit` at a time; the next are fetched while some are applied.

        It ends early if the history has no such revision any more.

        Raises:
            HistoryGoneError, HistoryForkedError, CollectionGoneError: see `changes.since`.
        """
        changes = self.next(limit)
        while changes.revision < min(revision, changes.seen.revision):
            ahead = fetchers.submit(self._after, changes.revision, changes.seen, limit)
            try:
                yield changes
            finally:  # also where the caller stops: the store may be closed next, and not while it is read
                wait([ahead])
            changes = ahead.result()
        yield changes

    def _after(self, known: int, seen: Point | None, limit: int) -> Changes:
        return self.kind.changes(self._collection, known, limit, self.began or 0, seen)

    def apply(self, changes: Changes) -> None:
        """Applies changes to the gallery."""
        self.seen = changes.seen
        if len(changes.added):
            self.gallery.add(changes.added, np.ascontiguousarray(changes.embeddings))
        self.gallery.remove(changes.removed)
        self.revision = changes.revision
        self.changed += len(changes.added) + len(changes.removed)
