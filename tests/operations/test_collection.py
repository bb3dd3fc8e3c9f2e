"""Collections over the API: made, described, listed in pages, deleted."""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.operations.api import ASTRONAUT, NO_SUCH_FACE, PAIR, Api


def test_a_new_collection_is_answered_as_aws_answers(api: Api) -> None:
    name = f"new-{uuid4()}"
    answer = api("CreateCollection", CollectionId=name)
    assert answer.keys() == {"StatusCode", "CollectionArn", "FaceModelVersion"}
    assert answer["StatusCode"] == 200
    assert answer["CollectionArn"] == f"aws:rekognition:us-east-1:000000000000:collection/{name}"
    assert float(answer["FaceModelVersion"]) > 3
    api("DeleteCollection", CollectionId=name)


def test_a_name_is_taken_once(api: Api, collection: str) -> None:
    code, text = api.refused("CreateCollection", CollectionId=collection)
    assert code == "ResourceAlreadyExistsException"
    assert text == f"The collection id: {collection} already exists"


def test_a_description_has_its_counts_even_when_they_are_zero(api: Api, collection: str) -> None:
    answer = api("DescribeCollection", CollectionId=collection)
    assert answer.keys() == {"FaceCount", "UserCount", "FaceModelVersion", "CollectionARN", "CreationTimestamp"}
    assert (answer["FaceCount"], answer["UserCount"]) == (0, 0)
    assert answer["CollectionARN"] == f"arn:aws:rekognition:us-east-1:000000000000:collection/{collection}"
    assert isinstance(answer["CreationTimestamp"], float)
    assert abs(answer["CreationTimestamp"] - time.time()) < 60


def test_a_description_counts_faces(api: Api, collection: str) -> None:
    records = api("IndexFaces", CollectionId=collection, Image=PAIR)["FaceRecords"]
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == 2
    api("DeleteFaces", CollectionId=collection, FaceIds=[records[0]["Face"]["FaceId"]])
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == 1


def test_a_deleted_collection_is_gone_with_all_it_held(api: Api, collection: str) -> None:
    api("IndexFaces", CollectionId=collection, Image=ASTRONAUT)
    assert api("DeleteCollection", CollectionId=collection) == {"StatusCode": 200}
    gone = ("ResourceNotFoundException", f"The collection id: {collection} does not exist")
    assert api.refused("DeleteCollection", CollectionId=collection) == gone
    assert collection not in api("ListCollections")["CollectionIds"]
    api("CreateCollection", CollectionId=collection)
    assert api("DescribeCollection", CollectionId=collection)["FaceCount"] == 0
    assert api("ListFaces", CollectionId=collection)["Faces"] == []
    assert api("SearchFacesByImage", CollectionId=collection, Image=ASTRONAUT)["FaceMatches"] == []


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("DescribeCollection", {}),
        ("DeleteCollection", {}),
        ("IndexFaces", {"Image": ASTRONAUT}),
        ("ListFaces", {}),
        ("DeleteFaces", {"FaceIds": [NO_SUCH_FACE]}),
        ("SearchFaces", {"FaceId": NO_SUCH_FACE}),
        ("SearchFacesByImage", {"Image": ASTRONAUT}),
    ],
)
def test_a_collection_that_does_not_exist_is_said_so(api: Api, operation: str, members: dict[str, object]) -> None:
    code, text = api.refused(operation, CollectionId="never.made", **members)
    assert (code, text) == ("ResourceNotFoundException", "The collection id: never.made does not exist")


@pytest.fixture(scope="module")
def many(api: Api) -> Iterator[list[str]]:
    """Collections with names of 255 characters that differ at their end, and short ones that sort around them."""
    names = ["y" * 251 + f"{number:04}" for number in range(7)] + ["Y", "y", "z-1", "z.1", "z_1", "-", "0"]
    for name in names:
        api("CreateCollection", CollectionId=name)
    yield names
    for name in names:
        api("DeleteCollection", CollectionId=name)


def test_pages_of_long_names_join_in_ascii_order(api: Api, many: list[str]) -> None:
    listed: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = api("ListCollections", MaxResults=3, **token)
        assert page.keys() - {"NextToken"} == {"CollectionIds", "FaceModelVersions"}
        assert len(page["CollectionIds"]) == len(page["FaceModelVersions"]) > 0
        assert len(page["CollectionIds"]) <= 3
        listed += page["CollectionIds"]
        if "NextToken" not in page:
            break
        assert 0 < len(page["NextToken"]) <= 255
        token = {"NextToken": page["NextToken"]}
    assert listed == sorted(listed)
    assert len(set(listed)) == len(listed)
    assert set(many) <= set(listed)


def test_boto3s_paginator_sees_every_collection(api: Api, many: list[str]) -> None:
    pages = api.live.client().get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2})
    assert set(many) <= {name for page in pages for name in page["CollectionIds"]}


@pytest.mark.parametrize("wanted", [{}, {"MaxResults": 0}, {"MaxResults": 4096}])
def test_without_a_page_size_all_is_on_one_page(api: Api, many: list[str], wanted: dict[str, int]) -> None:
    page = api("ListCollections", **wanted)
    assert "NextToken" not in page
    assert set(many) <= set(page["CollectionIds"])


def test_a_page_that_ends_with_the_last_collection_has_no_token(api: Api, many: list[str]) -> None:
    total = len(api("ListCollections")["CollectionIds"])
    assert "NextToken" not in api("ListCollections", MaxResults=total)
    assert "NextToken" in api("ListCollections", MaxResults=total - 1)


def test_the_collections_of_one_page_may_be_deleted_before_the_next(api: Api) -> None:
    names = [f"zz-{number}" for number in range(4)]
    for name in names:
        api("CreateCollection", CollectionId=name)
    everyone = api("ListCollections")["CollectionIds"]
    page = api("ListCollections", MaxResults=everyone.index("zz-1") + 1)
    api("DeleteCollection", CollectionId="zz-1")
    rest = api("ListCollections", NextToken=page["NextToken"])["CollectionIds"]
    assert [name for name in rest if name.startswith("zz-")] == ["zz-2", "zz-3"]
    for name in ("zz-0", "zz-2", "zz-3"):
        api("DeleteCollection", CollectionId=name)
