"""The galleries that searches look into, each brought up to date with the store before it is looked into."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mien.errors import ResourceNotFoundError
from mien.gallery import ExactGallery, Gallery
from mien.store.base import Changes, Collection, CollectionGoneError
from mien.store.open import Store

CATCH_UP = 50_000  # embeddings a gallery takes in at a time

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
