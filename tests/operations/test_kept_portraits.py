"""Portraits over HTTP: kept where a collection says so, shown upright, and gone with their face."""

import base64
import io
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

from tests import photos
from tests.operations.api import ASTRONAUT, CROWD, NO_SUCH_FACE, NOBODY, Api, image

KEEPS = {"mien:portraits": "true"}
MOST = 8 * 1024


@pytest.fixture
def keeping(api: Api) -> Iterator[str]:
    """A collection that keeps portraits."""
    name = f"portraits-{uuid4()}"
    api("CreateCollection", CollectionId=name, Tags=KEEPS)
    yield name
    api("DeleteCollection", CollectionId=name)


def indexed(api: Api, collection: str, picture: Any, **members: Any) -> list[str]:
    answer = api("IndexFaces", CollectionId=collection, Image=picture, QualityFilter="NONE", **members)
    return [each["Face"]["FaceId"] for each in answer["FaceRecords"]]


def portraits(api: Api, collection: str, faces: list[str]) -> list[Any]:
    found: list[Any] = api("Mien.GetPortraits", CollectionId=collection, FaceIds=faces)["Portraits"]
    return found


def shown(portrait: Any) -> photos.Pixels:
    """The pixels of a portrait as a browser reads them."""
    data = base64.b64decode(portrait["Bytes"])
    assert len(data) <= MOST
    with Image.open(io.BytesIO(data)) as opened:
        assert (opened.format, opened.mode) == ("JPEG", "RGB")
        assert opened.size == (portrait["Width"], portrait["Height"])
        assert not opened.getexif()
        return np.asarray(opened)


def alike(one: photos.Pixels, other: photos.Pixels) -> float:
    """The correlation of the middles of two portraits."""
    middle = slice(48, 144)
    return float(np.corrcoef(one[middle, middle].ravel(), other[middle, middle].ravel())[0, 1])


def test_each_face_of_a_picture_gets_its_own(api: Api, keeping: str) -> None:
    faces = indexed(api, keeping, CROWD)
    assert len(faces) == 4
    found = portraits(api, keeping, faces[::-1])
    assert [each["FaceId"] for each in found] == faces[::-1]
    assert all(each["Width"] == each["Height"] >= 160 for each in found)
    hopper, astronaut, small_astronaut, small_hopper = (shown(each) for each in found[::-1])
    assert alike(hopper, small_hopper) > 0.7
    assert alike(hopper, astronaut) < 0.5
    assert alike(astronaut, small_astronaut) > 0.7


def test_it_can_be_searched_by(api: Api, keeping: str) -> None:
    face, *_ = indexed(api, keeping, ASTRONAUT)
    (portrait,) = portraits(api, keeping, [face])
    answer = api("SearchFacesByImage", CollectionId=keeping, Image={"Bytes": portrait["Bytes"]})
    assert answer["FaceMatches"][0]["Face"]["FaceId"] == face
    assert answer["FaceMatches"][0]["Similarity"] > 99.9


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_face_stands_upright_in_its_portrait(api: Api, keeping: str, quarters: int) -> None:
    upright = indexed(api, keeping, ASTRONAUT)
    turned = indexed(api, keeping, image(photos.encoded(np.rot90(photos.astronaut().pixels, quarters), "PNG")))
    one, other = (shown(each) for each in portraits(api, keeping, [*upright, *turned]))
    assert alike(one, other) > 0.6
    assert all(alike(one, np.rot90(other, turn)) < 0.4 for turn in (1, 2, 3))


def test_a_face_without_one_is_left_out(api: Api, collection: str, keeping: str) -> None:
    kept, not_kept = indexed(api, keeping, ASTRONAUT), indexed(api, collection, ASTRONAUT)
    assert portraits(api, collection, not_kept) == []
    assert portraits(api, keeping, not_kept) == []
    assert portraits(api, collection, kept) == []
    assert [each["FaceId"] for each in portraits(api, keeping, [NO_SUCH_FACE, *kept, *kept])] == kept
    assert indexed(api, keeping, NOBODY) == []


def test_a_picture_that_another_operation_saw_before_gives_the_same_portrait(api: Api, keeping: str) -> None:
    """The image cache holds its faces, but no portraits."""
    picture = image(photos.encoded(photos.resized(photos.hopper().pixels, 0.61), "PNG"))
    first = indexed(api, keeping, picture, ExternalImageId="one")
    for operation in ("DetectFaces", "IndexFaces"):
        members = {"CollectionId": keeping, "ExternalImageId": operation} if operation == "IndexFaces" else {}
        api(operation, Image=picture, **members)
    again = indexed(api, keeping, picture, ExternalImageId="two")
    one, other = portraits(api, keeping, [*first, *again])
    assert first != again
    assert one["Bytes"] == other["Bytes"]


def test_it_goes_with_its_face(api: Api, keeping: str) -> None:
    faces = indexed(api, keeping, CROWD)
    api("DeleteFaces", CollectionId=keeping, FaceIds=faces[:1])
    assert [each["FaceId"] for each in portraits(api, keeping, faces)] == faces[1:]


def test_what_is_asked_for_is_bounded(api: Api, keeping: str) -> None:
    assert portraits(api, keeping, [NO_SUCH_FACE] * 100) == []
    for faces in ([], [NO_SUCH_FACE] * 101, ["not-an-id"]):
        code, _ = api.refused("Mien.GetPortraits", CollectionId=keeping, FaceIds=faces)
        assert code == "ValidationException"
    code, _ = api.refused("Mien.GetPortraits", CollectionId="missing", FaceIds=[NO_SUCH_FACE])
    assert code == "ResourceNotFoundException"
    code, _ = api.refused("GetPortraits", CollectionId=keeping, FaceIds=[NO_SUCH_FACE])
    assert code == "UnknownOperationException"


def test_the_choice_is_made_with_the_collection_and_stays(api: Api, collection: str, keeping: str) -> None:
    arns = [f"aws:rekognition:us-east-1:000000000000:collection/{name}" for name in (collection, keeping)]
    assert [api("ListTagsForResource", ResourceArn=each)["Tags"] for each in arns] == [{}, KEEPS]
    for arn, value in zip(arns, ("true", "false"), strict=True):
        code, text = api.refused("TagResource", ResourceArn=arn, Tags={"mien:portraits": value, "other": "x"})
        assert code == "InvalidParameterException"
        assert "chosen when a collection is made" in text
    code, _ = api.refused("UntagResource", ResourceArn=arns[1], TagKeys=["mien:portraits"])
    assert code == "InvalidParameterException"
    assert [api("ListTagsForResource", ResourceArn=each)["Tags"] for each in arns] == [{}, KEEPS]
    for arn, value in zip(arns, ("false", "true"), strict=True):  # which changes nothing, as tools that repeat tags do
        api("TagResource", ResourceArn=arn, Tags={"mien:portraits": value, "other": "x"})
    api("UntagResource", ResourceArn=arns[0], TagKeys=["mien:portraits", "other"])
    api("UntagResource", ResourceArn=arns[1], TagKeys=["other"])
    assert [api("ListTagsForResource", ResourceArn=each)["Tags"] for each in arns] == [{}, KEEPS]


@pytest.mark.parametrize("value", ["True", "yes", "1", ""])
def test_the_tag_is_true_or_false(api: Api, value: str) -> None:
    name = f"portraits-{uuid4()}"
    code, text = api.refused("CreateCollection", CollectionId=name, Tags={"mien:portraits": value})
    assert (code, "true or false" in text) == ("InvalidParameterException", True)
    code, _ = api.refused("DescribeCollection", CollectionId=name)
    assert code == "ResourceNotFoundException"
