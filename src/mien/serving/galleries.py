"""Holds the galleries that are searched, and brings each up to date with the store before a search.

A gallery is built when its collection is first searched, from a valid snapshot or else from the store. When memory is
short the least recently used galleries are evicted, and built again when they are next searched.
"""

import logging
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from mien.errors import ResourceNotFoundError
from mien.gallery import GrowingGallery, Scanners, snapshot
from mien.gallery.growing import CROSSOVER
from mien.serving.following import Followed, Kind
from mien.store.base import Collection, CollectionGoneError, HistoryForkedError, HistoryGoneError, Point
from mien.store.open import Store

WORTH = 50_000  # changes after which a snapshot is written while the server runs
WORTH_AT_END = 1_000  # and when it stops; fewer are quickly read from the store
MOST_AT_END = 8  # segments written when it stops, 40 MB each, so that stopping takes seconds
FETCHERS = 4  # galleries that read ahead in the store at the same time
TRIES = 5  # times that a gallery begins again for one search, while the store is being put back
SAY = 5.0  # seconds between log lines about a gallery that takes long to build

log = logging.getLogger("mien")


@dataclass(frozen=True, slots=True)
class GallerySettings:
    """Settings of the galleries.

    Attributes:
        dimension: dimension of the embeddings.
        threads: threads that share the scan of one search.
        memory: bytes that all galleries may take; 0 for no limit. The gallery being searched is never evicted.
        folder: folder of the snapshots; None to keep none.
        mapped: whether the codes for re-ranking are mapped from the snapshot's files and not held in memory.
        crossover: the most embeddings that are searched exactly.
        worth: changes after which a snapshot is written while the server runs.
        worth_at_end: changes after which one is written when the server stops.
    """

    dimension: int
    threads: int
    memory: int = 0
    folder: Path | None = None
    mapped: bool = False
    crossover: int = CROSSOVER
    worth: int = WORTH
    worth_at_end: int = WORTH_AT_END


@dataclass(slots=True, eq=False)
class _Entry:
    """The entry of one collection's gallery; its gallery is replaced when it has to begin again.

    Attributes:
        collection: the collection's key.
        kind: faces or users.
        now: the gallery.
        used: when it was last searched, as a number that rises.
        following: locked by the thread that updates it.
    """

    collection: int
    kind: Kind
    now: Followed
    used: int = 0
    following: threading.Lock = field(default_factory=threading.Lock)


