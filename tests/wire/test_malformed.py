"""Malformed requests get the error of the reference, never a 500, and leave nothing behind."""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests import photos
from tests.live import Answer, Live

BYTES = base64.b64encode(photos.astronaut().data).decode()
IMAGE = {"Bytes": BYTES}
FACE = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def collection(live: Live) -> Iterator[str]:
    """Creates a collection that must stay empty, which is checked after every test below."""
    name = f"untouched-{uuid.uuid4()}"
    assert live.post("CreateCollection", json.dumps({"CollectionId": name}).encode()).status == 200
    yield name
    live.post("DeleteCollection", json.dumps({"CollectionId": name}).encode())


@pytest.fixture(autouse=True)
def nothing_is_left_behind(live: Live, collection: str) -> Iterator[None]:
    before = live.post("ListCollections", b"{}").json["CollectionIds"]
    yield
    assert live.post("ListCollections", b"{}").json["CollectionIds"] == before
    described = live.post("DescribeCollection", json.dumps({"CollectionId": collection}).encode())
    assert described.json["FaceCount"] == 0


def send(live: Live, operation: str, **members: Any) -> Answer:
    return live.post(operation, json.dumps(members).encode())


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"null", b"[]", b"[{}]", b'"text"', b"5", b"no json", b"{", b'{"a"', b'{"a":}', b"{'a':1}", b"{}{}",
     b"{} x", b"\xff\xfe{}", b'{"CollectionId":NaN}', b"<xml/>", b"CollectionId=x"],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_a_serialization_exception(live: Live, body: bytes) -> None:
    for operation in ("ListCollections", "DescribeCollection", "IndexFaces"):
        answer = live.post(operation, body)
        assert (answer.status, answer.body) == (400, b'{"__type":"SerializationException"}')


def test_a_text_that_is_no_utf8_is_a_serialization_exception(live: Live) -> None:
    assert live.post("DescribeCollection", b'{"CollectionId":"\xff"}').json["__type"] == "SerializationException"


def test_a_body_nested_a_thousand_deep_is_refused(live: Live) -> None:
    deep = b'{"Image":' * 5000 + b"1" + b"}" * 5000
    assert live.post("DetectFaces", deep).json["__type"] == "SerializationException"
    ignored = b'{"Ignored":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert live.post("ListCollections", ignored).status in (200, 400)


