"""ListSuggestions: groups of unknown faces that may be a user, and users that may be one person, the likeliest first.

Nothing is suggested that somebody has judged, however groups have changed since: what was said of one face of a group
was said of the group. Nor are two that are in one photograph.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import islice
from typing import Annotated

import numpy as np

from mien.naming import shown
from mien.operations.collection import CollectionRequest
from mien.operations.constraints import Range
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.people.person_groups import ProgressShape, found_groups, progressed, shaped
from mien.operations.shapes import Shape, UserId, single
from mien.operations.user_changes import missing
from mien.serving.grouped_faces import Groups, Suggested
from mien.store.base import Collection
from mien.store.tables.judgements import Side
from mien.store.tables.users import User

MOST = 100  # suggestions of one answer
USUAL = 20
Party = tuple[str, int]  # "group" and its place, or "user" and its key


class ListSuggestionsRequest(CollectionRequest):
    """The request of ListSuggestions."""

    user_id: UserId | None = None
    max_results: Annotated[int, Range(1, MOST)] | None = None


class Suggestion(Shape):
    """A group of faces, or another user, that may be a user."""

    user_id: str
    display_name: str
    similarity: float
    group_id: str | None = None
    face_count: int | None = None
    face_ids: list[str] | None = None
    other_user_id: str | None = None
    other_display_name: str | None = None


class ListSuggestionsResponse(Shape):
    """The response of ListSuggestions."""

    progress: ProgressShape
    suggestions: list[Suggestion]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two that may be one person: a user by its key, and a group by its place or another user by its key."""

    similarity: float
    user: int
    other: Party


def list_suggestions(context: Context, caller: Caller, request: ListSuggestionsRequest) -> ListSuggestionsResponse:
    """Lists who may be one person, for one user or for all of a collection."""
    collection = context.comparable(caller, request.collection_id)
    return context.in_one_history(caller, collection, partial(_listed, context, request))


def _listed(context: Context, request: ListSuggestionsRequest, collection: Collection) -> ListSuggestionsResponse:
    wanted = None
    if request.user_id is not None:
        wanted = context.store.users.find(collection.key, request.user_id)
        if wanted is None:
            raise missing(request.user_id)
    groups, progress = found_groups(context, collection, suggestions=True)
    found: list[Suggestion] = []
    if groups and groups.suggested:
        open_ones = _open(context, collection, groups, groups.suggested, wanted.key if wanted else None)
        made = (each for pair in open_ones if (each := _made(context, collection, groups, pair)))
        found = list(islice(made, request.max_results or USUAL))
    return ListSuggestionsResponse(progress=progressed(progress), suggestions=found)


def _open(
    context: Context, collection: Collection, groups: Groups, suggested: Suggested, user: int | None
) -> Iterator[_Pair]:
    """Yields the pairs that nobody has judged and no photograph excludes, the most similar first."""
    hidden = set(np.flatnonzero(np.isin(groups.labels, context.store.hiding.faces(collection.key))).tolist())
    judged = _judged(context, collection, groups)
    photographs: dict[int, frozenset[int]] = {}

    def seen_in(party: Party) -> frozenset[int]:
        kind, key = party
        if kind == "group":
            return groups.photographs_of(key)
        if key not in photographs:
            photographs[key] = context.store.unknown.photographs_of(key)
        return photographs[key]

    for pair in merge(_groups(groups, suggested), _users(suggested), key=lambda each: -each.similarity):
        party = ("user", pair.user)
        concerns = user is None or user in (pair.user, pair.other[1] if pair.other[0] == "user" else None)
        if not concerns or (pair.other[0] == "group" and pair.other[1] in hidden):
            continue
        if frozenset((party, pair.other)) not in judged and not seen_in(party) & seen_in(pair.other):
            yield pair


def _groups(groups: Groups, suggested: Suggested) -> Iterator[_Pair]:
    """Yields pairs of a user and a group."""
    found = suggested.found.groups
    for label, place, similarity in zip(found.ones, found.others, found.similarities, strict=True):
        group, user = groups.place(int(label)), int(suggested.users[place])
        if group is not None and user:
            yield _Pair(float(similarity), user, ("group", group))


def _users(suggested: Suggested) -> Iterator[_Pair]:
    """Yields pairs of two users."""
    found = suggested.found.users
    for one, other, similarity in zip(found.ones, found.others, found.similarities, strict=True):
        first, second = int(suggested.users[one]), int(suggested.users[other])
        if first and second:
            yield _Pair(float(similarity), first, ("user", second))


def _judged(context: Context, collection: Collection, groups: Groups) -> set[frozenset[Party]]:
    """Returns the pairs of users and groups of which somebody said that they differ, or that nobody can tell."""
    given = [each for each in context.store.verdicts.of(collection.key) if each.kind != "SAME"]
    faces = {face for each in given for side in (each.one, each.other) for face in side.faces}
    ungrouped = [face for face in faces if groups.place(face) is None]
    owners = context.store.unknown.owners_of(ungrouped)

    def parties(side: Side) -> set[Party]:
        if side.user is not None:
            return {("user", side.user)}
        places = {place for face in side.faces if (place := groups.place(face)) is not None}
        return {("group", place) for place in places} | {
            ("user", owners[face]) for face in side.faces if face in owners
        }

    return {frozenset((one, other)) for each in given for one in parties(each.one) for other in parties(each.other)}


def _made(context: Context, collection: Collection, groups: Groups, pair: _Pair) -> Suggestion | None:
    """Returns a pair in the API's shape; None if one of the two is gone."""
    kind, key = pair.other
    users = context.store.unknown.users(collection.key, [pair.user, *([key] if kind == "user" else [])])
    user = users.get(pair.user)
    if user is None:
        return None
    found = Suggestion(user.name, _display(user), single(pair.similarity))
    if kind == "group":
        made = shaped(context, collection, groups, [key])
        if not made:
            return None
        found.group_id, found.face_count, found.face_ids = made[0].group_id, made[0].face_count, made[0].face_ids
    else:
        if key not in users:
            return None
        found.other_user_id, found.other_display_name = users[key].name, _display(users[key])
    return found


def _display(user: User) -> str:
    return user.display_name or shown(user.name)


OPERATIONS: Operations = {
    "ListSuggestions": Operation(ListSuggestionsRequest, list_suggestions, reads=True),
}
