"""Holds the groups of unknown faces of the collections that somebody looks at, and works on them in the background."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import ResourceNotFoundError
from mien.people.grouping import Verdicts
from mien.serving.grouped_faces import GroupedFaces, Grouper, Groups
from mien.serving.grouping_process import GroupingLostError, GroupingProcess
from mien.store.base import Collection, CollectionGoneError, HistoryForkedError
from mien.store.open import Store
from mien.store.tables.judgements import Side
from mien.system.background import Background

PATIENCE = 1.0  # seconds that a request waits for the groups, before it answers with what there is
KEEP = 600.0  # seconds that groups are kept after somebody last looked at them
RETRY = 5.0  # seconds until work that failed is tried again
MOST = 4  # collections whose groups are kept


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the groups are: faces that were compared, of how many, and whether they are those of now."""

    done: int
    total: int
    is_current: bool


class Groupings:
    """The groups of this process. A server works on them in a process beside it; without one the caller does.

    Args:
        store: the store.
        make: makes a grouping, given its number.
        process: where the groupings are, in a server.
    """

    def __init__(self, store: Store, make: Callable[[int], Grouper], process: GroupingProcess | None = None) -> None:
        self._store, self._make, self._process = store, make, process
        self._changed = threading.Condition()
        self._entries: dict[int, GroupedFaces] = {}
        self._used: dict[int, float] = {}
        self._leaving: list[GroupedFaces] = []
        self._working = threading.Lock()
        nothing = lambda: None  # noqa: E731
        end, rest = (process.end, process.rest) if process else (nothing, nothing)
        self.work = Background("groups", self._turn, pause=math.inf, retry=RETRY, interrupt=end, last=rest)

    def of(self, collection: Collection, suggestions: bool = False) -> tuple[Groups | None, Progress]:
        """Returns the groups of a collection's unknown faces, None before there are any, and how far they are.

        Args:
            collection: the collection.
            suggestions: whether to make suggestions, too.

        Raises:
            ResourceNotFoundError: the collection was deleted meanwhile.
            HistoryForkedError: the store was put back meanwhile; the collection must be looked up again.
        """
        entry = self._entry(collection.key)
        before = entry.groups
        try:
            point = self._store.faces.point(collection.key, before.point if before else None)
        except HistoryForkedError:
            self.discard(collection.key)
            raise
        if point is None:
            self.discard(collection.key)
            raise ResourceNotFoundError.collection(collection.name)

        def is_served() -> bool:
            groups = entry.groups
            if groups is None or (suggestions and groups.suggested is None):
                return False
            return groups.point == point or (groups is not before and groups.point.revision > point.revision)

        if not is_served():
            entry.wants_suggestions |= suggestions
            entry.is_asked = True
            if self._process is None:
                self._finish(entry, collection)
            else:
                self.work.wake()
                with self._changed:
                    self._changed.wait_for(is_served, PATIENCE)
        return entry.groups, Progress(entry.done, entry.total, is_served())

    def discard(self, collection: int) -> None:
        """Forgets the groups of a collection; what they hold is freed by the next work."""
        with self._changed:
            if entry := self._entries.pop(collection, None):
                self._leaving.append(entry)
            self._used.pop(collection, None)
        self.work.wake()

    def _entry(self, collection: int) -> GroupedFaces:
        with self._changed:
            if collection not in self._entries:
                self._entries[collection] = GroupedFaces(
                    collection, self._store, lambda: self._make(collection), self._verdicts
                )
            self._used[collection] = time.monotonic()
            return self._entries[collection]

    def _finish(self, entry: GroupedFaces, collection: Collection) -> None:
        """Does all the work in the thread of the caller."""
        with self._working:
            self._drop_unused()
            try:
                while not entry.step():
                    pass
            except CollectionGoneError:
                raise ResourceNotFoundError.collection(collection.name) from None

    def _turn(self) -> float:
        """Does a step for the collection that was asked for last; returns the seconds to pause.

        It pauses for as long as the step had the interpreter, so that requests have it at least half of the time.
        """
        started = time.thread_time()
        self._drop_unused()
        with self._changed:
            asked = [each for each in self._entries.values() if each.is_asked]
        for entry in sorted(asked, key=lambda each: -self._used.get(each.collection, 0.0)):
            try:
                is_current = entry.step()
            except CollectionGoneError:
                self.discard(entry.collection)
                continue
            except HistoryForkedError:
                return 0.0  # it begins again
            except GroupingLostError:
                if self._process and self._process.has_ended:
                    return math.inf
                raise
            with self._changed:
                self._changed.notify_all()
            if not is_current:
                return time.thread_time() - started
        return KEEP / 10 if self._entries else math.inf

    def _drop_unused(self) -> None:
        now = time.monotonic()
        with self._changed:
            kept = sorted(self._used, key=self._used.__getitem__, reverse=True)
            unused = [each for place, each in enumerate(kept) if place >= MOST or now - self._used[each] > KEEP]
            leaving = self._leaving + [self._entries.pop(each) for each in unused]
            self._used = {each: self._used[each] for each in self._entries}
            self._leaving = []
        for entry in leaving:
            entry.close()
        if self._process and not self._entries:
            self._process.rest()

    def _verdicts(self, collection: int) -> Verdicts:
        """Returns what was said of faces that concerns groups; what was said of users does not."""
        given = self._store.verdicts.of(collection)
        same = [_keys(each.one) for each in given if each.kind == "SAME"]
        apart = [each for each in given if each.kind == "DIFFERENT" and each.one.faces and each.other.faces]
        return Verdicts(same, [(_keys(each.one), _keys(each.other)) for each in apart])


def _keys(side: Side) -> NDArray[np.int64]:
    return np.array(sorted(side.faces), np.int64)
