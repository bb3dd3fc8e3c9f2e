"""Keeps the groups of one collection's unknown faces current: reads what changed in the store, and compares that.

It works in steps, and only while somebody asks for the groups. What it has compared stays compared, so that after a
change only new faces are. The groups follow from the store alone: every worker and every server has the same ones.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from mien.gallery.base import Embeddings, Keys
from mien.people.grouping import Verdicts
from mien.people.suggestions import Suggestions
from mien.store.base import CollectionGoneError, Point, StoreUnavailableError
from mien.store.open import Store
from mien.store.tables.unknown import NOWHERE, Sources

MOST_FACES = 200_000  # of a collection that are grouped at the same time, the oldest
STEP = 1024  # faces that are read and compared at a time
MOST_USERS = 20_000  # that suggestions are made for
LEAST = 80.0  # similarity of a suggestion
MOST_SUGGESTIONS = 20_000  # of groups, and of users


class Grouper(Protocol):
    """Groups faces (see `people.grouping.Grouping`)."""

    def add(self, keys: Keys, embeddings: Embeddings, photographs: Keys) -> None:
        """Adds faces."""

    def remove(self, keys: Keys) -> None:
        """Removes faces."""

    def groups(self, verdicts: Verdicts) -> tuple[Keys, Keys]:
        """Returns all keys, ascending, and the group of each."""

    def suggestions(self, labels: Keys, users: Embeddings, least: float, most: int) -> Suggestions:
        """Returns which groups may be which users, and which users may be one person."""

    def close(self) -> None:
        """Forgets all faces."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """Suggestions, and the keys of the users that they speak of by place; 0 for one that has changed meanwhile."""

    found: Suggestions
    users: Keys


class Groups:
    """The groups of a collection's unknown faces at a point of its history, the largest first.

    Args:
        point: the point.
        sources: the faces, and where they come from.
        labels: int64 (N,), the oldest face of each one's group.
        suggested: suggestions, if they were asked for.

    Attributes:
        labels: int64 (G,), the oldest face of each group.
        sizes: int64 (G,).
    """

    def __init__(self, point: Point, sources: Sources, labels: Keys, suggested: Suggested | None) -> None:
        self.point, self.suggested = point, suggested
        found, numbers, sizes = np.unique(labels, return_inverse=True, return_counts=True)
        order = np.lexsort((found, -sizes))
        place = np.argsort(order)
        self.labels, self.sizes = found[order], sizes[order]
        self._starts = np.concatenate([[0], np.cumsum(self.sizes)])
        self._sources = sources[np.lexsort((sources.keys, place[numbers]))]
        self._of = np.repeat(np.arange(len(found)), self.sizes)

    def faces(self, group: int) -> Keys:
        """Returns the faces of a group by its place, int64 (F,), the oldest first."""
        return self._sources.keys[self._rows(group)]

    def photographs(self, group: int) -> int:
        """Returns in how many images a group's faces are."""
        return len(np.unique(self._sources.images[self._rows(group)]))

    def photographs_of(self, group: int) -> frozenset[int]:
        """Returns the photographs that a group's faces are in (see `Sources`)."""
        return frozenset(self._sources.photographs[self._rows(group)].tolist())

    def place(self, face: int) -> int | None:
        """Returns the place of the group that has a face."""
        row = int(np.searchsorted(self._sorted[0], face))
        if row == len(self._of) or self._sorted[0][row] != face:
            return None
        return int(self._sorted[1][row])

    @cached_property
    def _sorted(self) -> tuple[Keys, Keys]:
        order = np.argsort(self._sources.keys)
        return self._sources.keys[order], self._of[order]

    def _rows(self, group: int) -> slice:
        return slice(self._starts[group], self._starts[group + 1])


