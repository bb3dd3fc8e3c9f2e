"""People named, changed, merged and split through Mien's operations; AWS's show the same users."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from mien.store.tables.belonging import MOST_FACES
from tests import photos
from tests.operations.api import NO_SUCH_FACE, Api, image

CONFLICT, INVALID, MISSING = "ConflictException", "InvalidParameterException", "ResourceNotFoundException"


class People:
    """A collection with five faces of two people, and the operations on it."""

    def __init__(self, api: Api, collection: str) -> None:
        self.api, self.collection = api, collection
        astronaut, hopper = photos.astronaut().pixels, photos.hopper().pixels
        self.a = [self.index(each) for each in (astronaut, photos.resized(astronaut, 0.7), astronaut[:, ::-1])]
        self.h = [self.index(each) for each in (hopper, photos.resized(hopper, 0.7))]

    def index(self, pixels: photos.Pixels, **more: str) -> str:
        shown = image(photos.jpeg(pixels))
        answer = self.api("IndexFaces", CollectionId=self.collection, Image=shown, MaxFaces=1, **more)
        return str(answer["FaceRecords"][0]["Face"]["FaceId"])

    def __call__(self, operation: str, **members: Any) -> Any:
        return self.api(f"Mien.{operation}", CollectionId=self.collection, **members)

    def refused(self, operation: str, **members: Any) -> tuple[str, str]:
        return self.api.refused(f"Mien.{operation}", CollectionId=self.collection, **members)

    def owners(self) -> dict[str, str | None]:
        listed = self.api("ListFaces", CollectionId=self.collection)["Faces"]
        return {face["FaceId"]: face.get("UserId") for face in listed}

    def shown(self) -> dict[str, tuple[str, int]]:
        return {each["UserId"]: (each["DisplayName"], each["FaceCount"]) for each in self("ListPeople")["People"]}

    def found(self, face: str, least: float = 80) -> list[str]:
        """Whom SearchUsers finds for a face."""
        answer = self.api("SearchUsers", CollectionId=self.collection, FaceId=face, UserMatchThreshold=least)
        return [each["User"]["UserId"] for each in answer["UserMatches"]]


@pytest.fixture
def people(api: Api) -> Iterator[People]:
    name = f"people-{uuid4()}"
    api("CreateCollection", CollectionId=name)
    yield People(api, name)
    api("DeleteCollection", CollectionId=name)


def ids(answered: list[dict[str, str]]) -> list[str]:
    return [each["FaceId"] for each in answered]


def test_a_group_is_named_and_found(people: People) -> None:
    answer = people("NamePerson", FaceIds=people.a, DisplayName="  Анна Ким ")
    person = answer["Person"]
    assert person == {
        "UserId": person["UserId"], "DisplayName": "Анна Ким", "FaceCount": 3, "UserStatus": "ACTIVE",
        "Portrait": person["Portrait"],
    }  # fmt: skip
    assert person["Portrait"] in people.a
    assert (answer["Created"], ids(answer["AssociatedFaces"])) == (True, people.a)
    assert answer["UnsuccessfulFaceAssociations"] == []
    user = person["UserId"]
    assert people.owners() == dict.fromkeys(people.a, user) | dict.fromkeys(people.h)
    assert people.found(people.a[0]) == [user]
    assert people.api("ListUsers", CollectionId=people.collection)["Users"] == [
        {"UserId": user, "UserStatus": "ACTIVE"}
    ]
    assert people("ListPeople", Contains="АННА")["People"] == [person]


def test_faces_of_others_are_reported_and_stay_theirs(people: People) -> None:
    people("NamePerson", FaceIds=people.a[:1], DisplayName="Ann")
    answer = people("NamePerson", FaceIds=[*people.a, NO_SUCH_FACE], DisplayName="Bea")
    assert ids(answer["AssociatedFaces"]) == people.a[1:]
    assert answer["UnsuccessfulFaceAssociations"] == [
        {"FaceId": people.a[0], "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"], "UserId": "Ann"},
        {"FaceId": NO_SUCH_FACE, "Reasons": ["FACE_NOT_FOUND"]},
    ]
    code, text = people.refused("NamePerson", FaceIds=people.a, DisplayName="Cleo")
    assert code == CONFLICT
    assert text == "Nothing was changed: 3 of the faces belong to others, and 0 are not in the collection."
    code, text = people.refused("NamePerson", FaceIds=[NO_SUCH_FACE], DisplayName="Cleo")
    assert (code, text) == (INVALID, "None of the faces is in the collection.")
    assert people.shown() == {"Ann": ("Ann", 1), "Bea": ("Bea", 2)}  # and nobody without a face was made


def test_a_name_that_is_taken_is_asked_about(people: People) -> None:
    first = people("NamePerson", FaceIds=people.a[:1], DisplayName="Al Gore")["Person"]["UserId"]
    again = people("NamePerson", FaceIds=people.a[:1], DisplayName="Al Gore")  # what was done already is no conflict
    assert (again["Created"], again["Person"]["UserId"], again["AssociatedFaces"]) == (False, first, [])
    code, text = people.refused("NamePerson", FaceIds=people.a[1:2], DisplayName="Al Gore")
    assert (code, f"the UserId {first}. Give that UserId" in text) == (CONFLICT, True)
    joined = people("NamePerson", FaceIds=people.a[1:2], DisplayName="Al Gore", SameName="JOIN")
    assert (joined["Person"]["UserId"], joined["Person"]["FaceCount"]) == (first, 2)
    other = people("NamePerson", FaceIds=people.h[:1], DisplayName="Al Gore", SameName="ANOTHER")["Person"]
    assert (other["UserId"], other["DisplayName"]) == (f"{first}-2", "Al Gore")
    code, text = people.refused("NamePerson", FaceIds=people.h[1:], DisplayName="Al Gore", SameName="JOIN")
    assert (code, f"{first} and {first}-2" in text) == (CONFLICT, True)  # which of the two?
    known = people("NamePerson", FaceIds=people.h[1:], UserId=f"{first}-2")
    assert (known["Created"], known["Person"]["FaceCount"]) == (False, 2)


def test_a_user_id_names_who_is_there_or_with_a_name_who_is_made(people: People) -> None:
    code, text = people.refused("NamePerson", FaceIds=people.a, UserId="p1")
    assert (code, text) == (MISSING, "The user id: p1 does not exist")
    made = people("NamePerson", FaceIds=people.a, UserId="p1", DisplayName="Ann")
    assert (made["Created"], made["Person"]["UserId"], made["Person"]["DisplayName"]) == (True, "p1", "Ann")
    assert people.refused("NamePerson", FaceIds=people.h, UserId="p1", DisplayName="Bea")[0] == CONFLICT
    empty = people("NamePerson", DisplayName="Nobody yet")
    assert (empty["Person"]["FaceCount"], empty["Person"]["UserStatus"]) == (0, "CREATED")
    code, text = people.refused("NamePerson", FaceIds=people.h)
    assert (code, text.startswith("Say who it is")) == (INVALID, True)
    for bad in (" ", "\t", "a\nb", "x" * 1000 + "é" + "y" * 1000):
        assert people.refused("NamePerson", DisplayName=bad)[0] in (INVALID, "ValidationException")


def test_a_threshold_leaves_out_who_is_not_similar(people: People) -> None:
    people("NamePerson", FaceIds=people.a[:1], DisplayName="Ann")
    answer = people("NamePerson", FaceIds=[people.a[1], people.h[0]], UserId="Ann", UserMatchThreshold=80)
    assert ids(answer["AssociatedFaces"]) == [people.a[1]]
    (refused,) = answer["UnsuccessfulFaceAssociations"]
    assert (refused["Reasons"], refused["Confidence"] < 80) == (["LOW_MATCH_CONFIDENCE"], True)


def test_a_person_gets_another_name_and_another_portrait(people: People) -> None:
    before = people("NamePerson", FaceIds=people.a, DisplayName="Ann")["Person"]
    portrait = next(each for each in people.a if each != before["Portrait"])
    answer = people("UpdatePerson", UserId="Ann", DisplayName="Anna Ким", Portrait=portrait)
    assert answer["Before"] == before
    assert answer["Person"] == before | {"DisplayName": "Anna Ким", "Portrait": portrait}
    assert people("ListPeople")["People"] == [answer["Person"]]
    undone = people("UpdatePerson", UserId="Ann", **{each: before[each] for each in ("DisplayName", "Portrait")})
    assert undone["Person"] == before
    people("UpdatePerson", UserId="Ann", Portrait=portrait)
    assert people("RemoveFromPerson", UserId="Ann", FaceIds=[portrait])["Person"]["Portrait"] != portrait
    code, text = people.refused("UpdatePerson", UserId="Ann", Portrait=portrait)
    assert (code, text) == (INVALID, "The portrait must be one of the person's own faces.")
    people("NamePerson", FaceIds=people.h, DisplayName="Bea")
    assert people.refused("UpdatePerson", UserId="Ann", DisplayName="Bea")[0] == CONFLICT
    assert people("UpdatePerson", UserId="Ann", DisplayName="Bea", SameName="ANOTHER")["Person"]["DisplayName"] == "Bea"
    assert people.refused("UpdatePerson", UserId="Ann")[0] == INVALID
    assert people.refused("UpdatePerson", UserId="nobody", DisplayName="x")[0] == MISSING


def test_people_are_merged_and_a_merge_is_undone(people: People) -> None:
    people("NamePerson", FaceIds=people.a[:2], DisplayName="Ann")
    lost = people("NamePerson", FaceIds=people.a[2:], UserId="p2", DisplayName="Анна")["Person"]
    people("NamePerson", FaceIds=people.h, DisplayName="Grace")
    answer = people("MergePeople", UserId="Ann", Others=["p2"])
    assert answer["Person"]["FaceCount"] == 3
    assert answer["Merged"] == [
        {"UserId": "p2", "DisplayName": "Анна", "FaceIds": people.a[2:], "Portrait": people.a[2]}
    ]
    assert people.shown() == {"Ann": ("Ann", 3), "Grace": ("Grace", 2)}
    assert people.found(people.a[2]) == ["Ann"]
    (merged,) = answer["Merged"]
    people("SplitPerson", UserId="Ann", FaceIds=merged["FaceIds"], NewUserId="p2", DisplayName=merged["DisplayName"])
    assert people("ListPeople", Contains="анна")["People"] == [lost]
    assert people.found(people.h[0]) == ["Grace"]
    assert people.refused("MergePeople", UserId="Ann", Others=["Ann"])[0] == INVALID
    code, text = people.refused("MergePeople", UserId="Ann", Others=["p2", "gone"])
    assert (code, text) == (MISSING, "The user id: gone does not exist")
    assert people.shown()["p2"] == ("Анна", 1)  # nothing half done


def test_a_person_is_split(people: People) -> None:
    people("NamePerson", FaceIds=[*people.a, *people.h], DisplayName="Ann")
    answer = people("SplitPerson", UserId="Ann", FaceIds=[*people.h, NO_SUCH_FACE])
    assert (answer["Person"]["UserId"], answer["Person"]["DisplayName"]) == ("Ann-2", "Ann")
    assert (ids(answer["DisassociatedFaces"]), answer["Person"]["FaceCount"]) == (people.h, 2)
    assert answer["UnsuccessfulFaceDisassociations"] == [{"FaceId": NO_SUCH_FACE, "Reasons": ["FACE_NOT_FOUND"]}]
    assert (people.found(people.a[0]), people.found(people.h[0])) == (["Ann"], ["Ann-2"])
    code, text = people.refused("SplitPerson", UserId="Ann", FaceIds=people.a)
    assert (code, text.startswith("These are all faces of the person")) == (INVALID, True)
    assert people.refused("SplitPerson", UserId="Ann", FaceIds=[NO_SUCH_FACE])[0] == INVALID
    assert people.refused("SplitPerson", UserId="Ann", FaceIds=people.a[:1], NewUserId="Ann-2")[0] == CONFLICT
    assert people.refused("SplitPerson", UserId="Ann", FaceIds=people.a[:1], DisplayName="Ann")[0] == CONFLICT
    assert people.shown() == {"Ann": ("Ann", 3), "Ann-2": ("Ann", 2)}


def test_a_face_is_taken_out_of_a_person(people: People) -> None:
    people("NamePerson", FaceIds=[*people.a, people.h[0]], DisplayName="Ann")
    answer = people("RemoveFromPerson", UserId="Ann", FaceIds=people.h)
    assert ids(answer["DisassociatedFaces"]) == [people.h[0]]
    assert answer["UnsuccessfulFaceDisassociations"] == []  # the other was nobody's
    assert answer["Person"]["FaceCount"] == 3
    assert people.owners() == dict.fromkeys(people.a, "Ann") | dict.fromkeys(people.h)


def test_a_planted_face_is_the_first_that_looks_unlike_the_rest(people: People) -> None:
    people("NamePerson", FaceIds=[*people.a, people.h[0]], DisplayName="Ann")
    answer = people("ListPersonFaces", UserId="Ann")
    assert answer["Person"]["FaceCount"] == 4
    first, *rest = answer["Faces"]
    assert first["Face"]["FaceId"] == people.h[0]
    assert first["Similarity"] < 60 < min(each["Similarity"] for each in rest)
    listed = people.api("ListFaces", CollectionId=people.collection, UserId="Ann")["Faces"]
    assert sorted(each["Face"]["FaceId"] for each in answer["Faces"]) == [each["FaceId"] for each in listed]
    assert all(each["Face"] in listed for each in answer["Faces"])
    newest = people("ListPersonFaces", UserId="Ann", SortBy="NEWEST")["Faces"]
    assert [each["Face"]["FaceId"] for each in newest] == [people.h[0], *reversed(people.a)]
    people("NamePerson", FaceIds=[people.h[1]], DisplayName="Bea")
    (alone,) = people("ListPersonFaces", UserId="Bea")["Faces"]
    assert set(alone) == {"Face"}  # there is nothing to compare it with
    assert people.refused("ListPersonFaces", UserId="nobody") == (MISSING, "The user id: nobody does not exist")


@pytest.mark.parametrize("order", ["UNLIKE_FIRST", "NEWEST", "PHOTOGRAPH"])
def test_pages_show_each_face_of_a_person_once(people: People, order: str) -> None:
    people("NamePerson", FaceIds=[*people.a, *people.h], DisplayName="Ann")
    whole = people("ListPersonFaces", UserId="Ann", SortBy=order)["Faces"]
    shown: list[Any] = []
    token: dict[str, str] = {}
    for _ in range(3):
        answer = people("ListPersonFaces", UserId="Ann", SortBy=order, MaxResults=2, **token)
        shown += answer["Faces"]
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
    assert (token, shown) == ({}, whole)
    assert len({each["Face"]["FaceId"] for each in shown}) == 5


def test_a_repeated_call_has_one_effect_and_the_same_answer(people: People) -> None:
    for operation, members in (
        ("NamePerson", {"FaceIds": people.a, "DisplayName": "Ann", "SameName": "ANOTHER"}),
        ("SplitPerson", {"UserId": "Ann", "FaceIds": people.a[:1], "DisplayName": "Bea"}),
        ("RemoveFromPerson", {"UserId": "Ann", "FaceIds": people.a[1:2]}),
        ("MergePeople", {"UserId": "Ann", "Others": ["Bea"]}),
    ):
        first = people(operation, **members, ClientRequestToken="once")
        again = people(operation, **members, ClientRequestToken="once")
        for each in first.get("Merged", []):
            del each["DisplayName"], each["Portrait"]  # names are not kept
        assert again == first
        other = members | {"UserId": "other", "DisplayName": "other"}
        other = {name: each for name, each in other.items() if name in members}
        assert (
            people.refused(operation, **other, ClientRequestToken="once")[0] == "IdempotentParameterMismatchException"
        )
    people.api("DeleteUser", CollectionId=people.collection, UserId="Ann")
    members = {"FaceIds": people.a, "DisplayName": "Ann", "SameName": "ANOTHER"}
    code, _ = people.refused("NamePerson", **members, ClientRequestToken="once")
    assert code == MISSING


def test_many_who_merge_at_once_leave_one_person(people: People) -> None:
    """Of those who merge the same people each other way around, one wins; nobody's faces are lost or counted twice."""
    for number, face in enumerate([*people.a, *people.h]):
        people("NamePerson", FaceIds=[face], UserId=f"p{number}", DisplayName=f"P {number}")

    def merge(number: int) -> int:
        members = {"CollectionId": people.collection, "UserId": f"p{number}", "Others": [f"p{(number + 1) % 5}"]}
        return people.api.live.post("Mien.MergePeople", json.dumps(members).encode()).status

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(merge, range(5)))
    left = people.shown()
    assert sum(count for _, count in left.values()) == 5
    assert len(left) == 5 - outcomes.count(200)
    assert set(outcomes) <= {200, 400}
    assert set(people.owners().values()) == set(left)


