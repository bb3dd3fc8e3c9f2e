"""Holds the galleries that are searched, and brings each up to date with the store before a search.

A gallery is built when its collection is first searched, from a valid snapshot or else from the store. When memory is
short the least recently used galleries are evicted, and built again when they are next searched.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np

from mien.errors import ResourceNotFoundError
from mien.gallery import Scanners
from mien.serving.current_gallery import TRIES, CurrentGallery, GallerySettings, Means
from mien.serving.following import Followed, Kind
from mien.store.base import Collection, CollectionGoneError, HistoryForkedError, HistoryGoneError, Point
from mien.store.open import Store

FETCHERS = 4  # galleries that read ahead in the store at the same time


class Galleries:
    """The galleries of this process: two for each collection that is searched, of faces and of users.

    Each is updated from the store before a search, so an answer includes every write acknowledged before it.

    """

    def __init__(self, store: Store, settings: GallerySettings) -> None:
        self._store = store
        self._settings = settings
        self._faces = Kind("faces", store.faces.changes, store.faces.embeddings)
        self._users = Kind("users", store.users.changes, store.users.vectors)
        self._snapshots = settings.snapshots(store)
        fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")
        self._means = Means(settings, store, self._snapshots, Scanners(settings.threads, settings.cores), fetchers)
        self._entries: dict[tuple[int, str], CurrentGallery] = {}
        self._adding = threading.Lock()
        self._uses = count(1)
        self._forked_before = 0  # by galleries that were evicted

    @property
    def forked(self) -> int:
        """The number of galleries that began again because the store was put back."""
        with self._adding:
            return self._forked_before + sum(entry.forked for entry in self._entries.values())

    def faces(self, collection: Collection) -> Followed:
        """Returns the gallery of the collection's faces, by their keys, brought up to date.

        Raises:
            ResourceNotFoundError: the collection was deleted meanwhile.
            HistoryForkedError: the store was put back meanwhile; the collection must be looked up again.
        """
        return self._current(collection, self._faces)

    def users(self, collection: Collection) -> Followed:
        """Returns the gallery of the collection's users, by the keys of their vectors, brought up to date.

        Raises:
            ResourceNotFoundError, HistoryForkedError: as `faces`.
        """
        return self._current(collection, self._users)

    def discard(self, collection: Collection) -> None:
        """Removes the galleries of a deleted collection, and their snapshots."""
        with self._adding:
            for kind in (self._faces, self._users):
                self._drop(collection.key, kind.name)
        if self._snapshots:
            self._snapshots.discard(collection.key)

    def memory(self) -> int:
        """Returns the bytes of memory that the galleries take."""
        with self._adding:
            return sum(entry.now.gallery.memory() for entry in self._entries.values())

    def resume(self) -> None:
        """Loads all snapshots that memory allows, and deletes the files that none of them needs."""
        if not self._snapshots:
            return
        self._snapshots.tidy(lambda collection: self._store.faces.point(collection) is not None)
        for collection, name in self._snapshots.names.all():
            if self._settings.memory and self.memory() > self._settings.memory:
                return
            try:
                gallery = self._caught_up(collection, self._faces if name == self._faces.name else self._users)
            except (CollectionGoneError, HistoryForkedError):
                continue
            probe = np.zeros(self._settings.dimension, np.float32)
            gallery.search(probe, 1, 1.0)  # compiles the kernels before the first request needs them

    def write_snapshots(self, ending: bool = False) -> None:
        """Writes snapshots of the galleries that have changed enough, and takes over those that other processes wrote.

        Called by one thread at a time.

        Raises:
            OSError: one cannot be written.
        """
        if not self._snapshots:
            return
        with self._adding:
            entries = list(self._entries.items())
        names = self._snapshots.names.all() if self._settings.placement.shared and not ending else {}
        for place, entry in entries:
            if names.get(place) not in {None, entry.snapshot}:
                entry.take_over()
            entry.write(ending)

    def _current(self, collection: Collection, kind: Kind) -> Followed:
        try:
            return self._caught_up(collection.key, kind, collection.point)
        except CollectionGoneError:
            self.discard(collection)
            raise ResourceNotFoundError.collection(collection.name) from None

    def _caught_up(self, collection: int, kind: Kind, seen: Point | None = None) -> Followed:
        """Returns a gallery with all that the collection holds now.

        Args:
            collection: the collection's key.
            kind: faces or users.
            seen: the point at which the caller read the collection.

        Raises:
            CollectionGoneError: the collection no longer exists.
            HistoryForkedError: the store is on another history than the caller.
        """
        for _ in range(TRIES):
            point = self._store.faces.point(collection, seen)
            if point is None:
                raise CollectionGoneError
            entry = self._entry(collection, kind)
            try:
                followed = entry.follow(point)
                if self._settings.memory:
                    self._evict(entry)
                return followed
            except (HistoryGoneError, HistoryForkedError):
                continue  # the gallery has begun again
        raise HistoryForkedError

    def _entry(self, collection: int, kind: Kind) -> CurrentGallery:
        with self._adding:
            if (collection, kind.name) not in self._entries:
                self._entries[collection, kind.name] = CurrentGallery(collection, kind, self._means)
            entry = self._entries[collection, kind.name]
            entry.used = next(self._uses)
            return entry

    def _drop(self, collection: int, kind: str) -> None:
        if entry := self._entries.pop((collection, kind), None):
            self._forked_before += entry.forked

    def _evict(self, wanted: CurrentGallery) -> None:
        """Evicts the least recently used galleries, but for `wanted`, until the rest fit in memory."""
        with self._adding:
            total = sum(entry.now.gallery.memory() for entry in self._entries.values())
            for place, entry in sorted(self._entries.items(), key=lambda each: each[1].used):
                if total <= self._settings.memory:
                    return
                if entry is not wanted:
                    total -= entry.now.gallery.memory()
                    self._drop(*place)