@pytest.mark.parametrize(
    ("operation", "members", "words"),
    [
        ("DescribeCollection", {"CollectionId": ["a"]}, "Start of list found where not expected"),
        ("DescribeCollection", {"CollectionId": {"a": 1}}, "Start of structure or map found where not expected"),
        ("ListCollections", {"MaxResults": "5"}, "class java.lang.String can not be converted to an Integer"),
        ("ListCollections", {"MaxResults": []}, "Start of list found where not expected"),
        ("DetectFaces", {"Image": []}, "Start of list found where not expected"),
        ("DetectFaces", {"Image": {"Bytes": {}}}, "Start of structure or map found where not expected"),
    ],
)
def test_a_member_of_the_wrong_json_type_is_told_in_awss_words(
    live: Live, operation: str, members: dict[str, Any], words: str
) -> None:
    answer = send(live, operation, **members)
    assert answer.status == 400
    assert answer.json.keys() == {"__type", "Message"}
    assert answer.json["__type"] == "SerializationException"
    assert answer.json["Message"].removesuffix(".") == words


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("DescribeCollection", {"CollectionId": 5}),
        ("DescribeCollection", {"CollectionId": True}),
        ("ListCollections", {"MaxResults": True}),
        ("DetectFaces", {"Image": "text"}),
        ("DetectFaces", {"Image": 5}),
        ("DetectFaces", {"Image": {"Bytes": 5}}),
        ("DetectFaces", {"Image": {"S3Object": "bucket/key"}}),
        ("DetectFaces", {"Image": IMAGE, "Attributes": "ALL"}),
        ("DetectFaces", {"Image": IMAGE, "Attributes": [["ALL"]]}),
        ("DetectFaces", {"Image": IMAGE, "Attributes": {"0": "ALL"}}),
        ("DeleteFaces", {"CollectionId": "x", "FaceIds": FACE}),
        ("SearchFaces", {"CollectionId": "x", "FaceId": FACE, "FaceMatchThreshold": "high"}),
    ],
)
def test_any_other_wrong_type_is_a_serialization_exception(live: Live, operation: str, members: dict[str, Any]) -> None:
    answer = send(live, operation, **members)
    assert (answer.status, answer.json["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    "blob", ["not base64!", "a", "YWJj=", "data:image/png;base64," + BYTES, BYTES[:-3], BYTES.replace("/", "_"), "é"]
)
def test_bad_base64_is_a_serialization_exception(live: Live, collection: str, blob: str) -> None:
    for operation in ("DetectFaces", "IndexFaces"):
        answer = send(live, operation, CollectionId=collection, Image={"Bytes": blob})
        assert (answer.status, answer.json["__type"]) == (400, "SerializationException")


def told(*complaints: str) -> str:
    return f"{len(complaints)} validation error{'s' * (len(complaints) > 1)} detected: {'; '.join(complaints)}"


def failed(value: str, path: str, words: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {words}"


NULL = "Member must not be null"
ID = r"Member must satisfy regular expression pattern: [a-zA-Z0-9_.\-]+"
UUID_TEXT = (
    "Member must satisfy regular expression pattern: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
LONG = "x" * 256
SHORT = "Member must have length greater than or equal to 1"
CONSTRAINTS: list[tuple[str, dict[str, Any], str]] = [
    ("CreateCollection", {}, told(failed("null", "collectionId", NULL))),
    ("CreateCollection", {"CollectionId": None}, told(failed("null", "collectionId", NULL))),
    ("CreateCollection", {"CollectionId": ""},
     told(failed("''", "collectionId", SHORT), failed("''", "collectionId", ID))),
    ("CreateCollection", {"CollectionId": "a b"}, told(failed("'a b'", "collectionId", ID))),
    ("CreateCollection", {"CollectionId": "a/b"}, told(failed("'a/b'", "collectionId", ID))),
    ("CreateCollection", {"CollectionId": "größe"}, told(failed("'größe'", "collectionId", ID))),
    ("CreateCollection", {"CollectionId": "a\n"}, told(failed("'a\n'", "collectionId", ID))),
    ("CreateCollection", {"CollectionId": LONG},
     told(failed(f"'{LONG}'", "collectionId", "Member must have length less than or equal to 255"))),
    ("IndexFaces", {}, told(failed("null", "collectionId", NULL), failed("null", "image", NULL))),
    ("IndexFaces", {"CollectionId": "x", "Image": IMAGE, "MaxFaces": 0},
     told(failed("'0'", "maxFaces", "Member must have value greater than or equal to 1"))),
    ("IndexFaces", {"CollectionId": "x", "Image": IMAGE, "QualityFilter": "auto"},
     told(failed("'auto'", "qualityFilter", "Member must satisfy enum value set: [NONE, AUTO, LOW, MEDIUM, HIGH]"))),
    ("IndexFaces", {"CollectionId": "x", "Image": IMAGE, "ExternalImageId": "a b"}, told(failed(
        "'a b'", "externalImageId", r"Member must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"))),
    ("DetectFaces", {}, told(failed("null", "image", NULL))),
    ("DetectFaces", {"Image": {"Bytes": ""}},
     told(failed("'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]'", "image.bytes", SHORT))),
    ("DetectFaces", {"Image": {"S3Object": {"Bucket": "ab", "Name": "x"}}},
     told(failed("'ab'", "image.s3Object.bucket", "Member must have length greater than or equal to 3"))),
    ("SearchFaces", {"CollectionId": "x", "FaceId": "x"}, told(failed("'x'", "faceId", UUID_TEXT))),
    ("SearchFaces", {"CollectionId": "x", "FaceId": FACE.replace("1", "A")},
     told(failed(f"'{FACE.replace('1', 'A')}'", "faceId", UUID_TEXT))),
    ("SearchFaces", {"CollectionId": "x", "FaceId": FACE, "MaxFaces": 4097},
     told(failed("'4097'", "maxFaces", "Member must have value less than or equal to 4096"))),
    ("SearchFaces", {"CollectionId": "x", "FaceId": FACE, "FaceMatchThreshold": 100.5},
     told(failed("'100.5'", "faceMatchThreshold", "Member must have value less than or equal to 100"))),
    ("CompareFaces", {"SourceImage": IMAGE}, told(failed("null", "targetImage", NULL))),
    ("CompareFaces", {"SourceImage": IMAGE, "TargetImage": IMAGE, "SimilarityThreshold": -1},
     told(failed("'-1.0'", "similarityThreshold", "Member must have value greater than or equal to 0"))),
    ("ListFaces", {"CollectionId": "x", "MaxResults": 4097},
     told(failed("'4097'", "maxResults", "Member must have value less than or equal to 4096"))),
    ("ListFaces", {"CollectionId": "x", "FaceIds": []}, told(failed("'[]'", "faceIds", SHORT))),
    ("ListCollections", {"MaxResults": -1},
     told(failed("'-1'", "maxResults", "Member must have value greater than or equal to 0"))),
    ("ListCollections", {"NextToken": LONG},
     told(failed(f"'{LONG}'", "nextToken", "Member must have length less than or equal to 255"))),
    ("DeleteFaces", {"CollectionId": "x", "FaceIds": [FACE, "no"]},
     told(failed("'no'", "faceIds.2.member", UUID_TEXT))),
    ("DeleteFaces", {"CollectionId": "x"}, told(failed("null", "faceIds", NULL))),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "members", "text"), CONSTRAINTS)
def test_a_broken_constraint_is_a_validation_exception_in_awss_words(
    live: Live, operation: str, members: dict[str, Any], text: str
) -> None:
    answer = send(live, operation, **members)
    assert answer.status == 400
    assert answer.json == {"__type": "ValidationException", "message": text}


def test_4097_face_ids_are_too_many(live: Live, collection: str) -> None:
    answer = send(live, "DeleteFaces", CollectionId=collection, FaceIds=[FACE] * 4097)
    assert answer.json["__type"] == "ValidationException"
    assert answer.json["message"].endswith("Member must have length less than or equal to 4096")
    assert send(live, "DeleteFaces", CollectionId=collection, FaceIds=[FACE] * 4096).status == 200


def test_an_inline_image_over_5_mib_is_a_validation_exception(live: Live, collection: str) -> None:
    blob = base64.b64encode(b"\xff" * 5_242_881).decode()
    answer = send(live, "IndexFaces", CollectionId=collection, Image={"Bytes": blob})
    assert answer.json["message"] == told(
        failed(
            "'java.nio.HeapByteBuffer[pos=0 lim=5242881 cap=5242881]'",
            "image.bytes",
            "Member must have length less than or equal to 5242880",
        )
    )
    allowed = base64.b64encode(photos.astronaut().data.ljust(5_242_880, b"\0")).decode()
    assert send(live, "DetectFaces", Image={"Bytes": allowed}).status == 200


@pytest.mark.parametrize("image", [{}, {"Bytes": None}, IMAGE | {"S3Object": {"Bucket": "bucket", "Name": "key"}}])
def test_neither_or_both_of_bytes_and_s3_object_is_an_invalid_parameter(
    live: Live, collection: str, image: dict[str, Any]
) -> None:
    for operation in ("DetectFaces", "IndexFaces", "SearchFacesByImage"):
        body = send(live, operation, CollectionId=collection, Image=image).json
        assert uuid.UUID(body.pop("Logref")).version == 4
        assert body == {
            "__type": "InvalidParameterException",
            "Code": "InvalidParameterException",
            "Message": "Request has invalid parameters",
        }


@pytest.mark.parametrize(
    "target",
    ["RekognitionService.DetectLabels", "RekognitionService.detectfaces", "RekognitionService.",
     "OtherService.ListCollections", "ListCollections", "", "RekognitionService.__class__",
     "RekognitionService.ListCollections.x", "RekognitionService.List Collections"],
)  # fmt: skip
def test_an_unknown_operation_is_said_so(live: Live, target: str) -> None:
    answer = live.post(None, b"{}", {"X-Amz-Target": target})
    assert answer.status == 400
    assert answer.json["__type"] == "UnknownOperationException"


def test_an_api_call_without_a_target_is_an_unknown_operation(live: Live) -> None:
    answer = live.post(None, b"{}")
    assert (answer.status, answer.json) == (400, {"__type": "UnknownOperationException"})


def test_the_body_is_looked_at_before_the_operation(live: Live) -> None:
    assert live.post("DetectLabels", b"").json == {"__type": "SerializationException"}


def test_members_that_do_not_exist_are_ignored(live: Live) -> None:
    answer = send(live, "DetectFaces", Image=IMAGE | {"Url": "x"}, Unknown={"a": [1, None]}, attributes=["ALL"])
    assert answer.status == 200
    assert len(answer.json["FaceDetails"]) == 1


def test_a_null_counts_as_absent_at_every_depth(live: Live, collection: str) -> None:
    answer = send(
        live, "DetectFaces", Image=IMAGE | {"S3Object": None}, Attributes=None, Other=None
    )  # fmt: skip
    assert answer.status == 200
    answer = send(live, "ListFaces", CollectionId=collection, MaxResults=None, NextToken=None, FaceIds=None)
    assert answer.status == 200
    answer = send(live, "DetectFaces", Image={"Bytes": None, "S3Object": None})
    assert answer.json["__type"] == "InvalidParameterException"


def test_a_threshold_may_be_a_whole_number(live: Live, collection: str) -> None:
    for threshold in (80, 80.0, 0, 100):
        answer = send(live, "SearchFaces", CollectionId=collection, FaceId=FACE, FaceMatchThreshold=threshold)
        assert answer.json["Message"] == "faceId was not found in the collection"


def test_numbers_beyond_every_range_are_refused_by_name(live: Live) -> None:
    for number in (10**40, -(10**40), 2**63):
        answer = send(live, "ListCollections", MaxResults=number)
        assert answer.json["__type"] in ("SerializationException", "ValidationException")
