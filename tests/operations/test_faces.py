"""ListFaces and DeleteFaces."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from tests.operations.api import ASTRONAUT, BOX, CROWD, NO_SUCH_FACE, PAIR, Api, all_single


@pytest.fixture(scope="module")
def kept(api: Api) -> Iterator[tuple[str, dict[str, Any]]]:
    """A collection of ten faces, and the records they were indexed with, by FaceId."""
    name = f"kept-{uuid4()}"
    api("CreateCollection", CollectionId=name)
    records = [
        *api("IndexFaces", CollectionId=name, Image=CROWD, ExternalImageId="crowd")["FaceRecords"],
        *api("IndexFaces", CollectionId=name, Image=CROWD)["FaceRecords"],
        *api("IndexFaces", CollectionId=name, Image=PAIR)["FaceRecords"],
    ]
    yield name, {record["Face"]["FaceId"]: record["Face"] for record in records}
    api("DeleteCollection", CollectionId=name)


def six_digits(value: float) -> float:
    return float(np.float32(f"{value:.6g}"))


def test_a_listing_has_the_members_aws_sends_and_no_other(api: Api, kept: tuple[str, dict[str, Any]]) -> None:
    name, faces = kept
    answer = api("ListFaces", CollectionId=name)
    assert answer.keys() == {"Faces", "FaceModelVersion"}
    assert len(answer["Faces"]) == len(faces) == 10
    for face in answer["Faces"]:
        always = {"FaceId", "BoundingBox", "ImageId", "Confidence", "IndexFacesModelVersion"}
        assert face.keys() - {"ExternalImageId"} == always
        assert ("ExternalImageId" in face) == ("ExternalImageId" in faces[face["FaceId"]])
        assert face["IndexFacesModelVersion"] == answer["FaceModelVersion"]
        assert face["ImageId"] == faces[face["FaceId"]]["ImageId"]
        assert face["BoundingBox"].keys() == BOX
    assert all_single(answer)


def test_stored_numbers_have_six_digits(api: Api, kept: tuple[str, dict[str, Any]]) -> None:
    name, faces = kept
    for face in api("ListFaces", CollectionId=name)["Faces"]:
        indexed = faces[face["FaceId"]]
        pairs = [(face["Confidence"], indexed["Confidence"])]
        pairs += [(face["BoundingBox"][side], indexed["BoundingBox"][side]) for side in BOX]
        for stored, measured in pairs:
            assert stored == six_digits(stored)
            assert stored == pytest.approx(measured, rel=6e-6)
    measured = [indexed["Confidence"] for indexed in faces.values()]
    assert any(number != six_digits(number) for number in measured)  # what IndexFaces says is not rounded


def test_an_empty_collection_lists_no_faces(api: Api, collection: str) -> None:
    assert api("ListFaces", CollectionId=collection)["Faces"] == []


@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_pages_join_in_order_of_ids(api: Api, kept: tuple[str, dict[str, Any]], size: int) -> None:
    name, faces = kept
    listed: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = api("ListFaces", CollectionId=name, MaxResults=size, **token)
        assert 0 < len(page["Faces"]) <= size
        listed += [face["FaceId"] for face in page["Faces"]]
        if "NextToken" not in page:
            break
        assert 0 < len(page["NextToken"]) <= 255
        token = {"NextToken": page["NextToken"]}
    assert listed == sorted(faces)


@pytest.mark.parametrize("size", [10, 11, 4096, 0])
def test_a_page_with_the_last_face_has_no_token(api: Api, kept: tuple[str, dict[str, Any]], size: int) -> None:
    assert api("ListFaces", CollectionId=kept[0], MaxResults=size).keys() == {"Faces", "FaceModelVersion"}


def test_named_faces_alone_are_listed_and_unknown_ones_passed_over(api: Api, kept: tuple[str, dict[str, Any]]) -> None:
    name, faces = kept
    wanted = sorted(faces)[2:5]
    answer = api("ListFaces", CollectionId=name, FaceIds=[*wanted[::-1], NO_SUCH_FACE, wanted[0]])
    assert [face["FaceId"] for face in answer["Faces"]] == wanted
    assert api("ListFaces", CollectionId=name, FaceIds=[NO_SUCH_FACE])["Faces"] == []


def test_named_faces_come_in_pages_too(api: Api, kept: tuple[str, dict[str, Any]]) -> None:
    name, faces = kept
    wanted = sorted(faces)[1:8]
    first = api("ListFaces", CollectionId=name, FaceIds=wanted, MaxResults=4)
    second = api("ListFaces", CollectionId=name, FaceIds=wanted, MaxResults=4, NextToken=first["NextToken"])
    assert [face["FaceId"] for face in first["Faces"] + second["Faces"]] == wanted
    assert "NextToken" not in second


def test_a_token_is_good_for_its_own_listing_alone(api: Api, kept: tuple[str, dict[str, Any]], collection: str) -> None:
    name, faces = kept
    token = api("ListFaces", CollectionId=name, MaxResults=2)["NextToken"]
    other = "y" + str(uuid4())
    api("CreateCollection", CollectionId=other)
    listing = api("ListCollections", MaxResults=1)["NextToken"]
    bad = ("InvalidPaginationTokenException", "Invalid Pagination Token")
    assert api.refused("ListFaces", CollectionId=collection, NextToken=token) == bad
    assert api.refused("ListCollections", NextToken=token) == bad
    assert api.refused("ListFaces", CollectionId=name, NextToken=listing) == bad
    assert api.refused("ListFaces", CollectionId=name, NextToken=token, FaceIds=sorted(faces)[:3]) == bad
    for foreign in ("", "x", "not a token", "é", token[:-1], token[::-1], token + token, "A" * 255):
        assert api.refused("ListFaces", CollectionId=name, NextToken=foreign) == bad, foreign
    api("DeleteCollection", CollectionId=other)


def test_deleting_answers_what_was_deleted(api: Api, collection: str) -> None:
    faces = [
        record["Face"]["FaceId"] for record in api("IndexFaces", CollectionId=collection, Image=CROWD)["FaceRecords"]
    ]
    answer = api("DeleteFaces", CollectionId=collection, FaceIds=[faces[2], faces[0]])
    assert answer == {"DeletedFaces": [faces[2], faces[0]], "UnsuccessfulFaceDeletions": []}
    assert {face["FaceId"] for face in api("ListFaces", CollectionId=collection)["Faces"]} == {faces[1], faces[3]}


def test_a_face_that_is_not_there_is_answered_for_and_a_duplicate_once(api: Api, collection: str) -> None:
    (record,) = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT)["FaceRecords"]
    face = record["Face"]["FaceId"]
    answer = api("DeleteFaces", CollectionId=collection, FaceIds=[face, NO_SUCH_FACE, face, NO_SUCH_FACE])
    assert answer == {
        "DeletedFaces": [face],
        "UnsuccessfulFaceDeletions": [{"FaceId": NO_SUCH_FACE, "Reasons": ["FACE_NOT_FOUND"]}],
    }
    again = api("DeleteFaces", CollectionId=collection, FaceIds=[face])
    assert again["DeletedFaces"] == []
    assert again["UnsuccessfulFaceDeletions"] == [{"FaceId": face, "Reasons": ["FACE_NOT_FOUND"]}]


def test_a_deleted_face_is_no_longer_found(api: Api, collection: str) -> None:
    (record,) = api("IndexFaces", CollectionId=collection, Image=ASTRONAUT)["FaceRecords"]
    assert api("SearchFacesByImage", CollectionId=collection, Image=ASTRONAUT)["FaceMatches"]
    api("DeleteFaces", CollectionId=collection, FaceIds=[record["Face"]["FaceId"]])
    assert api("SearchFacesByImage", CollectionId=collection, Image=ASTRONAUT)["FaceMatches"] == []
    code, _ = api.refused("SearchFaces", CollectionId=collection, FaceId=record["Face"]["FaceId"])
    assert code == "InvalidParameterException"
