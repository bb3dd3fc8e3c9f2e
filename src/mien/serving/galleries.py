"""The galleries that searches look into, each brought up to date with the store before it is looked into.

A gallery is made when its collection is first searched, from its snapshot if there is a good one and from the store if
not. It is let go of when memory is wanted for others, least recently used first, and made again when next searched.
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

WORTH = 50_000  # changes that are worth writing a snapshot for while the server runs
WORTH_AT_END = 1_000  # and when it stops; fewer are read from the store in no time
MOST_AT_END = 8  # segments written when it stops, 40 MB each: who stops a server does not want to wait
FETCHERS = 4  # galleries that read ahead in the store at the same time
TRIES = 5  # times that a gallery begins again for one search, while the store is being put back
SAY = 5.0  # seconds between lines about a gallery that takes long to make

log = logging.getLogger("mien")


@dataclass(frozen=True, slots=True)
class GallerySettings:
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


@dataclass(slots=True, eq=False)
class _Held:
    """A place for a gallery of one collection; the gallery in it is replaced when it has to begin again.

    Attributes:
        collection: the collection's key.
        kind: what is held.
        now: the gallery.
        used: when it was last searched, as a number that rises.
        following: held by the thread that changes it.
    """

    collection: int
    kind: Kind
    now: Followed
    used: int = 0
    following: threading.Lock = field(default_factory=threading.Lock)


class Galleries:
    """The galleries of this process: two for each collection searched, of faces and of users.

    Each is brought up to date with the store before a search, so an answer has everything acknowledged before it.

    Attributes:
        forked: how many galleries began again because the store was put back.
    """

    def __init__(self, store: Store, holding: GallerySettings) -> None:
        self._store = store
        self._settings = holding
        self._scanners = Scanners(holding.threads)
        self._faces = Kind("faces", store.faces.changes, store.faces.embeddings)
        self._users = Kind("users", store.users.changes, store.users.vectors)
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")
        self._held: dict[tuple[int, str], _Held] = {}
        self._adding = threading.Lock()
        self._uses = count(1)
        self.forked = 0

    def faces(self, collection: Collection) -> Followed:
        """The collection's faces under their keys.

        Raises:
            ResourceNotFoundError: the collection was deleted meanwhile.
            HistoryForkedError: the store was put back meanwhile; the collection must be looked up again.
        """
        return self._current(collection, self._faces)

    def users(self, collection: Collection) -> Followed:
        """The vectors of the collection's users under the vectors' keys.

        Raises:
            ResourceNotFoundError, HistoryForkedError: as `faces`.
        """
        return self._current(collection, self._users)

    def forget(self, collection: Collection) -> None:
        """Let go of a deleted collection's galleries and their snapshots."""
        with self._adding:
            for kind in (self._faces, self._users):
                self._held.pop((collection.key, kind.name), None)
        if self._settings.folder:
            shutil.rmtree(self._settings.folder / str(collection.key), ignore_errors=True)

    def memory(self) -> int:
        """How many bytes of memory the galleries take."""
        with self._adding:
            return sum(held.now.gallery.memory() for held in self._held.values())

    def resume(self) -> None:
        """Read all snapshots there is memory for, and drop the files of those that are no longer named."""
        folder, named = self._settings.folder, self._store.snapshots.all()
        if folder:
            kept = {folder / str(collection) / kind: name for (collection, kind), name in named.items()}
            snapshot.drop_others(folder, kept)
        for collection, name in named if folder else ():
            if self._settings.memory and self.memory() > self._settings.memory:
                return
            try:
                gallery = self._caught_up(collection, self._faces if name == self._faces.name else self._users)
            except (CollectionGoneError, HistoryForkedError):
                continue
            nobody = np.zeros(self._settings.dimension, np.float32)
            gallery.search(nobody, 1, 1.0)  # so that what has to be compiled is, before somebody waits for it

    def keep(self, ending: bool = False) -> None:
        """Write snapshots of the galleries that have changed enough to be worth it. Called by one thread at a time.

        Raises:
            OSError: one cannot be written.
        """
        with self._adding:
            all_held = list(self._held.values()) if self._settings.folder else []
        for held in all_held:
            if held.now.changed >= (self._settings.worth_at_end if ending else self._settings.worth):
                with held.following:
                    followed = held.now
                    moment = followed.moment()
                    changed, followed.changed = followed.changed, 0
                if moment and not (ending and sum(each.file is None for each in moment.segments) > MOST_AT_END):
                    try:
                        self._write(held, followed, moment)
                    except BaseException:
                        followed.changed += changed
                        raise

    def _write(self, held: _Held, followed: Followed, moment: snapshot.Moment) -> None:
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
        mapped = self._settings.mapped
        kept = [snapshot.mapped(each) if mapped and each is not segments[-1] else each for each in segments]
        followed.gallery.keep(list(zip(moment.segments, kept, strict=True)))

    def _folder(self, held: _Held) -> Path:
        return (self._settings.folder or Path()) / str(held.collection) / held.kind.name

    def _current(self, collection: Collection, kind: Kind) -> Followed:
        try:
            return self._caught_up(collection.key, kind, collection.point)
        except CollectionGoneError:
            self.forget(collection)
            raise ResourceNotFoundError.collection(collection.name) from None

    def _caught_up(self, collection: int, kind: Kind, seen: Point | None = None) -> Followed:
        """The gallery with all that the collection holds now; `seen` is where the caller saw the collection.

        Raises:
            CollectionGoneError: the collection no longer exists.
            HistoryForkedError: the store is on another history than the caller.
        """
        for _ in range(TRIES):
            point = self._store.faces.point(collection, seen)
            if point is None:
                raise CollectionGoneError
            held = self._hold(collection, kind)
            try:
                return self._follow(held, point)
            except (HistoryGoneError, HistoryForkedError):
                continue  # the gallery has begun again
        raise HistoryForkedError

    def _hold(self, collection: int, kind: Kind) -> _Held:
        with self._adding:
            if (collection, kind.name) not in self._held:
                self._held[collection, kind.name] = _Held(collection, kind, self._new(collection, kind))
            held = self._held[collection, kind.name]
            held.used = next(self._uses)
            return held

    def _new(self, collection: int, kind: Kind) -> Followed:
        dimension, scanners, crossover = self._settings.dimension, self._scanners, self._settings.crossover
        return Followed(collection, kind, lambda read: GrowingGallery(dimension, read, scanners, crossover))

    def _follow(self, held: _Held, point: Point) -> Followed:
        """Bring a gallery to a point, or beyond.

        Raises:
            CollectionGoneError: the collection no longer exists.
            HistoryGoneError, HistoryForkedError: it could not follow, and has begun again from nothing.
        """
        with held.following:
            followed = held.now
            if followed.began is None:
                self._begin(held, point)
            try:
                if not followed.is_at(point):
                    self._take_in(followed, point)
            except (HistoryGoneError, HistoryForkedError) as error:
                held.now = self._new(held.collection, held.kind)
                held.now.begin(point)
                if isinstance(error, HistoryForkedError) and followed.revision:
                    self.forked += 1
                    facts = {"facts": {"kind": held.kind.name}}
                    log.warning("the store was put back to an earlier state; a gallery is made from it", extra=facts)
                raise
        if self._settings.memory:
            self._make_room(held)
        return followed

    def _take_in(self, followed: Followed, point: Point) -> None:
        said = time.monotonic()
        for changes in followed.coming(point.revision, self._fetchers):
            followed.take_in(changes)
            if time.monotonic() - said > SAY:
                said = time.monotonic()
                facts = {"kind": followed.kind.name, "held": len(followed)}
                log.info("gallery is being made", extra={"facts": facts})

    def _begin(self, held: _Held, point: Point) -> None:
        """Take the snapshot, if there is a good one, or begin from nothing."""
        held.now.begin(point)
        name = self._store.snapshots.find(held.collection, held.kind.name) if self._settings.folder else None
        if name is None:
            return
        try:
            moment = snapshot.load(self._folder(held), name, self._settings.mapped, self._scanners.threads)
        except snapshot.DamagedError:
            facts = {"facts": {"kind": held.kind.name}}
            log.warning("snapshot is missing, damaged or old; the gallery is made from the store", extra=facts)
            snapshot.prune(self._folder(held), None)
            return
        held.now.resume(moment)
        snapshot.prune(self._folder(held), name)

    def _make_room(self, wanted: _Held) -> None:
        """Let go of galleries that were not used for longest until the rest fit."""
        with self._adding:
            total = sum(held.now.gallery.memory() for held in self._held.values())
            for held in sorted(self._held.values(), key=lambda each: each.used):
                if total <= self._settings.memory:
                    return
                if held is not wanted:
                    total -= held.now.gallery.memory()
                    del self._held[held.collection, held.kind.name]
