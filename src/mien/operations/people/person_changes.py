"""NamePerson, UpdatePerson, MergePeople, SplitPerson and RemoveFromPerson, each one transaction of the store.

Their answers say what was there before, so that a client can undo a change with these operations.
"""

from typing import Annotated
from uuid import UUID

from mien import naming
from mien.errors import ConflictError, InvalidParameterError
from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED, Enum, Length
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.people.person import PersonShape, person_shape
from mien.operations.shapes import ClientRequestToken, DisplayName, FaceId, Percent, Shape, UserId
from mien.operations.user import (
    FaceIdShape,
    UnsuccessfulFaceAssociation,
    UnsuccessfulFaceDisassociation,
    UserRequest,
    unassociated,
)
from mien.operations.user_changes import Result, Work, matching_of, run_change, token_of
from mien.store.base import Collection
from mien.store.tables.belonging import MOST_PERSONS_FACES
from mien.store.tables.person_names import Name, NameTakenError, SameName
from mien.store.tables.regrouping import AllFacesError, Changed, NoneFreeError, PortraitError

MOST_MERGED = 100  # people that one call merges into another

PersonFaceIds = Annotated[list[FaceId], Length(1, MOST_PERSONS_FACES)]


class NamePersonRequest(CollectionRequest):
    """The request of NamePerson."""

    face_ids: PersonFaceIds | None = None
    display_name: DisplayName | None = None
    user_id: UserId | None = None
    same_name: Annotated[str, Enum(("REFUSE", "JOIN", "ANOTHER"))] | None = None
    user_match_threshold: Percent | None = None
    client_request_token: ClientRequestToken | None = None


class NamePersonResponse(Shape):
    """The response of NamePerson."""

    person: PersonShape
    created: bool
    associated_faces: list[FaceIdShape]
    unsuccessful_face_associations: list[UnsuccessfulFaceAssociation]


class UpdatePersonRequest(CollectionRequest):
    """The request of UpdatePerson."""

    user_id: UserId = REQUIRED
    display_name: DisplayName | None = None
    portrait: FaceId | None = None
    same_name: Annotated[str, Enum(("REFUSE", "ANOTHER"))] | None = None


class UpdatePersonResponse(Shape):
    """The response of UpdatePerson: the person as it is and as it was."""

    person: PersonShape
    before: PersonShape


class MergePeopleRequest(UserRequest):
    """The request of MergePeople; the user is the one that is kept."""

    others: Annotated[list[UserId], Length(1, MOST_MERGED)] = REQUIRED


class MergedPerson(Shape):
    """A person that was merged into another; without its name in the answer to a repeated call."""

    user_id: str
    face_ids: list[str]
    display_name: str | None = None
    portrait: str | None = None


class MergePeopleResponse(Shape):
    """The response of MergePeople."""

    person: PersonShape
    merged: list[MergedPerson]


class PersonFacesRequest(UserRequest):
    """A request about faces of a person; all that RemoveFromPerson takes."""

    face_ids: PersonFaceIds = REQUIRED


class SplitPersonRequest(PersonFacesRequest):
    """The request of SplitPerson."""

    display_name: DisplayName | None = None
    new_user_id: UserId | None = None
    same_name: Annotated[str, Enum(("REFUSE", "ANOTHER"))] | None = None


class PersonFacesResponse(Shape):
    """The response of RemoveFromPerson, and of SplitPerson, whose person is the new one."""

    person: PersonShape
    disassociated_faces: list[FaceIdShape]
    unsuccessful_face_disassociations: list[UnsuccessfulFaceDisassociation]


def name_person(context: Context, caller: Caller, request: NamePersonRequest) -> NamePersonResponse:
    """Says who faces are: makes the person if need be, and gives it the faces that are nobody's yet."""
    collection = context.comparable(caller, request.collection_id)
    if request.display_name is None and request.user_id is None:
        raise InvalidParameterError("Say who it is: give a DisplayName, or the UserId of a person who is there.")
    name = Name(_normal(request.display_name), request.user_id, _same(request.same_name))
    faces, token = _faces(request.face_ids or []), token_of(caller, "NamePerson", collection, request)
    matching = matching_of(context, request.user_match_threshold or 0.0)
    work = context.store.regrouping.name
    changed = _changed(context, collection, request, lambda: work(collection.key, name, faces, matching, token))
    return NamePersonResponse(
        person=person_shape(changed.person),
        created=changed.is_new,
        associated_faces=[FaceIdShape(face_id=str(each)) for each in changed.done],
        unsuccessful_face_associations=[unassociated(each) for each in changed.refused],
    )


def update_person(context: Context, caller: Caller, request: UpdatePersonRequest) -> UpdatePersonResponse:
    """Gives a person another name, another portrait, or both; its UserId stays."""
    collection = context.collection(caller, request.collection_id)
    display, portrait = _normal(request.display_name), UUID(request.portrait) if request.portrait else None
    if display is None and portrait is None:
        raise InvalidParameterError("Say what is to change: give a DisplayName, a Portrait, or both.")
    work, same = context.store.regrouping.update, _same(request.same_name)
    before, after = _changed(
        context, collection, request, lambda: work(collection.key, request.user_id, display, portrait, same)
    )
    return UpdatePersonResponse(person=person_shape(after), before=person_shape(before))


