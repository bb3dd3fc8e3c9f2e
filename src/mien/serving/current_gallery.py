"""Keeps one collection's gallery current: begins it with a snapshot, follows the store, and writes snapshots of it.

Where processes share snapshots, one of them builds a gallery that is far behind, and the others wait for what it
writes. From then on each follows by itself, and begins again with every newer snapshot that one of them writes, since
what the snapshot holds is shared between them and what they followed since is not.
"""

import logging
import threading
import time
from concurrent.futures import Executor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from mien.gallery import GrowingGallery, Scanners, segment_file
from mien.gallery.growing import CROSSOVER
from mien.gallery.segment_file import IN_MEMORY, Placement
from mien.gallery.snapshot import Moment
from mien.serving.following import Followed, Kind
from mien.serving.snapshot_folder import SnapshotFolder
from mien.serving.snapshot_names import LocalNames
from mien.store.base import CollectionGoneError, HistoryForkedError, HistoryGoneError, Point
from mien.store.open import Store

WORTH = 50_000  # changes after which a snapshot is written while the server runs
SHARE = 4  # and the part of a gallery that may have changed, if a snapshot is how memory comes to be shared
WORTH_AT_END = 1_000  # and when it stops; fewer are quickly read from the store
MOST_AT_END = 8  # segments written when it stops, 60 MB each, so that stopping takes seconds
CATCH_UP = 20_000  # embeddings that a gallery adds at a time; larger batches take fresh memory each time
FAR = 5_000  # changes beyond which one process at a time follows, where they share snapshots
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
        placement: where the arrays of the snapshots lie.
        local: whether the folder says which snapshots are valid, and not the store, which other machines use as well.
        crossover: the most embeddings that are searched exactly.
        worth: changes after which a snapshot is written while the server runs.
        worth_at_end: changes after which one is written when the server stops.
        cores: that scans may use; empty for those of the process.
    """

    dimension: int
    threads: int
    memory: int = 0
    folder: Path | None = None
    placement: Placement = IN_MEMORY
    local: bool = False
    crossover: int = CROSSOVER
    worth: int = WORTH
    worth_at_end: int = WORTH_AT_END
    cores: frozenset[int] = frozenset()

    def snapshots(self, store: Store) -> SnapshotFolder | None:
        """Returns the folder of the snapshots, if they are kept."""
        if self.folder is None:
            return None
        names = LocalNames(self.folder) if self.local else store.snapshots
        return SnapshotFolder(self.folder, names, self.placement, self.threads)


@dataclass(frozen=True, slots=True)
class Means:
    """What all galleries of a process are built with.

    Attributes:
        settings: the settings.
        store: the store that they follow.
        snapshots: their snapshots, if there are any.
        scanners: the threads that scan.
        fetchers: the threads that read ahead in the store.
    """

    settings: GallerySettings
    store: Store
    snapshots: SnapshotFolder | None
    scanners: Scanners
    fetchers: Executor


class CurrentGallery:
    """The gallery of one collection; it is replaced when it has to begin again.

    Attributes:
        now: the gallery.
        snapshot: the name of the snapshot that it began with or was written to last.
        used: when it was last searched, as a number that rises.
        forked: how often it began again because the store was put back.
    """

    def __init__(self, collection: int, kind: Kind, means: Means) -> None:
        self._collection, self._kind, self._means = collection, kind, means
        self._settings = means.settings
        self._following = threading.RLock()
        self.snapshot: str | None = None
        self.now = self._new()
        self.used = self.forked = 0

    def follow(self, point: Point) -> Followed:
        """Brings the gallery to a point, or beyond, and returns it.

        Raises:
            CollectionGoneError: the collection no longer exists.
            HistoryGoneError, HistoryForkedError: it could not follow, and has begun again, empty.
        """
        with self._following:
            if self.now.began is None:
                self._begin(point)
            try:
                if not self.now.is_at(point):
                    self._approach(point)
            except (HistoryGoneError, HistoryForkedError) as error:
                revision, self.now = self.now.revision, self._new()
                self.now.begin(point)
                if isinstance(error, HistoryForkedError) and revision:
                    self.forked += 1
                    facts = {"facts": {"kind": self._kind.name}}
                    log.warning("the store was put back to an earlier state; a gallery is built from it", extra=facts)
                raise
            return self.now

    def write(self, ending: bool = False) -> None:
        """Writes a snapshot if enough has changed and no other process writes one.

        Raises:
            OSError: it cannot be written.
        """
        snapshots = self._means.snapshots
        if snapshots is None or self.now.changed < self._worth(ending):
            return
        with ExitStack() as until:
            with self._following:  # before the snapshot's lock, as in `_build`
                is_mine = until.enter_context(snapshots.alone(self._collection, self._kind.name))
                if not is_mine or (self._is_shared and not self._has_newest(snapshots)):
                    return
                followed, moment, changed = self.now, self.now.moment(), self.now.changed
                if moment is None or (ending and sum(each.file is None for each in moment.segments) > MOST_AT_END):
                    return
                followed.changed = 0
            self._save(snapshots, followed, moment, changed)
        if not ending:
            self.take_over()

    def take_over(self) -> None:
        """Begins again with a newer snapshot, if another process has written one."""
        if not (snapshots := self._means.snapshots) or not self._is_shared or self.now.began is None:
            return
        known, held = self.snapshot, self.now.gallery.segments()
        name, moment = snapshots.newest(self._collection, self._kind.name, known, held)
        if name == known or name is None:
            return
        followed = self._new()
        if moment:
            followed.resume(moment)
        with self._following:
            if self.snapshot != known:
                return  # it has begun again meanwhile
            self.snapshot = name
            if moment is None or not (point := self._means.store.faces.point(self._collection)):
                return
            try:
                self._catch_up(followed, point)
            except (HistoryGoneError, HistoryForkedError, CollectionGoneError):
                return  # the next search finds out
            self.now = followed

    @property
    def _is_shared(self) -> bool:
        return self._settings.placement.shared

    def _new(self) -> Followed:
        dimension, crossover, scanners = self._settings.dimension, self._settings.crossover, self._means.scanners
        make = lambda read: GrowingGallery(dimension, read, scanners, crossover)  # noqa: E731
        return Followed(self._collection, self._kind, make)

    def _begin(self, point: Point) -> None:
        """Begins with the snapshot if there is a valid one, and empty otherwise."""
        self.now.begin(point)
        if self._means.snapshots:
            self.snapshot, moment = self._means.snapshots.newest(self._collection, self._kind.name)
            if moment:
                self.now.resume(moment)

    def _approach(self, point: Point) -> None:
        """Brings the gallery to a point; one that is far behind in one process at a time, where they share it."""
        if self._is_shared:
            changes = self.now.next(FAR)
            self.now.apply(changes)
            if changes.revision < point.revision:
                self._build(point)
        else:
            self._catch_up(self.now, point)

    def _catch_up(self, followed: Followed, point: Point) -> None:
        """Applies the changes up to a point."""
        said = time.monotonic()
        for changes in followed.pending(point.revision, self._means.fetchers, CATCH_UP):
            followed.apply(changes)
            if time.monotonic() - said > SAY:
                said = time.monotonic()
                facts = {"kind": self._kind.name, "held": len(followed)}
                log.info("gallery is being built", extra={"facts": facts})

    def _build(self, point: Point) -> None:
        """Brings a gallery that is far behind to a point, in one process at a time, and shares it with the others."""
        snapshots = self._means.snapshots
        if snapshots is None:
            self._catch_up(self.now, point)
            return
        with snapshots.alone(self._collection, self._kind.name, wait=True):
            self.take_over()
            self._catch_up(self.now, point)
            moment: Moment | None = None
            for _ in range(TRIES):
                if self.now.changed < self._worth() or (moment := self.now.moment()):
                    break
                if (now := self._means.store.faces.point(self._collection, self.now.seen)) is None:
                    raise CollectionGoneError
                self._catch_up(self.now, now)
            if moment:
                changed, self.now.changed = self.now.changed, 0
                with suppress(OSError):  # tried again in the background, which logs it
                    self._save(snapshots, self.now, moment, changed)
        self.take_over()

    def _worth(self, ending: bool = False) -> int:
        """Returns the changes after which a snapshot is written."""
        if ending:
            return self._settings.worth_at_end
        few = max(self._settings.worth_at_end, len(self.now) // SHARE)
        return min(self._settings.worth, few) if self._is_shared else self._settings.worth

    def _has_newest(self, snapshots: SnapshotFolder) -> bool:
        """Returns whether no other process has written a snapshot since; its files may not be those of this one."""
        return snapshots.names.find(self._collection, self._kind.name) == self.snapshot

    def _save(self, snapshots: SnapshotFolder, followed: Followed, moment: Moment, changed: int) -> None:
        """Writes a snapshot. Its segments have files from then on; where they are shared, `take_over` maps these."""
        try:
            written = snapshots.write(self._collection, self._kind.name, moment)
        except BaseException:
            followed.changed += changed
            raise
        if written and not self._is_shared:
            self.snapshot, segments = written
            pages = self._settings.placement.paged
            kept = [segment_file.paged(each) if pages and each is not segments[-1] else each for each in segments]
            followed.gallery.keep(list(zip(moment.segments, kept, strict=True)))
