"""CreateUser, DeleteUser, ListUsers, AssociateFaces and DisassociateFaces: several faces of one person under a name.

A search finds a user by one vector, which `combine` makes of the faces' embeddings.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.errors import (
    ConflictError,
    IdempotentParameterMismatchError,
    InvalidParameterError,
    ResourceNotFoundError,
    ServiceQuotaExceededError,
)
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
from mien.store.base import Collection, CollectionGoneError, DamagedError
from mien.store.tables.answers import Outcome, Refusal
from mien.store.tables.likeness import Matching
from mien.store.tables.tokens import Token, TokenReusedError
from mien.store.tables.users import UserExistsError, UserFullError, UserMissingError, UsersFullError

ASSOCIATE_THRESHOLD = 75.0  # similarity that a further face of a user must reach; reference 2.5
USERS_PAGE = 500
DAMAGED = "{} of this request has a damaged vector in the store; restore a backup, or delete it and create it again."
Result = TypeVar("Result")


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
    token = _token(caller, "CreateUser", collection, request)
    _write(context, collection, request, lambda: context.store.users.create(collection.key, request.user_id, token))
    return EmptyResponse()


def delete_user(context: Context, caller: Caller, request: UserRequest) -> EmptyResponse:
    """Deletes a user; its faces stay in the collection."""
    collection = context.collection(caller, request.collection_id)
    token = _token(caller, "DeleteUser", collection, request)
    _write(context, collection, request, lambda: context.store.users.delete(collection.key, request.user_id, token))
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
    return ListUsersResponse(
        users=[UserShape(user_id=user.name, user_status=status(user.faces)) for user in shown], next_token=token
    )


def associate_faces(context: Context, caller: Caller, request: AssociateFacesRequest) -> AssociateFacesResponse:
    """Associates faces with a user."""
    collection = context.comparable(caller, request.collection_id)
    threshold = ASSOCIATE_THRESHOLD if request.user_match_threshold is None else request.user_match_threshold
    token = _token(caller, "AssociateFaces", collection, request)
    matching = _matching(context, threshold)
    outcome = _write(
        context,
        collection,
        request,
        lambda: context.store.users.associate(collection.key, request.user_id, _faces(request), matching, token),
    )
    return AssociateFacesResponse(
        associated_faces=[FaceIdShape(face_id=str(each)) for each in outcome.done],
        unsuccessful_face_associations=[_unassociated(each) for each in outcome.refused],
        user_status=_status_after(outcome),
    )


def disassociate_faces(context: Context, caller: Caller, request: UserFacesRequest) -> DisassociateFacesResponse:
    """Disassociates faces from a user; they stay in the collection."""
    collection = context.comparable(caller, request.collection_id)
    token = _token(caller, "DisassociateFaces", collection, request)
    matching = _matching(context)
    outcome = _write(
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


def status(faces: int) -> str:
    """Returns a user's status: a user without faces is CREATED and never matches."""
    return "ACTIVE" if faces else "CREATED"


def missing(name: str) -> ResourceNotFoundError:
    """Returns the error for a user that does not exist."""
    return ResourceNotFoundError(f"The user id: {name} does not exist")


def combine(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns a user's vector: the mean of its embeddings divided by the square root of the mean's relative length.

    The mean's length is taken relative to the mean length of the embeddings. Of the formulas that were tried this one
    keeps the false match rate at similarity 80 for any number of faces (`benchmarks/README.md`, "A user's vector").

    Args:
        embeddings: float32 (N, D), each of length at most 1.

    Returns:
        float32 (D,), of length at most 1; of a single face its own embedding.
    """
    centre, length = embeddings.mean(axis=0), float(np.linalg.norm(embeddings, axis=1).mean())
    return np.asarray(centre / max(float(np.linalg.norm(centre)) / max(length, 1e-6), 1e-12) ** 0.5, np.float32)


def _matching(context: Context, least: float = 0.0) -> Matching:
    def similarity(user: NDArray[np.float32], face: NDArray[np.float32]) -> float:
        lengths = float(np.linalg.norm(user) * np.linalg.norm(face))
        return float(context.pack.calibration.similarity(float(user @ face), lengths))

    return Matching(combine, similarity, least)


def _token(caller: Caller, operation: str, collection: Collection, request: UserRequest) -> Token | None:
    """Returns the idempotency token of a call, which covers the collection's key, not only its name."""
    if request.client_request_token is None:
        return None
    digest = hashlib.sha256(b"%d " % collection.key + msgspec.json.encode(request)).digest()
    return Token(caller.account, operation, request.client_request_token, digest)


def _write(context: Context, collection: Collection, request: UserRequest, work: Callable[[], Result]) -> Result:
    """Runs `work`, which writes to the collection, and raises the store's errors as AWS's."""
    try:
        with context.request.writing(collection.key):
            return work()
    except CollectionGoneError:
        raise ResourceNotFoundError.collection(request.collection_id) from None
    except UserMissingError:
        raise missing(request.user_id) from None
    except UserExistsError:
        raise ConflictError("A User with the same Id already exists within the collection.") from None
    except UsersFullError:
        raise ServiceQuotaExceededError("The collection holds as many users as it may.") from None
    except UserFullError:
        raise ServiceQuotaExceededError("The user would have more than 100 faces.") from None
    except DamagedError:
        raise InvalidParameterError(DAMAGED.format("A face")) from None
    except TokenReusedError:
        raise IdempotentParameterMismatchError.token(request.client_request_token or "") from None


def _faces(request: UserFacesRequest) -> list[UUID]:
    return [UUID(each) for each in dict.fromkeys(request.face_ids)]


def _status_after(outcome: Outcome) -> str:
    return "UPDATING" if outcome.done else status(outcome.faces)


def _unassociated(refusal: Refusal) -> UnsuccessfulFaceAssociation:
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
