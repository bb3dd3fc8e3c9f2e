"""ListPeople and ListPersonFaces: users as people see them, by the names that they are shown by, with their faces.

The operations about people are mien's own, under the target `Mien`; AWS's see the same users.
"""

from typing import Annotated

import msgspec
import numpy as np

from mien.operations.collection import CollectionRequest
from mien.operations.constraints import REQUIRED, Enum, Length
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.paging import Page
from mien.operations.present import stored_face
from mien.operations.shapes import FaceShape, MaxUserResults, PageSize, PaginationToken, Shape, UserId, single
from mien.operations.user import USERS_PAGE, status
from mien.operations.user_changes import combine_rest, missing
from mien.people.unlike import resemblance
from mien.store.base import StoredFace
from mien.store.tables.persons import Listing, Order, Person, PersonFaces, Place
from mien.store.tables.users import UserMissingError

FacePlace = tuple[float | str, int]  # of a face in a listing: what it is sorted by, and its key
MOST_NAMED = 100  # people whom a listing asks for by their UserIds
LONGEST_PART = 1000  # characters of a part of a name


class ListPeopleRequest(CollectionRequest):
    """The request of ListPeople."""

    max_results: MaxUserResults | None = None
    next_token: PaginationToken | None = None
    contains: Annotated[str, Length(0, LONGEST_PART)] | None = None
    user_ids: Annotated[list[UserId], Length(1, MOST_NAMED)] | None = None
    sort_by: Annotated[str, Enum(("NAME", "FACES", "NEWEST"))] | None = None


class ListPersonFacesRequest(CollectionRequest):
    """The request of ListPersonFaces."""

    user_id: UserId = REQUIRED
    sort_by: Annotated[str, Enum(("UNLIKE_FIRST", "NEWEST", "PHOTOGRAPH"))] | None = None
    max_results: PageSize | None = None
    next_token: PaginationToken | None = None


class PersonShape(Shape):
    """A person: a user with the name that people know it by, and the face that it is shown by, if it has one."""

    user_id: str
    display_name: str
    face_count: int
    user_status: str
    portrait: str | None = None


class ListPeopleResponse(Shape):
    """The response of ListPeople."""

    people: list[PersonShape]
    next_token: str | None = None


class PersonFace(Shape):
    """A face of a person, and how similar it is to the person's other faces, if there are any."""

    face: FaceShape
    similarity: float | None = None


class ListPersonFacesResponse(Shape):
    """The response of ListPersonFaces."""

    person: PersonShape
    faces: list[PersonFace]
    next_token: str | None = None


def list_people(context: Context, caller: Caller, request: ListPeopleRequest) -> ListPeopleResponse:
    """Lists the people of a collection, by name if nothing else is asked for."""
    collection = context.collection(caller, request.collection_id)
    order: Order = request.sort_by or "NAME"  # type: ignore[assignment]  # one of the enum's
    contains, users = request.contains or "", tuple(dict.fromkeys(request.user_ids or ()))
    page = Page(
        context.store.seals, request.next_token, request.max_results, USERS_PAGE, "ListPeople", str(collection.key),
        order, contains, *users, within=context.listed(collection),
    )  # fmt: skip
    listing = Listing(order, contains, users, _place(page.after, order) if page.after else None)
    found = context.store.persons.page(collection.key, listing, page.limit + 1)
    shown, token = page.cut(found, lambda each: _mark(listing.place(each)))
    return ListPeopleResponse(people=[person_shape(each) for each in shown], next_token=token)


def list_person_faces(context: Context, caller: Caller, request: ListPersonFacesRequest) -> ListPersonFacesResponse:
    """Lists the faces of a person, those first that look unlike the rest if nothing else is asked for."""
    collection = context.comparable(caller, request.collection_id)
    order = request.sort_by or "UNLIKE_FIRST"
    page = Page(
        context.store.seals, request.next_token, request.max_results, 4096, "ListPersonFaces", str(collection.key),
        request.user_id, order, within=context.listed(collection),
    )  # fmt: skip
    try:
        found = context.store.persons.faces(collection.key, request.user_id)
    except UserMissingError:
        raise missing(request.user_id) from None
    like, similar = _likeness(context, found)
    after = msgspec.json.decode(page.after, type=FacePlace) if page.after else None

    def place(face: StoredFace) -> FacePlace:
        if order == "UNLIKE_FIRST":
            return like.get(face.key, -1.0), face.key
        return (str(face.image_id), face.key) if order == "PHOTOGRAPH" else (0, -face.key)

    some = sorted((each for each in found.faces if after is None or place(each) > after), key=place)
    shown, token = page.cut(some[: page.limit + 1], lambda each: msgspec.json.encode(place(each)).decode())
    version = collection.model_version
    return ListPersonFacesResponse(
        person=person_shape(found.person),
        faces=[PersonFace(face=stored_face(each, version), similarity=similar.get(each.key)) for each in shown],
        next_token=token,
    )


def _likeness(context: Context, found: PersonFaces) -> tuple[dict[int, float], dict[int, float]]:
    """Returns how much each face is like the rest, by its key, and its similarity to the vector of the rest."""
    keys = list(found.embeddings)
    if len(keys) < 2:
        return {}, {}
    embeddings = np.array([found.embeddings[key] for key in keys])
    rest = combine_rest(embeddings)
    lengths = np.linalg.norm(rest, axis=1) * np.linalg.norm(embeddings, axis=1)
    similar = context.pack.calibration.similarity(np.vecdot(rest, embeddings), lengths)
    like = np.round(resemblance(embeddings).astype(np.float64), 6)
    return dict(zip(keys, like.tolist(), strict=True)), dict(zip(keys, map(single, similar), strict=True))


def person_shape(person: Person) -> PersonShape:
    """Returns a person in the API's shape."""
    return PersonShape(
        user_id=person.name,
        display_name=person.display,
        face_count=person.faces,
        user_status=status(person.faces),
        portrait=str(person.portrait) if person.portrait else None,
    )


def _mark(place: Place) -> str:
    return f"{place[1]} {place[0]}"


def _place(mark: str, order: Order) -> Place:
    key, _, by = mark.partition(" ")
    return (by if order == "NAME" else int(by)), int(key)


OPERATIONS: Operations = {
    "ListPeople": Operation(ListPeopleRequest, list_people, reads=True),
    "ListPersonFaces": Operation(ListPersonFacesRequest, list_person_faces, reads=True),
}
