"""ListGroups, ListGroupFaces, HideGroup and ShowGroup: the faces that belong to no user, grouped by person.

A group's id is the FaceId of its oldest face, and any of its faces names it too. Groups are made in the background; an
answer says how far they are.
"""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mien.errors import ResourceNotFoundError
from mien.gallery.base import Keys
from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.paging import Page
from mien.operations.present import stored_face
from mien.operations.shapes import EmptyResponse, FaceId, FaceShape, MaxUserResults, PageSize, PaginationToken, Shape
from mien.serving.grouped_faces import Groups
from mien.serving.groupings import Progress
from mien.store.base import Collection, CollectionGoneError, StoredFace

SHOWN = 12  # faces of a group in a listing
GROUPS_PAGE = 100
FACES_PAGE = 4096


class ListGroupsRequest(CollectionRequest):
    """The request of ListGroups."""

    max_results: MaxUserResults | None = None
    next_token: PaginationToken | None = None
    hidden: bool | None = None


class ProgressShape(Shape):
    """How many faces were compared, of how many, and whether the groups are those of all faces as they are now."""

    done: int
    total: int
    current: bool


class GroupShape(Shape):
    """A group: its oldest faces, and how many faces and photographs it has."""

    group_id: str
    face_count: int
    photographs: int
    face_ids: list[str]


class ListGroupsResponse(Shape):
    """The response of ListGroups."""

    progress: ProgressShape
    groups: list[GroupShape]
    next_token: str | None = None


class GroupRequest(CollectionRequest):
    """A request about one group; all that HideGroup and ShowGroup take."""

    group_id: FaceId = REQUIRED


class ListGroupFacesRequest(GroupRequest):
    """The request of ListGroupFaces."""

    max_results: PageSize | None = None
    next_token: PaginationToken | None = None


class ListGroupFacesResponse(Shape):
    """The response of ListGroupFaces."""

    group_id: str
    faces: list[FaceShape]
    face_model_version: str
    progress: ProgressShape
    next_token: str | None = None


def list_groups(context: Context, caller: Caller, request: ListGroupsRequest) -> ListGroupsResponse:
    """Lists groups, the largest first and among equals the oldest; hidden ones only if these are asked for."""
    collection = context.comparable(caller, request.collection_id)
    return context.in_one_history(caller, collection, partial(_groups, context, request))


def _groups(context: Context, request: ListGroupsRequest, collection: Collection) -> ListGroupsResponse:
    page = Page(
        context.store.seals, request.next_token, request.max_results, GROUPS_PAGE, "ListGroups", str(collection.key),
        str(bool(request.hidden)), within=context.listed(collection),
    )  # fmt: skip
    groups, progress = found_groups(context, collection)
    places: list[int] = []
    if groups:
        hidden = context.store.hiding.faces(collection.key)
        wanted = np.flatnonzero(np.isin(groups.labels, hidden) == bool(request.hidden))
        places = wanted[_after(groups, wanted, page.after)][: page.limit + 1].tolist()
    shown, token = page.cut(places, lambda place: f"{groups.sizes[place]} {groups.labels[place]}" if groups else "")
    listed = shaped(context, collection, groups, shown) if groups else []
    return ListGroupsResponse(progress=progressed(progress), groups=listed, next_token=token)


def list_group_faces(context: Context, caller: Caller, request: ListGroupFacesRequest) -> ListGroupFacesResponse:
    """Lists the faces of a group, the oldest first."""
    collection = context.comparable(caller, request.collection_id)
    return context.in_one_history(caller, collection, partial(_faces, context, request))


def _faces(context: Context, request: ListGroupFacesRequest, collection: Collection) -> ListGroupFacesResponse:
    page = Page(
        context.store.seals, request.next_token, request.max_results, FACES_PAGE, "ListGroupFaces", str(collection.key),
        request.group_id, within=context.listed(collection),
    )  # fmt: skip
    keys, progress = _members(context, collection, request.group_id)
    after = int(page.after or 0)
    shown, token = page.cut(keys[keys > after][: page.limit + 1].tolist(), str)
    faces = context.store.faces.by_keys(collection.key, [int(keys[0]), *shown], collection.point)
    listed = [faces[key] for key in shown if key in faces and faces[key].user is None]
    version = collection.model_version
    return ListGroupFacesResponse(
        group_id=str(faces[int(keys[0])].face_id) if int(keys[0]) in faces else request.group_id,
        faces=[stored_face(face, version) for face in listed],
        face_model_version=version,
        progress=progressed(progress),
        next_token=token,
    )