def test_a_person_has_more_faces_than_aws_allows_a_user(people: People) -> None:
    faces = [*people.a, *people.h]
    faces += [people.index(photos.hopper().pixels, ExternalImageId=f"n{number}") for number in range(MOST_FACES)]
    assert people("NamePerson", FaceIds=faces[: MOST_FACES + 3], DisplayName="Ann")["Person"]["FaceCount"] == 103
    aws = {"CollectionId": people.collection, "UserId": "Ann", "UserMatchThreshold": 0}
    code, text = people.api.refused("AssociateFaces", FaceIds=faces[-1:], **aws)
    assert (code, text) == ("ServiceQuotaExceededException", "The user would have more than 100 faces.")
    assert people.api("AssociateFaces", FaceIds=faces[:1], **aws)["UserStatus"] == "ACTIVE"  # it is associated already
    listed = people.api("ListFaces", CollectionId=people.collection, UserId="Ann", MaxResults=4096)["Faces"]
    assert {each["FaceId"] for each in listed} == set(faces[:103])
    assert people.found(faces[-1], 0) == ["Ann"]
    del aws["UserMatchThreshold"]
    out = people.api("DisassociateFaces", FaceIds=faces[:100], **aws)
    assert len(out["DisassociatedFaces"]) == 100
    assert people.shown() == {"Ann": ("Ann", 3)}
