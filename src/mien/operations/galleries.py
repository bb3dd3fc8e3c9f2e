"""The galleries that searches look into, each brought up to date with the store before it is looked into.

A gallery is made when its collection is first searched, from its snapshot if there is a good one and from the store if
not. It is let go of when memory is wanted for others, least recently used first, and made again when next searched.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from mien.errors import ResourceNotFoundError
from mien.gallery import Gallery, GrowingGallery, Originals, Scanners, snapshot
from mien.gallery.growing import CROSSOVER
from mien.store.base import Changes, Collection, CollectionGoneError, HistoryGoneError
from mien.store.open import Store

CATCH_UP = 20_000  # embeddings a gallery takes in at a time; more are fresh memory each time, and slower
WORTH = 50_000  # changes that are worth writing a snapshot for while the server runs
WORTH_AT_END = 1_000  # and when it stops; fewer are read from the store in no time
MOST_AT_END = 8  # segments written when it stops, 40 MB each: who stops a server does not want to wait
FETCHERS = 4  # galleries that read ahead in the store at the same time
SAY = 5.0  # seconds between lines about a gallery that takes long to make

Follow = Callable[[int, int, int, int], Changes]  # collection, known revision, about how many, began → changes
log = logging.getLogger("mien")


@dataclass(frozen=True, slots=True)
class Holding:
    """How galleries are held.

    Attributes:
        dimension: of the embeddings.
        threads: that a scan is divided among.
        memory: bytes that all galleries may take; 0 for no limit. The one that is searched is held in any case.
        folder: where snapshots are kept; None for nowhere.
        mapped: whether what is only re-ranked by stays in the snapshot's files.
        crossover: how many embeddings are still searched exactly.
        worth: changes that are worth writing a snapshot for while the server runs.
        worth_at_end: and when it stops.
    """

    dimension: int
    threads: int
    memory: int = 0
    folder: Path | None = None
    mapped: bool = False
    crossover: int = CROSSOVER
    worth: int = WORTH
    worth_at_end: int = WORTH_AT_END


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a gallery holds: faces or users."""

    name: str
    changes: Follow
    originals: Originals


@dataclass(slots=True, eq=False)
class _Held:
    """A gallery and how far it has followed its collection.

    Attributes:
        collection: the collection's key.
        kind: what is held.
        gallery: the gallery.
        revision: what it has followed the collection to.
        began: what the collection was at when the gallery began from nothing; None before it has begun.
        changed: how many changes it has taken in since its snapshot.
        used: when it was last searched, as a number that rises.
        following: held by the thread that changes it.
    """

    collection: int
    kind: _Kind
    gallery: GrowingGallery
    revision: int = 0
    began: int | None = None
    changed: int = 0
    used: int = 0
    following: threading.Lock = field(default_factory=threading.Lock)


