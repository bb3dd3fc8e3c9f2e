"""CreateUser, DeleteUser, ListUsers, AssociateFaces and DisassociateFaces: several faces of one person under a name."""

from typing import Annotated
from uuid import UUID

from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED, Length
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.paging import Page
from mien.operations.shapes import (
    ClientRequestToken,
    EmptyResponse,
    FaceId,
    MaxUserResults,
    PaginationToken,
    Percent,
    Shape,
    UserId,
    single,
)
from mien.operations.user_changes import matching_of, run_change, token_of
from mien.store.tables.answers import Outcome, Refusal
from mien.store.tables.users import User

ASSOCIATE_THRESHOLD = 75.0  # similarity that a further face of a user must reach; reference 2.5
USERS_PAGE = 500


class UserRequest(CollectionRequest):
    """A request that changes a user; all that CreateUser and DeleteUser take."""

    user_id: UserId = REQUIRED
    client_request_token: ClientRequestToken | None = None


class UserFacesRequest(UserRequest):
    """A request about faces of a user; all that DisassociateFaces takes."""

    face_ids: Annotated[list[FaceId], Length(1, 100)] = REQUIRED


class AssociateFacesRequest(UserFacesRequest):
    """The request of AssociateFaces."""

    user_match_threshold: Percent | None = None


class FaceIdShape(Shape):
    """A face's id (`AssociatedFace` and `DisassociatedFace` in the service model)."""

    face_id: str


class UnsuccessfulFaceAssociation(Shape):
    """A face that was not associated."""

    face_id: str
    reasons: list[str]
    user_id: str | None = None
    confidence: float | None = None


class AssociateFacesResponse(Shape):
    """The response of AssociateFaces."""

    associated_faces: list[FaceIdShape]
    unsuccessful_face_associations: list[UnsuccessfulFaceAssociation]
    user_status: str


class UnsuccessfulFaceDisassociation(Shape):
    """A face that was not disassociated."""

    face_id: str
    reasons: list[str]
    user_id: str | None = None


class DisassociateFacesResponse(Shape):
    """The response of DisassociateFaces."""

    disassociated_faces: list[FaceIdShape]
    unsuccessful_face_disassociations: list[UnsuccessfulFaceDisassociation]
    user_status: str


class ListUsersRequest(CollectionRequest):
    """The request of ListUsers."""

    max_results: MaxUserResults | None = None
    next_token: PaginationToken | None = None


class UserShape(Shape):
    """A user (`User` and `MatchedUser` in the service model)."""

    user_id: str
    user_status: str


class ListUsersResponse(Shape):
    """The response of ListUsers."""

    users: list[UserShape]
    next_token: str | None = None


def create_user(context: Context, caller: Caller, request: UserRequest) -> EmptyResponse:
    """Creates a user without faces."""
    collection = context.collection(caller, request.collection_id)
    token = token_of(caller, "CreateUser", collection, request)
    run_change(context, collection, request, lambda: context.store.users.create(collection.key, request.user_id, token))
    return EmptyResponse()


def delete_user(context: Context, caller: Caller, request: UserRequest) -> EmptyResponse:
    """Deletes a user; its faces stay in the collection."""
    collection = context.collection(caller, request.collection_id)
    token = token_of(caller, "DeleteUser", collection, request)
    run_change(context, collection, request, lambda: context.store.users.delete(collection.key, request.user_id, token))
    return EmptyResponse()


def list_users(context: Context, caller: Caller, request: ListUsersRequest) -> ListUsersResponse:
    """Lists users in the order of their creation."""
    collection = context.collection(caller, request.collection_id)
    page = Page(
        context.store.seals, request.next_token, request.max_results, USERS_PAGE, "ListUsers", str(collection.key),
        within=context.listed(collection),
    )  # fmt: skip
    found = context.store.users.page(collection.key, int(page.after or 0), page.limit + 1)
    shown, token = page.cut(found, lambda user: str(user.key))
    return ListUsersResponse(users=[user_shape(user) for user in shown], next_token=token)


def associate_faces(context: Context, caller: Caller, request: AssociateFacesRequest) -> AssociateFacesResponse:
    """Associates faces with a user."""
    collection = context.comparable(caller, request.collection_id)
    threshold = ASSOCIATE_THRESHOLD if request.user_match_threshold is None else request.user_match_threshold
    token = token_of(caller, "AssociateFaces", collection, request)
    matching = matching_of(context, threshold)
    outcome = run_change(
        context,
        collection,
        request,
        lambda: context.store.users.associate(collection.key, request.user_id, _faces(request), matching, token),
    )
    return AssociateFacesResponse(
        associated_faces=[FaceIdShape(face_id=str(each)) for each in outcome.done],
        unsuccessful_face_associations=[unassociated(each) for each in outcome.refused],
        user_status=_status_after(outcome),
    )


def disassociate_faces(context: Context, caller: Caller, request: UserFacesRequest) -> DisassociateFacesResponse:
    """Disassociates faces from a user; they stay in the collection."""
    collection = context.comparable(caller, request.collection_id)
    token = token_of(caller, "DisassociateFaces", collection, request)
    matching = matching_of(context)
    outcome = run_change(
        context,
        collection,
        request,
        lambda: context.store.users.disassociate(collection.key, request.user_id, _faces(request), matching, token),
    )
    return DisassociateFacesResponse(
        disassociated_faces=[FaceIdShape(face_id=str(each)) for each in outcome.done],
        unsuccessful_face_disassociations=[
            UnsuccessfulFaceDisassociation(face_id=str(each.face_id), reasons=[each.reason], user_id=each.user)
            for each in outcome.refused
        ],
        user_status=_status_after(outcome),
    )


def user_shape(user: User) -> UserShape:
    """Returns a user in the API's shape."""
    return UserShape(user_id=user.name, user_status=status(user.faces))


def status(faces: int) -> str:
    """Returns a user's status: a user without faces is CREATED and never matches."""
    return "ACTIVE" if faces else "CREATED"


def _faces(request: UserFacesRequest) -> list[UUID]:
    return [UUID(each) for each in dict.fromkeys(request.face_ids)]


def _status_after(outcome: Outcome) -> str:
    return "UPDATING" if outcome.done else status(outcome.faces)


def unassociated(refusal: Refusal) -> UnsuccessfulFaceAssociation:
    """Returns a face that was not associated, in the API's shape."""
    return UnsuccessfulFaceAssociation(
        face_id=str(refusal.face_id),
        reasons=[refusal.reason],
        user_id=refusal.user,
        confidence=None if refusal.similarity is None else single(refusal.similarity),
    )


OPERATIONS: Operations = {
    "CreateUser": Operation(UserRequest, create_user),
    "DeleteUser": Operation(UserRequest, delete_user),
    "ListUsers": Operation(ListUsersRequest, list_users, reads=True),
    "AssociateFaces": Operation(AssociateFacesRequest, associate_faces),
    "DisassociateFaces": Operation(UserFacesRequest, disassociate_faces),
}