class Galleries:
    """The galleries of this process: two for each collection that is searched, of faces and of users.

    Each is updated from the store before a search, so an answer includes every write acknowledged before it.

    Attributes:
        forked: number of galleries that began again because the store was put back.
    """

    def __init__(self, store: Store, settings: GallerySettings) -> None:
        self._store = store
        self._settings = settings
        self._scanners = Scanners(settings.threads)
        self._faces = Kind("faces", store.faces.changes, store.faces.embeddings)
        self._users = Kind("users", store.users.changes, store.users.vectors)
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")
        self._entries: dict[tuple[int, str], _Entry] = {}
        self._adding = threading.Lock()
        self._uses = count(1)
        self.forked = 0

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
                self._entries.pop((collection.key, kind.name), None)
        if self._settings.folder:
            shutil.rmtree(self._settings.folder / str(collection.key), ignore_errors=True)

    def memory(self) -> int:
        """Returns the bytes of memory that the galleries take."""
        with self._adding:
            return sum(entry.now.gallery.memory() for entry in self._entries.values())

    def resume(self, *, tidy: bool = True) -> None:
        """Loads all snapshots that memory allows.

        Args:
            tidy: whether to delete the files that the store does not name; only who writes snapshots may.
        """
        folder, named = self._settings.folder, self._store.snapshots.all()
        if folder and tidy:
            kept = {folder / str(collection) / kind: name for (collection, kind), name in named.items()}
            snapshot.drop_others(folder, kept)
        for collection, name in named if folder else ():
            if self._settings.memory and self.memory() > self._settings.memory:
                return
            try:
                gallery = self._caught_up(collection, self._faces if name == self._faces.name else self._users)
            except (CollectionGoneError, HistoryForkedError):
                continue
            probe = np.zeros(self._settings.dimension, np.float32)
            gallery.search(probe, 1, 1.0)  # compiles the kernels before the first request needs them

    def write_snapshots(self, ending: bool = False) -> None:
        """Writes snapshots of the galleries that have changed enough. Called by one thread at a time.

        Raises:
            OSError: one cannot be written.
        """
        with self._adding:
            entries = list(self._entries.values()) if self._settings.folder else []
        for entry in entries:
            if entry.now.changed >= (self._settings.worth_at_end if ending else self._settings.worth):
                with entry.following:
                    followed = entry.now
                    moment = followed.moment()
                    changed, followed.changed = followed.changed, 0
                if moment and not (ending and sum(each.file is None for each in moment.segments) > MOST_AT_END):
                    try:
                        self._write(entry, followed, moment)
                    except BaseException:
                        followed.changed += changed
                        raise

    def _write(self, entry: _Entry, followed: Followed, moment: snapshot.Moment) -> None:
        folder = self._folder(entry)
        name, segments = snapshot.save(folder, moment)
        try:
            self._store.snapshots.keep(entry.collection, entry.kind.name, name)
        except CollectionGoneError:
            shutil.rmtree(folder.parent, ignore_errors=True)
            return
        except BaseException:
            snapshot.discard(moment, segments)
            raise
        snapshot.prune(folder, name)
        mapped = self._settings.mapped
        kept = [snapshot.mapped(each) if mapped and each is not segments[-1] else each for each in segments]
        followed.gallery.keep(list(zip(moment.segments, kept, strict=True)))

    def _folder(self, entry: _Entry) -> Path:
        return (self._settings.folder or Path()) / str(entry.collection) / entry.kind.name

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
                return self._follow(entry, point)
            except (HistoryGoneError, HistoryForkedError):
                continue  # the gallery has begun again
        raise HistoryForkedError

    def _entry(self, collection: int, kind: Kind) -> _Entry:
        with self._adding:
            if (collection, kind.name) not in self._entries:
                self._entries[collection, kind.name] = _Entry(collection, kind, self._new(collection, kind))
            entry = self._entries[collection, kind.name]
            entry.used = next(self._uses)
            return entry

    def _new(self, collection: int, kind: Kind) -> Followed:
        dimension, scanners, crossover = self._settings.dimension, self._scanners, self._settings.crossover
        return Followed(collection, kind, lambda read: GrowingGallery(dimension, read, scanners, crossover))

    def _follow(self, entry: _Entry, point: Point) -> Followed:
        """Brings a gallery to a point, or beyond.

        Raises:
            CollectionGoneError: the collection no longer exists.
            HistoryGoneError, HistoryForkedError: it could not follow, and has begun again, empty.
        """
        with entry.following:
            followed = entry.now
            if followed.began is None:
                self._begin(entry, point)
            try:
                if not followed.is_at(point):
                    self._catch_up(followed, point)
            except (HistoryGoneError, HistoryForkedError) as error:
                entry.now = self._new(entry.collection, entry.kind)
                entry.now.begin(point)
                if isinstance(error, HistoryForkedError) and followed.revision:
                    self.forked += 1
                    facts = {"facts": {"kind": entry.kind.name}}
                    log.warning("the store was put back to an earlier state; a gallery is built from it", extra=facts)
                raise
        if self._settings.memory:
            self._evict(entry)
        return followed

    def _catch_up(self, followed: Followed, point: Point) -> None:
        said = time.monotonic()
        for changes in followed.pending(point.revision, self._fetchers):
            followed.apply(changes)
            if time.monotonic() - said > SAY:
                said = time.monotonic()
                facts = {"kind": followed.kind.name, "held": len(followed)}
                log.info("gallery is being built", extra={"facts": facts})

    def _begin(self, entry: _Entry, point: Point) -> None:
        """Begins with the snapshot if there is a valid one, and empty otherwise."""
        entry.now.begin(point)
        name = self._store.snapshots.find(entry.collection, entry.kind.name) if self._settings.folder else None
        if name is None:
            return
        try:
            moment = snapshot.load(self._folder(entry), name, self._settings.mapped, self._scanners.threads)
        except snapshot.DamagedError:
            facts = {"facts": {"kind": entry.kind.name}}
            log.warning("snapshot is missing, damaged or old; the gallery is built from the store", extra=facts)
            snapshot.prune(self._folder(entry), None)
            return
        entry.now.resume(moment)
        snapshot.prune(self._folder(entry), name)

    def _evict(self, wanted: _Entry) -> None:
        """Evicts the least recently used galleries, but for `wanted`, until the rest fit in memory."""
        with self._adding:
            total = sum(entry.now.gallery.memory() for entry in self._entries.values())
            for entry in sorted(self._entries.values(), key=lambda each: each.used):
                if total <= self._settings.memory:
                    return
                if entry is not wanted:
                    total -= entry.now.gallery.memory()
                    del self._entries[entry.collection, entry.kind.name]