class Galleries:
    """The galleries of this process: two for each collection searched, of faces and of users.

    Each is brought up to date with the store before a search, so an answer has everything acknowledged before it.
    """

    def __init__(self, store: Store, holding: Holding) -> None:
        self._store = store
        self._holding = holding
        self._scanners = Scanners(holding.threads)
        self._faces = _Kind("faces", store.faces.changes, store.faces.embeddings)
        self._users = _Kind("users", store.users.changes, store.users.vectors)
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")
        self._held: dict[tuple[int, str], _Held] = {}
        self._adding = threading.Lock()
        self._uses = count(1)

    def faces(self, collection: Collection) -> Gallery:
        """The collection's faces under their keys.

        Raises:
            ResourceNotFoundError: the collection was deleted meanwhile.
        """
        return self._current(collection, self._faces)

    def users(self, collection: Collection) -> Gallery:
        """The vectors of the collection's users under the vectors' keys.

        Raises:
            ResourceNotFoundError: the collection was deleted meanwhile.
        """
        return self._current(collection, self._users)

    def forget(self, collection: Collection) -> None:
        """Let go of a deleted collection's galleries and their snapshots."""
        with self._adding:
            for kind in (self._faces, self._users):
                self._held.pop((collection.key, kind.name), None)
        if self._holding.folder:
            shutil.rmtree(self._holding.folder / str(collection.key), ignore_errors=True)

    def memory(self) -> int:
        """How many bytes of memory the galleries take."""
        with self._adding:
            return sum(held.gallery.memory() for held in self._held.values())

    def resume(self) -> None:
        """Read all snapshots there is memory for, and drop the files of those that are no longer named."""
        folder, named = self._holding.folder, self._store.snapshots.all()
        if folder:
            kept = {folder / str(collection) / kind: name for (collection, kind), name in named.items()}
            snapshot.drop_others(folder, kept)
        for collection, name in named if folder else ():
            if self._holding.memory and self.memory() > self._holding.memory:
                return
            revision = self._store.faces.revision(collection)
            kind = self._faces if name == self._faces.name else self._users
            if revision is not None:
                held = self._hold(collection, kind)
                try:
                    self._follow(held, revision)
                except CollectionGoneError:
                    continue
                nobody = np.zeros(self._holding.dimension, np.float32)
                held.gallery.search(nobody, 1, 1.0)  # so that what has to be compiled is, before somebody waits for it

    def keep(self, ending: bool = False) -> None:
        """Write snapshots of the galleries that have changed enough to be worth it. Called by one thread at a time.

        Raises:
            OSError: one cannot be written.
        """
        with self._adding:
            all_held = list(self._held.values()) if self._holding.folder else []
        for held in all_held:
            if held.changed >= (self._holding.worth_at_end if ending else self._holding.worth):
                with held.following:
                    moment = held.gallery.moment(held.revision)
                    changed, held.changed = held.changed, 0
                if moment and not (ending and sum(each.file is None for each in moment.segments) > MOST_AT_END):
                    try:
                        self._write(held, moment)
                    except BaseException:
                        held.changed += changed
                        raise

    def _write(self, held: _Held, moment: snapshot.Moment) -> None:
        folder = self._folder(held)
        name, segments = snapshot.save(folder, moment)
        try:
            self._store.snapshots.keep(held.collection, held.kind.name, name)
        except CollectionGoneError:
            shutil.rmtree(folder.parent, ignore_errors=True)
            return
        except BaseException:
            snapshot.discard(moment, segments)
            raise
        snapshot.prune(folder, name)
        mapped = self._holding.mapped
        kept = [snapshot.mapped(each) if mapped and each is not segments[-1] else each for each in segments]
        held.gallery.keep(list(zip(moment.segments, kept, strict=True)))

    def _folder(self, held: _Held) -> Path:
        return (self._holding.folder or Path()) / str(held.collection) / held.kind.name

    def _current(self, collection: Collection, kind: _Kind) -> Gallery:
        revision = self._store.faces.revision(collection.key)
        if revision is None:
            raise self._gone(collection)
        held = self._hold(collection.key, kind)
        try:
            self._follow(held, revision)
        except CollectionGoneError:
            raise self._gone(collection) from None
        return held.gallery

    def _hold(self, collection: int, kind: _Kind) -> _Held:
        with self._adding:
            if (collection, kind.name) not in self._held:
                self._held[collection, kind.name] = _Held(collection, kind, self._new(kind))
            held = self._held[collection, kind.name]
            held.used = next(self._uses)
            return held

    def _new(self, kind: _Kind) -> GrowingGallery:
        return GrowingGallery(self._holding.dimension, kind.originals, self._scanners, self._holding.crossover)

    def _follow(self, held: _Held, revision: int) -> None:
        """Bring a gallery to a revision, or beyond.

        Raises:
            CollectionGoneError: the collection no longer exists.
        """
        with held.following:
            if held.began is None:
                self._begin(held, revision)
            said = time.monotonic()
            while held.revision < revision:
                try:
                    for changes in self._coming(held, revision):
                        _take_in(held, changes)
                        if time.monotonic() - said > SAY:
                            said = time.monotonic()
                            facts = {"collection": held.collection, "kind": held.kind.name, "held": len(held.gallery)}
                            log.info("gallery is being made", extra={"facts": facts})
                except HistoryGoneError:
                    held.gallery, held.revision, held.began = self._new(held.kind), 0, revision
        if self._holding.memory:
            self._make_room(held)

    def _coming(self, held: _Held, revision: int) -> Iterator[Changes]:
        """What a gallery has to take in up to a revision; while some is taken in, the next is fetched."""

        def fetch(known: int) -> Changes:
            return held.kind.changes(held.collection, known, CATCH_UP, held.began or 0)

        changes = fetch(held.revision)
        while changes.revision < revision:
            ahead = self._fetchers.submit(fetch, changes.revision)
            yield changes
            changes = ahead.result()
        yield changes

    def _begin(self, held: _Held, revision: int) -> None:
        """Take the snapshot, if there is a good one, or begin from nothing."""
        held.began = revision
        name = self._store.snapshots.find(held.collection, held.kind.name) if self._holding.folder else None
        if name is None:
            return
        try:
            moment = snapshot.load(self._folder(held), name, self._holding.mapped, self._scanners.threads)
        except snapshot.DamagedError:
            facts = {"collection": held.collection, "kind": held.kind.name}
            log.warning("snapshot is missing or damaged; the gallery is made from the store", extra={"facts": facts})
            snapshot.prune(self._folder(held), None)
            return
        if moment.revision <= revision:
            held.gallery.resume(moment)
            held.revision, held.began = moment.revision, 0
            snapshot.prune(self._folder(held), name)

    def _make_room(self, wanted: _Held) -> None:
        """Let go of galleries that were not used for longest until the rest fit."""
        with self._adding:
            total = sum(held.gallery.memory() for held in self._held.values())
            for held in sorted(self._held.values(), key=lambda each: each.used):
                if total <= self._holding.memory:
                    return
                if held is not wanted:
                    total -= held.gallery.memory()
                    del self._held[held.collection, held.kind.name]

    def _gone(self, collection: Collection) -> ResourceNotFoundError:
        self.forget(collection)
        return ResourceNotFoundError.collection(collection.name)


def _take_in(held: _Held, changes: Changes) -> None:
    if len(changes.added):
        held.gallery.add(changes.added, np.ascontiguousarray(changes.embeddings))
    held.gallery.remove(changes.removed)
    held.revision = changes.revision
    held.changed += len(changes.added) + len(changes.removed)