def hide_group(context: Context, caller: Caller, request: GroupRequest) -> EmptyResponse:
    """Hides the faces of a group: ListGroups and ListSuggestions leave it out, also when faces are added to it."""
    return _change(context, caller, request, context.store.hiding.hide)


def show_group(context: Context, caller: Caller, request: GroupRequest) -> EmptyResponse:
    """Shows a hidden group again."""
    return _change(context, caller, request, context.store.hiding.show)


def _change(
    context: Context, caller: Caller, request: GroupRequest, work: Callable[[int, Sequence[int]], None]
) -> EmptyResponse:
    """Hides or shows the faces of a group."""

    def change(collection: Collection) -> EmptyResponse:
        keys, _ = _members(context, collection, request.group_id)
        try:
            with context.request.writing(collection.key):
                work(collection.key, keys.tolist())
        except CollectionGoneError:
            raise ResourceNotFoundError.collection(collection.name) from None
        return EmptyResponse()

    return context.in_one_history(caller, context.comparable(caller, request.collection_id), change)


def found_groups(context: Context, collection: Collection, suggestions: bool = False) -> tuple[Groups | None, Progress]:
    """Returns the groups of a collection as far as they are (see `Groupings.of`)."""
    with context.request.stage("groups"):
        return context.groupings.of(collection, suggestions)


def progressed(progress: Progress) -> ProgressShape:
    """Returns progress in the API's shape."""
    return ProgressShape(done=progress.done, total=progress.total, current=progress.is_current)


def shaped(context: Context, collection: Collection, groups: Groups, places: Sequence[int]) -> list[GroupShape]:
    """Returns groups by their places in the API's shape, without those whose shown faces were named or deleted."""
    shown = {place: groups.faces(place)[:SHOWN].tolist() for place in places}
    wanted = [key for keys in shown.values() for key in keys]
    faces = context.store.faces.by_keys(collection.key, wanted, groups.point)
    made = []
    for place, keys in shown.items():
        there = [faces[key] for key in keys if key in faces and faces[key].user is None]
        if there:
            gone = len(keys) - len(there)
            ids = [str(face.face_id) for face in there]
            made.append(GroupShape(ids[0], int(groups.sizes[place]) - gone, groups.photographs(place), ids))
    return made


def _after(groups: Groups, places: Keys, after: str | None) -> NDArray[np.bool_]:
    """Returns which of the places come after the one that a page token names by its size and its oldest face."""
    if after is None:
        return np.ones(len(places), np.bool_)
    size, label = map(int, after.split())
    sizes, labels = groups.sizes[places], groups.labels[places]
    return np.asarray((sizes < size) | ((sizes == size) & (labels > label)), np.bool_)


def _members(context: Context, collection: Collection, group_id: str) -> tuple[Keys, Progress]:
    """Returns the faces of the group that has a face, int64 (F,), the oldest first; of one not grouped yet, itself.

    Raises:
        ResourceNotFoundError: the collection has no such face, or it belongs to a user.
    """
    face = _unknown(context, collection, group_id)
    groups, progress = found_groups(context, collection)
    place = groups.place(face.key) if groups else None
    keys = groups.faces(place) if groups and place is not None else np.array([face.key], np.int64)
    return keys, progress


def _unknown(context: Context, collection: Collection, group_id: str) -> StoredFace:
    found = context.store.faces.find(collection.key, [UUID(group_id)])
    if not found or found[0].user is not None:
        raise ResourceNotFoundError(f"The group id: {group_id} does not exist; it may have been named meanwhile.")
    return found[0]


OPERATIONS: Operations = {
    "ListGroups": Operation(ListGroupsRequest, list_groups, reads=True),
    "ListGroupFaces": Operation(ListGroupFacesRequest, list_group_faces, reads=True),
    "HideGroup": Operation(GroupRequest, hide_group),
    "ShowGroup": Operation(GroupRequest, show_group),
}
