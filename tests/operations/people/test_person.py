"""People as Mien.ListPeople shows them: sorted, filtered, in pages, each with a portrait."""

import pytest

from tests.operations.api import HOPPER, PAIR, Api

PAGING = "InvalidPaginationTokenException"


def names(api: Api, collection: str, **asked: object) -> list[str]:
    return [each["UserId"] for each in api("Mien.ListPeople", CollectionId=collection, **asked)["People"]]


def indexed(api: Api, collection: str, picture: dict[str, str]) -> str:
    (record,) = api("IndexFaces", CollectionId=collection, Image=picture, MaxFaces=1)["FaceRecords"]
    return str(record["Face"]["FaceId"])


def test_people_are_sorted_without_case(api: Api, collection: str) -> None:
    for name in ("bea", "Anna", "Zoe", "anton"):
        api("CreateUser", CollectionId=collection, UserId=name)
    assert names(api, collection) == names(api, collection, SortBy="NAME") == ["Anna", "anton", "bea", "Zoe"]
    assert names(api, collection, SortBy="NEWEST") == ["anton", "Zoe", "Anna", "bea"]
    assert names(api, collection, Contains="AN") == ["Anna", "anton"]
    assert names(api, collection, Contains="x") == []
    assert api("Mien.ListPeople", CollectionId=collection, MaxResults=1)["People"] == [
        {"UserId": "Anna", "DisplayName": "Anna", "FaceCount": 0, "UserStatus": "CREATED"}
    ]


def test_people_are_listed_by_their_ids(api: Api, collection: str) -> None:
    for name in ("bea", "Anna", "Zoe"):
        api("CreateUser", CollectionId=collection, UserId=name)
    asked = {"UserIds": ["Zoe", "bea", "nobody", "bea"]}
    assert names(api, collection, **asked) == ["bea", "Zoe"]
    assert names(api, collection, **asked, Contains="Z") == ["Zoe"]
    first = api("Mien.ListPeople", CollectionId=collection, **asked, MaxResults=1)
    assert names(api, collection, **asked, NextToken=first["NextToken"]) == ["Zoe"]
    assert api.refused("Mien.ListPeople", CollectionId=collection, NextToken=first["NextToken"])[0] == PAGING
    assert api.refused("Mien.ListPeople", CollectionId=collection, UserIds=["x"] * 101)[0] == "ValidationException"


@pytest.mark.parametrize("order", ["NAME", "FACES", "NEWEST"])
def test_pages_show_each_person_once(api: Api, collection: str, order: str) -> None:
    for number in range(7):
        api("CreateUser", CollectionId=collection, UserId=f"p{number % 3}{number}")
    whole, shown = names(api, collection, SortBy=order), []
    token: dict[str, str] = {}
    while True:
        answer = api("Mien.ListPeople", CollectionId=collection, SortBy=order, MaxResults=2, **token)
        shown += [each["UserId"] for each in answer["People"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert shown == whole
    assert len(set(whole)) == 7
    assert api.refused("Mien.ListPeople", CollectionId=collection, SortBy=order, Contains="p", **token)[0] == PAGING
    assert api.refused("ListUsers", CollectionId=collection, **token)[0] == PAGING


def test_a_person_with_faces_has_the_largest_as_portrait(api: Api, collection: str) -> None:
    small, large = indexed(api, collection, PAIR), indexed(api, collection, HOPPER)
    api("CreateUser", CollectionId=collection, UserId="nobody")
    api("CreateUser", CollectionId=collection, UserId="one")
    api("AssociateFaces", CollectionId=collection, UserId="one", FaceIds=[small, large], UserMatchThreshold=0)
    first, second = api("Mien.ListPeople", CollectionId=collection, SortBy="FACES")["People"]
    assert first == {
        "UserId": "one", "DisplayName": "one", "FaceCount": 2, "UserStatus": "ACTIVE", "Portrait": large,
    }  # fmt: skip
    assert second["UserId"] == "nobody"


def test_mistakes_are_told_as_aws_tells_them(api: Api, collection: str) -> None:
    code, text = api.refused("Mien.ListPeople", CollectionId="nowhere")
    assert (code, text) == ("ResourceNotFoundException", "The collection id: nowhere does not exist")
    code, text = api.refused("Mien.ListPeople", CollectionId=collection, SortBy="AGE", MaxResults=501)
    assert code == "ValidationException"
    assert "at 'maxResults'" in text
    assert "enum value set: [NAME, FACES, NEWEST]" in text
    assert api.refused("Mien.ListPeople", CollectionId=collection, MaxResults="2")[0] == "SerializationException"
    assert api.refused("ListPeople", CollectionId=collection)[0] == "UnknownOperationException"
