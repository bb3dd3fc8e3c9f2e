"""ListPeople: the users of a collection as people see them, by the names they are shown by, each with a portrait.

The operations about people are mien's own, under the target `Mien`; AWS's see the same users.
"""

from typing import Annotated

from mien.operations.collection import CollectionRequest
from mien.operations.constraints import Enum, Length
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.paging import Page
from mien.operations.shapes import MaxUserResults, PaginationToken, Shape
from mien.operations.user import USERS_PAGE, status
from mien.store.tables.persons import Listing, Order, Person, Place

LONGEST_NAME = 1000  # characters of a name that people are shown by, or of a part of one


class ListPeopleRequest(CollectionRequest):
    """The request of ListPeople."""

    max_results: MaxUserResults | None = None
    next_token: PaginationToken | None = None
    contains: Annotated[str, Length(0, LONGEST_NAME)] | None = None
    sort_by: Annotated[str, Enum(("NAME", "FACES", "NEWEST"))] | None = None


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


def list_people(context: Context, caller: Caller, request: ListPeopleRequest) -> ListPeopleResponse:
    """Lists the people of a collection, by name if nothing else is asked for."""
    collection = context.collection(caller, request.collection_id)
    order: Order = request.sort_by or "NAME"  # type: ignore[assignment]  # one of the enum's
    contains = request.contains or ""
    page = Page(
        context.store.seals, request.next_token, request.max_results, USERS_PAGE, "ListPeople", str(collection.key),
        order, contains, within=context.listed(collection),
    )  # fmt: skip
    listing = Listing(order, contains, _place(page.after, order) if page.after else None)
    found = context.store.persons.page(collection.key, listing, page.limit + 1)
    shown, token = page.cut(found, lambda each: _mark(listing.place(each)))
    return ListPeopleResponse(people=[person_shape(each) for each in shown], next_token=token)


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
}