def merge_people(context: Context, caller: Caller, request: MergePeopleRequest) -> MergePeopleResponse:
    """Makes several people one, who keeps its name and its UserId; the others' users are deleted."""
    collection = context.comparable(caller, request.collection_id)
    others = list(dict.fromkeys(request.others))
    if request.user_id in others:
        raise InvalidParameterError("A person cannot be merged into itself: UserId stands among Others.")
    token, matching = token_of(caller, "MergePeople", collection, request), matching_of(context)
    work = context.store.regrouping.merge
    person, formers = _changed(
        context, collection, request, lambda: work(collection.key, request.user_id, others, matching, token)
    )
    merged = [
        MergedPerson(
            user_id=each.name,
            face_ids=[str(face) for face in each.faces],
            display_name=each.display,
            portrait=str(each.portrait) if each.portrait else None,
        )
        for each in formers
    ]
    return MergePeopleResponse(person=person_shape(person), merged=merged)


def split_person(context: Context, caller: Caller, request: SplitPersonRequest) -> PersonFacesResponse:
    """Makes some of a person's faces another person."""
    collection = context.comparable(caller, request.collection_id)
    name = Name(_normal(request.display_name), request.new_user_id, _same(request.same_name))
    token, matching = token_of(caller, "SplitPerson", collection, request), matching_of(context)
    work, parting = context.store.regrouping.split, (_faces(request.face_ids), name)
    changed = _changed(
        context, collection, request, lambda: work(collection.key, request.user_id, parting, matching, token)
    )
    return _faces_response(changed)


def remove_from_person(context: Context, caller: Caller, request: PersonFacesRequest) -> PersonFacesResponse:
    """Takes faces out of a person; they stay in the collection, and are not suggested for it again."""
    collection = context.comparable(caller, request.collection_id)
    token, matching = token_of(caller, "RemoveFromPerson", collection, request), matching_of(context)
    work, faces = context.store.regrouping.remove, _faces(request.face_ids)
    changed = _changed(
        context, collection, request, lambda: work(collection.key, request.user_id, faces, matching, token)
    )
    return _faces_response(changed)


def _changed(context: Context, collection: Collection, request: CollectionRequest, work: Work[Result]) -> Result:
    """Runs a change (see `run_change`), and explains what stands in its way."""
    try:
        return run_change(context, collection, request, work, MOST_PERSONS_FACES)
    except NameTakenError as error:
        raise ConflictError(
            f"There is a person of this name already, with the UserId {' and '.join(error.users)}. Give that UserId if "
            "it is the same person, or SameName ANOTHER if it is another one."
        ) from None
    except NoneFreeError as error:
        raise _none_free(error) from None
    except AllFacesError:
        raise InvalidParameterError(
            "These are all faces of the person, who would be left without one; UpdatePerson gives it another name."
        ) from None
    except PortraitError:
        raise InvalidParameterError("The portrait must be one of the person's own faces.") from None


def _none_free(error: NoneFreeError) -> ConflictError | InvalidParameterError:
    owned = sum(each.reason == "ASSOCIATED_TO_A_DIFFERENT_USER" for each in error.refused)
    gone = sum(each.reason == "FACE_NOT_FOUND" for each in error.refused)
    if owned:
        return ConflictError(
            f"Nothing was changed: {owned:,} of the faces belong to others, and {gone:,} are not in the collection."
        )
    return InvalidParameterError(
        "None of the faces is in the collection." if gone else "None of the faces belongs to the person."
    )


def _faces_response(changed: Changed) -> PersonFacesResponse:
    return PersonFacesResponse(
        person=person_shape(changed.person),
        disassociated_faces=[FaceIdShape(face_id=str(each)) for each in changed.done],
        unsuccessful_face_disassociations=[
            UnsuccessfulFaceDisassociation(face_id=str(each.face_id), reasons=[each.reason], user_id=each.user)
            for each in changed.refused
        ],
    )


def _normal(display: str | None) -> str | None:
    return None if display is None else naming.normal(display)


def _same(given: str | None) -> SameName:
    return given or "REFUSE"  # type: ignore[return-value]  # one of the enum's


def _faces(given: list[str]) -> list[UUID]:
    return [UUID(each) for each in dict.fromkeys(given)]


OPERATIONS: Operations = {
    "NamePerson": Operation(NamePersonRequest, name_person),
    "UpdatePerson": Operation(UpdatePersonRequest, update_person),
    "MergePeople": Operation(MergePeopleRequest, merge_people),
    "SplitPerson": Operation(SplitPersonRequest, split_person),
    "RemoveFromPerson": Operation(PersonFacesRequest, remove_from_person),
}
