"""Groups of unknown faces through the API: listed, hidden, judged and suggested, on photographs of two people."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests import photos
from tests.operations.api import NO_SUCH_FACE, Api, image

MISSING = "ResourceNotFoundException"


class Album:
    """A collection with four faces of one person and two of another, and the operations on it."""

    def __init__(self, api: Api, collection: str) -> None:
        self.api, self.collection = api, collection
        one, other = photos.astronaut().pixels, photos.hopper().pixels
        self.a = [self.index(each) for each in (one, photos.resized(one, 0.7), one[:, ::-1], photos.resized(one, 0.8))]
        self.h = [self.index(each) for each in (other, photos.resized(other, 0.7))]

    def index(self, pixels: photos.Pixels, most: int = 1, **more: str) -> str:
        shown = image(photos.jpeg(pixels))
        answer = self.api("IndexFaces", CollectionId=self.collection, Image=shown, MaxFaces=most, **more)
        return str(answer["FaceRecords"][0]["Face"]["FaceId"])

    def __call__(self, operation: str, **members: Any) -> Any:
        return self.api(f"Mien.{operation}", CollectionId=self.collection, **members)

    def refused(self, operation: str, **members: Any) -> tuple[str, str]:
        return self.api.refused(f"Mien.{operation}", CollectionId=self.collection, **members)

    def current(self, operation: str = "ListGroups", **members: Any) -> Any:
        """An answer once the work in the background is done."""
        end = time.monotonic() + 60
        while True:
            answer = self(operation, **members)
            if answer["Progress"]["Current"]:
                return answer
            assert time.monotonic() < end, answer
            time.sleep(0.1)

    def groups(self, **members: Any) -> list[list[str]]:
        return [each["FaceIds"] for each in self.current(**members)["Groups"]]


@pytest.fixture
def album(api: Api) -> Iterator[Album]:
    name = f"groups-{uuid4()}"
    api("CreateCollection", CollectionId=name)
    yield Album(api, name)
    api("DeleteCollection", CollectionId=name)


def test_unknown_faces_are_grouped_the_largest_group_first(album: Album) -> None:
    answer = album.current()
    assert answer == {
        "Progress": {"Done": 6, "Total": 6, "Current": True},
        "Groups": [
            {"GroupId": album.a[0], "FaceCount": 4, "Photographs": 4, "FaceIds": album.a},
            {"GroupId": album.h[0], "FaceCount": 2, "Photographs": 2, "FaceIds": album.h},
        ],
    }
    first = album.current(MaxResults=1)
    assert [each["GroupId"] for each in first["Groups"]] == [album.a[0]]
    second = album.current(MaxResults=1, NextToken=first["NextToken"])
    assert [each["GroupId"] for each in second["Groups"]] == [album.h[0]]
    assert "NextToken" not in second
    assert album.refused("ListGroups", NextToken="a" * 20)[0] == "InvalidPaginationTokenException"


def test_a_group_is_named_by_any_of_its_faces(album: Album) -> None:
    album.current()
    answer = album.current("ListGroupFaces", GroupId=album.a[2])
    assert answer["GroupId"] == album.a[0]
    assert [face["FaceId"] for face in answer["Faces"]] == album.a
    assert answer["Faces"][0]["IndexFacesModelVersion"] == answer["FaceModelVersion"]
    first = album.current("ListGroupFaces", GroupId=album.a[0], MaxResults=3)
    rest = album.current("ListGroupFaces", GroupId=album.a[0], NextToken=first["NextToken"])
    assert [face["FaceId"] for face in first["Faces"] + rest["Faces"]] == album.a


def test_who_is_named_is_no_longer_unknown(album: Album) -> None:
    assert album.groups() == [album.a, album.h]
    album("NamePerson", FaceIds=album.a, DisplayName="Anna")
    assert album.groups() == [album.h]
    for operation in ("ListGroupFaces", "HideGroup", "ShowGroup"):
        for face in (album.a[0], NO_SUCH_FACE):
            assert album.refused(operation, GroupId=face)[0] == MISSING
    album("RemoveFromPerson", UserId=album("ListPeople")["People"][0]["UserId"], FaceIds=album.a[:2])
    assert album.groups() == [album.a[:2], album.h] or album.groups() == [album.h, album.a[:2]]


def test_a_hidden_group_is_left_out_also_when_it_grows_and_when_its_oldest_face_goes(album: Album) -> None:
    album.current()
    album("HideGroup", GroupId=album.h[1])
    assert album.groups() == [album.a]
    assert album.groups(Hidden=True) == [album.h]
    album.h.append(album.index(photos.resized(photos.hopper().pixels, 0.85)))
    assert album.groups(Hidden=True) == [album.h]
    album.api("DeleteFaces", CollectionId=album.collection, FaceIds=[album.h.pop(0)])
    assert album.groups(Hidden=True) == [album.h]
    assert album.groups() == [album.a]
    album("ShowGroup", GroupId=album.h[0])
    assert album.groups() == [album.a, album.h]
    assert album.groups(Hidden=True) == []


def test_groups_are_joined_and_faces_taken_out_by_verdicts(album: Album) -> None:
    album("Judge", Verdict="SAME", FaceIds=album.a[:1], OtherFaceIds=album.h[:1])
    assert album.groups() == [album.a + album.h]
    album("Judge", Verdict="NONE", FaceIds=album.a, OtherFaceIds=album.h)
    album("Judge", Verdict="DIFFERENT", FaceIds=album.a[1:2], OtherFaceIds=[*album.a[:1], *album.a[2:]])
    assert album.groups() == [[album.a[0], *album.a[2:]], album.h, [album.a[1]]]


def test_two_faces_of_one_photograph_are_two_people(album: Album) -> None:
    one = photos.resized(photos.astronaut().pixels, 0.6)
    answer = album.api(
        "IndexFaces", CollectionId=album.collection, Image=image(photos.encoded(photos.beside(one, one), "PNG"))
    )
    pair = {record["Face"]["FaceId"] for record in answer["FaceRecords"]}
    assert len(pair) == 2
    sizes = [len(pair & set(group)) for group in album.groups()]
    assert max(sizes) == 1
    assert sum(sizes) == 2


def suggested(album: Album, **members: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = album.current("ListSuggestions", **members)["Suggestions"]
    return found


def test_a_group_is_suggested_for_a_person_until_somebody_judges(album: Album) -> None:
    assert suggested(album) == []
    user = album("NamePerson", FaceIds=album.a[:2], DisplayName="Anna")["Person"]["UserId"]
    (found,) = suggested(album)
    assert found == {
        "UserId": user, "DisplayName": "Anna", "Similarity": found["Similarity"], "GroupId": album.a[2],
        "FaceCount": 2, "FaceIds": album.a[2:],
    }  # fmt: skip
    assert found["Similarity"] > 90
    assert suggested(album, UserId=user) == [found]
    album("Judge", Verdict="DIFFERENT", UserId=user, FaceIds=album.a[2:3])
    assert suggested(album) == []
    album("Judge", Verdict="UNSURE", UserId=user, FaceIds=album.a[2:3])
    assert suggested(album) == []
    album("Judge", Verdict="NONE", UserId=user, FaceIds=album.a[2:3])
    assert suggested(album) == [found]
    album("HideGroup", GroupId=album.a[2])
    assert suggested(album) == []
    assert album.refused("ListSuggestions", UserId="nobody")[0] == MISSING


def test_users_that_may_be_one_person_are_suggested(album: Album) -> None:
    one = album("NamePerson", FaceIds=album.a[:2], DisplayName="Anna")["Person"]["UserId"]
    other = album("NamePerson", FaceIds=album.a[2:], DisplayName="Ann")["Person"]["UserId"]
    third = album("NamePerson", FaceIds=album.h, DisplayName="Grace")["Person"]["UserId"]
    (found,) = suggested(album)
    assert {found["UserId"], found["OtherUserId"]} == {one, other}
    assert {found["DisplayName"], found["OtherDisplayName"]} == {"Anna", "Ann"}
    assert suggested(album, UserId=other) == [found]
    assert suggested(album, UserId=third) == []
    album("Judge", Verdict="DIFFERENT", UserId=one, OtherUserId=other)
    assert suggested(album) == []


def test_a_person_in_the_same_photograph_is_no_suggestion(album: Album) -> None:
    one = photos.resized(photos.astronaut().pixels, 0.6)
    picture = image(photos.encoded(photos.beside(one, one), "PNG"))
    answer = album.api("IndexFaces", CollectionId=album.collection, Image=picture)
    first, second = (record["Face"]["FaceId"] for record in answer["FaceRecords"])
    user = album("NamePerson", FaceIds=[*album.a, first], DisplayName="Anna")["Person"]["UserId"]
    assert suggested(album, UserId=user) == []
    assert [second] in album.groups()
