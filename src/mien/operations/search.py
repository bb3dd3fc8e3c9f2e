"""SearchFaces, SearchFacesByImage, SearchUsers and SearchUsersByImage, which identify a face in a collection."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mien.errors import FaceNotFoundError, InvalidParameterError, NoFaceError
from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.image_faces import embed_largest, find_faces
from mien.operations.matching import matches, nearest
from mien.operations.present import bounding_box, confidence, face_detail, region
from mien.operations.shapes import (
    SEARCH_LIMIT,
    BoundingBox,
    FaceDetail,
    FaceId,
    FaceMatch,
    Image,
    MaxFaces,
    MaxUserResults,
    Percent,
    QualityFilter,
    Shape,
    UserId,
)
from mien.operations.user import UserShape, user_shape
from mien.operations.user_changes import DAMAGED, missing
from mien.store.base import Collection, DamagedError
from mien.store.tables.users import UserMissingError

MOST_USERS = 500  # users of a search that names no MaxUsers


class SearchFacesRequest(CollectionRequest):
    """The request of SearchFaces."""

    face_id: FaceId = REQUIRED
    max_faces: MaxFaces | None = None
    face_match_threshold: Percent | None = None


class SearchFacesResponse(Shape):
    """The response of SearchFaces."""

    searched_face_id: str
    face_matches: list[FaceMatch]
    face_model_version: str


class SearchFacesByImageRequest(CollectionRequest):
    """The request of SearchFacesByImage."""

    image: Image = REQUIRED
    max_faces: MaxFaces | None = None
    face_match_threshold: Percent | None = None
    quality_filter: QualityFilter | None = None


class SearchFacesByImageResponse(Shape):
    """The response of SearchFacesByImage."""

    searched_face_bounding_box: BoundingBox
    searched_face_confidence: float
    face_matches: list[FaceMatch]
    face_model_version: str


class SearchUsersRequest(CollectionRequest):
    """The request of SearchUsers, which names a user or a face, but not both."""

    user_id: UserId | None = None
    face_id: FaceId | None = None
    user_match_threshold: Percent | None = None
    max_users: MaxUserResults | None = None


class UserMatch(Shape):
    """A user that a search found."""

    similarity: float
    user: UserShape


class SearchedFace(Shape):
    """The face that was searched for."""

    face_id: str


class SearchedUser(Shape):
    """The user that was searched for."""

    user_id: str


class SearchUsersResponse(Shape):
    """The response of SearchUsers."""

    user_matches: list[UserMatch]
    face_model_version: str
    searched_face: SearchedFace | None = None
    searched_user: SearchedUser | None = None


class SearchUsersByImageRequest(CollectionRequest):
    """The request of SearchUsersByImage."""

    image: Image = REQUIRED
    user_match_threshold: Percent | None = None
    max_users: MaxUserResults | None = None
    quality_filter: QualityFilter | None = None


class SearchedFaceDetails(Shape):
    """The face of the image that was searched for."""

    face_detail: FaceDetail


class UnsearchedFace(Shape):
    """A face of the image that was not searched for. The service model names its one detail in the plural."""

    face_details: FaceDetail
    reasons: list[str]


class SearchUsersByImageResponse(Shape):
    """The response of SearchUsersByImage."""

    user_matches: list[UserMatch]
    face_model_version: str
    unsearched_faces: list[UnsearchedFace]
    searched_face: SearchedFaceDetails | None = None


def search_faces(context: Context, caller: Caller, request: SearchFacesRequest) -> SearchFacesResponse:
    """Finds the faces of a collection that match one of its faces; that face is left out."""
    collection = context.comparable(caller, request.collection_id)
    probe = _face(context, collection, request.face_id)
    found = context.in_one_history(caller, collection, _nearest_faces(context, probe, request, request.face_id))
    return SearchFacesResponse(
        searched_face_id=request.face_id, face_matches=found, face_model_version=collection.model_version
    )


def search_faces_by_image(
    context: Context, caller: Caller, request: SearchFacesByImageRequest
) -> SearchFacesByImageResponse:
    """Finds the faces of a collection that match the largest face of an image."""
    collection = context.comparable(caller, request.collection_id)
    found = find_faces(context, caller, request.image, request.quality_filter or "NONE", living="needed")
    probe, _ = embed_largest(context, found)
    if probe is None:
        raise NoFaceError
    return SearchFacesByImageResponse(
        searched_face_bounding_box=bounding_box(region(found.faces[0].box, found.picture)),
        searched_face_confidence=confidence(found.faces[0]),
        face_matches=context.in_one_history(caller, collection, _nearest_faces(context, probe, request, None)),
        face_model_version=collection.model_version,
    )


def search_users(context: Context, caller: Caller, request: SearchUsersRequest) -> SearchUsersResponse:
    """Finds the users of a collection that match one of its users or faces; the user itself is left out."""
    if (request.user_id is None) == (request.face_id is None):
        raise InvalidParameterError
    collection = context.comparable(caller, request.collection_id)
    searched_face = searched_user = left_out = None
    if request.face_id is not None:
        probe: NDArray[np.float32] | None = _face(context, collection, request.face_id)
        searched_face = SearchedFace(face_id=request.face_id)
    else:
        left_out = request.user_id or ""
        try:
            probe = context.store.users.probe(collection.key, left_out)
        except UserMissingError:
            raise missing(left_out) from None
        except DamagedError:
            raise InvalidParameterError(DAMAGED.format("The user")) from None
        searched_user = SearchedUser(user_id=left_out)
    matches: list[UserMatch] = []
    if probe is not None:
        matches = context.in_one_history(caller, collection, partial(_users, context, probe, request, left_out))
    return SearchUsersResponse(
        user_matches=matches,
        face_model_version=collection.model_version,
        searched_face=searched_face,
        searched_user=searched_user,
    )


def search_users_by_image(
    context: Context, caller: Caller, request: SearchUsersByImageRequest
) -> SearchUsersByImageResponse:
    """Finds the users that match the largest face of an image; an image without faces is no error here."""
    collection = context.comparable(caller, request.collection_id)
    found = find_faces(context, caller, request.image, request.quality_filter or "NONE", living="filtered")
    matches: list[UserMatch] = []
    searched_face = None
    probe, why = embed_largest(context, found)
    others = [(face, ["FACE_NOT_LARGEST"]) for face in found.faces[1:]] + found.refused
    others = [(found.faces[0], why), *others] if why else others
    if probe is not None:
        searched_face = SearchedFaceDetails(face_detail=face_detail(found.faces[0], found.picture))
        matches = context.in_one_history(caller, collection, partial(_users, context, probe, request, None))
    return SearchUsersByImageResponse(
        user_matches=matches,
        face_model_version=collection.model_version,
        searched_face=searched_face,
        unsearched_faces=[
            UnsearchedFace(face_details=face_detail(face, found.picture), reasons=why) for face, why in others
        ],
    )


def _face(context: Context, collection: Collection, face_id: str) -> NDArray[np.float32]:
    """Returns the embedding of a face of the collection."""
    try:
        embedding = context.store.faces.probe(collection.key, UUID(face_id))
    except DamagedError:
        raise InvalidParameterError(DAMAGED.format("The face")) from None
    if embedding is None:
        raise FaceNotFoundError
    return embedding


def _nearest_faces(
    context: Context,
    probe: NDArray[np.float32],
    request: SearchFacesRequest | SearchFacesByImageRequest,
    left_out: str | None,
) -> Callable[[Collection], list[FaceMatch]]:
    """Returns what finds the faces that a request asks for."""
    return partial(
        matches, context, probe,
        limit=request.max_faces or SEARCH_LIMIT, threshold=request.face_match_threshold, left_out=left_out,
    )  # fmt: skip


def _users(
    context: Context,
    probe: NDArray[np.float32],
    request: SearchUsersRequest | SearchUsersByImageRequest,
    left_out: str | None,
    collection: Collection,
) -> list[UserMatch]:
    """Returns the nearest users at or above the threshold, the most similar first."""
    limit = request.max_users or MOST_USERS
    with context.request.stage("search"):
        gallery = context.galleries.users(collection)
        found = nearest(context, gallery, probe, limit + 1, request.user_match_threshold)
    with context.request.stage("store"):
        users = context.store.users.by_vectors(collection.key, [key for key, _ in found], gallery.seen)
    return [
        UserMatch(similarity=similarity, user=user_shape(users[key]))
        for key, similarity in found
        if key in users and users[key].name != left_out
    ][:limit]


OPERATIONS: Operations = {
    "SearchFaces": Operation(SearchFacesRequest, search_faces, reads=True),
    "SearchFacesByImage": Operation(SearchFacesByImageRequest, search_faces_by_image),
    "SearchUsers": Operation(SearchUsersRequest, search_users, reads=True),
    "SearchUsersByImage": Operation(SearchUsersByImageRequest, search_users_by_image),
}