@dataclass
class GroupedFaces:
    """The groups of a collection, and how far they are; `step` is called by one thread at a time.

    Attributes:
        collection: the collection's key.
        groups: the latest groups, which may be of an earlier point.
        done: faces that were compared.
        total: faces that are to be.
        is_asked: whether somebody asked for the groups since they were last those of the present point.
        wants_suggestions: whether somebody asked for suggestions, and has none yet.
    """

    collection: int
    store: Store
    make: Callable[[], Grouper]
    verdicts: Callable[[int], Verdicts]
    groups: Groups | None = None
    done: int = 0
    total: int = 0
    is_asked: bool = False
    wants_suggestions: bool = False
    _grouper: Grouper | None = None
    _held: Sources = NOWHERE  # the faces that the grouper has
    _seen: Point | None = None
    _work: Iterator[None] = field(default_factory=lambda: iter(()))

    def is_at(self, point: Point) -> bool:
        """Returns whether the groups are those at a point, with suggestions if these are wanted."""
        if self.groups is None or self.groups.point != point:
            return False
        return self.groups.suggested is not None or not self.wants_suggestions

    def step(self) -> bool:
        """Does some of the work; returns whether the groups are those at the collection's present point.

        Raises:
            CollectionGoneError: the collection was deleted.
            HistoryForkedError: the store was put back; all begins again.
        """
        try:
            for _ in self._work:
                return False
            point = self.store.faces.point(self.collection, self._seen)
            if point is None:
                raise CollectionGoneError
            if self.is_at(point):
                self.is_asked = False
                return True
            self._work = self._pass(point)
            next(self._work, None)
        except StoreUnavailableError:
            self._work = iter(())
            raise
        except Exception:
            self.close()
            raise
        return False

    def close(self) -> None:
        """Forgets all."""
        grouper, self._grouper = self._grouper, None
        self.groups, self._seen, self._work, self.done, self.total = None, None, iter(()), 0, 0
        self._held = NOWHERE
        if grouper:
            grouper.close()

    def _pass(self, point: Point) -> Iterator[None]:
        """Brings the groups to a point or beyond, in steps."""
        self._seen = point
        grouper = self._grouper = self._grouper or self.make()
        keys = self.store.unknown.keys(self.collection, MOST_FACES)
        gone, fresh = np.setdiff1d(self._held.keys, keys), np.setdiff1d(keys, self._held.keys)
        if len(gone):
            grouper.remove(gone)
            self._held = self._held[~np.isin(self._held.keys, gone)]
        self.total, self.done = len(keys), len(self._held.keys)
        for start in range(0, len(fresh), STEP):
            self._add(grouper, fresh[start : start + STEP], point)
            self.done = len(self._held.keys)
            yield
        with_suggestions = self.wants_suggestions
        _, labels = grouper.groups(self.verdicts(self.collection))
        yield
        suggested = self._suggested(grouper, labels) if with_suggestions else None
        sources = self._held[np.argsort(self._held.keys)]  # as the keys and their labels are
        self.done = len(labels)
        self.wants_suggestions &= not with_suggestions
        self.groups = Groups(point, sources, labels, suggested)

    def _add(self, grouper: Grouper, keys: Keys, point: Point) -> None:
        """Reads some faces and compares them; those that are gone or damaged are left out."""
        sources = self.store.unknown.sources(keys)
        found, embeddings = self.store.faces.embeddings(sources.keys, self.collection, point)
        if not len(found):
            return
        places = {key: row for row, key in enumerate(sources.keys.tolist())}
        added = sources[np.array([places[key] for key in found.tolist()], np.int64)]
        grouper.add(found, embeddings, added.photographs)
        self._held = self._held.joined(added)

    def _suggested(self, grouper: Grouper, labels: Keys) -> Suggested:
        users = self.store.users.changes(self.collection, 0, MOST_USERS)
        vectors = users.embeddings if len(users.added) else np.empty((0, 1), np.float32)
        found = grouper.suggestions(labels, vectors, LEAST, MOST_SUGGESTIONS)
        return Suggested(found, self.store.unknown.owners(users.added))
