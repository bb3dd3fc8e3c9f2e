"""Decodes any body to a typed request or to a named error, and nothing else."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.app import OPERATIONS
from mien.errors import (
    InvalidParameterError,
    SerializationError,
    UnknownOperationError,
    ValidationError,
)
from mien.operations.face import IndexFacesRequest
from mien.operations.tag import TagResourceRequest, TagsResponse, UntagResourceRequest
from mien.wire import awsjson
from mien.wire.members import shape_of

REQUESTS = sorted({operation.request for operation in OPERATIONS.values()}, key=lambda kind: kind.__name__)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["AUTO", "ALL", "aGk="]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
FACE = "0a1b2c3d-4e5f-4a6b-8c7d-0123456789ab"


def members(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Generates objects with the member names of `kind` and arbitrary values."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    inner = ["Bytes", "S3Object", "Bucket", "Name", "Version", "Other"]
    nested = ANY | st.dictionaries(st.sampled_from(inner), ANY | st.dictionaries(st.sampled_from(inner), ANY))
    return st.dictionaries(st.sampled_from([*names, "Other"]), nested)


def outcome(body: bytes, kind: type[msgspec.Struct]) -> msgspec.Struct | None:
    """Returns a typed request, or None for the two errors of decoding; any other error is raised."""
    try:
        request = awsjson.decode(body, kind)
    except (SerializationError, ValidationError) as error:
        encoded = json.loads(awsjson.encode_error(error))
        assert encoded["__type"] == error.code
        assert set(encoded) <= {"__type", "Message", "message"}
        return None
    assert type(request) is kind
    return request


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(REQUESTS), st.data())
def test_any_object_is_a_request_or_an_error(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    value = data.draw(members(kind))
    outcome(json.dumps(value).encode("utf-8", "surrogatepass"), kind)
    outcome(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), kind)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(REQUESTS), st.binary(max_size=60), st.binary(max_size=20))
def test_any_bytes_are_a_request_or_an_error(kind: type[msgspec.Struct], body: bytes, more: bytes) -> None:
    for each in (body, b"{" + body, b'{"CollectionId":"a' + body + b'"}', b'{"CollectionId":"a"}' + more):
        request = outcome(each, kind)
        try:
            value = json.loads(each.decode())
        except UnicodeDecodeError:
            continue  # in an unknown member it is passed over
        except ValueError:
            value = None
        assert request is None or isinstance(value, dict)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(REQUESTS), st.data())
def test_a_request_comes_through_its_own_encoding(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    request = outcome(json.dumps(data.draw(members(kind))).encode(), kind)
    if request is not None:
        assert awsjson.decode(awsjson.encode(request), kind) == request


@given(st.binary(min_size=1, max_size=300), st.text("abc_.-:", min_size=1, max_size=30), st.integers(1, 10**6))
def test_what_a_client_encodes_is_what_is_decoded(data: bytes, external: str, most: int) -> None:
    body = {
        "CollectionId": "c", "Image": {"Bytes": base64.b64encode(data).decode()}, "ExternalImageId": external,
        "MaxFaces": most, "QualityFilter": None, "DetectionAttributes": [], "Unknown": {"deep": [None, {}]},
    }  # fmt: skip
    request = awsjson.decode(json.dumps(body, indent=1).encode(), IndexFacesRequest)
    assert (request.image.bytes, request.image.s3_object) == (data, None)
    assert (request.external_image_id, request.max_faces) == (external, most)
    assert (request.quality_filter, request.detection_attributes) == (None, [])


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("escaped", [False, True])
@given(st.binary(min_size=1, max_size=300), st.integers(1, 80))
def test_base64_may_be_broken_into_lines(line_break: str, escaped: bool, data: bytes, width: int) -> None:
    whole = base64.b64encode(data).decode()
    lines = "".join(whole[start : start + width] + line_break for start in range(0, len(whole), width))
    body = json.dumps({"Image": {"Bytes": lines}})
    if escaped:
        body = body.replace(r"\n", r"\u000A").replace(r"\r", r"\u000d").replace("/", r"\/")
    request = awsjson.decode(body.encode(), OPERATIONS["DetectFaces"].request)
    assert request.image.bytes == data


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("aGVs\nbG8", "Base64 encoded length is expected a multiple of 4 bytes but found: 7"),
        ("aGV*\nbG8=", "Invalid Base64 character: '*'"), ("aGV\\\nbG8=", None),
        ("aGVs bG8", None), ("aGVs\tbG8=", None), ("=\nGVs", "Invalid Base64 character: '='"),
        ("aGV\u00e9\n", None), ("a\n===", None),
    ],
)  # fmt: skip
def test_what_is_no_base64_is_refused_whatever_its_lines(text: str, why: str | None) -> None:
    with pytest.raises(SerializationError) as caught:
        awsjson.decode(json.dumps({"Image": {"Bytes": text}}).encode(), OPERATIONS["DetectFaces"].request)
    assert why is None or str(caught.value).endswith(f"can not be converted to a Blob: {why}")


TAGS = st.text('ab,:é😀"\\ ]}', min_size=1, max_size=5)


@given(st.lists(TAGS, max_size=8), st.dictionaries(TAGS, TAGS | st.none(), max_size=8), st.booleans())
@settings(max_examples=30, deadline=None)
def test_what_is_read_within_bounds_is_what_is_read_whole(
    keys: list[str], tags: dict[str, str | None], ascii: bool
) -> None:
    """Texts with commas and spaces in between force the decoder to build entry by entry."""
    many = {key.replace("a", "a" + "," * 201): value for key, value in tags.items()}
    for names, wanted in ((keys, tags), (list(many), many)):
        text = json.dumps({"TagKeys": names, "Tags": wanted}, ensure_ascii=ascii)
        for body in (text, text.replace(": [", ": [" + " " * 10**6).replace(": {", ": {" + " " * 10**6)):
            read = {kind: shape_of(kind) for kind in (UntagResourceRequest, TagResourceRequest)}
            seen = [shape.build(msgspec.json.decode(body, type=shape.first)) for shape in read.values()]
            assert seen[0].tag_keys == names
            assert seen[1].tags == {name: value for name, value in wanted.items() if value is not None}


def test_a_map_that_hides_how_many_it_names_is_refused() -> None:
    tags = ",".join(['"a":"b"'] * 202)
    with pytest.raises(SerializationError):
        awsjson.decode(f'{{"ResourceArn":"{"a" * 20}","Tags":{{{tags}}}}}'.encode(), TagResourceRequest)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))))
def test_a_response_is_compact_json(tags: dict[str, str]) -> None:
    encoded = awsjson.encode(TagsResponse(tags=tags))
    assert json.loads(encoded) == {"Tags": tags}
    assert encoded == json.dumps({"Tags": tags}, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("depth", [10, 500, 5_000, 200_000])
@pytest.mark.parametrize("form", ['{"Other":%s%s}', '{"CollectionId":%s%s}', '{"CollectionId":null,"Other":%s%s}'])
def test_depth_ends_in_an_answer(form: str, depth: int) -> None:
    outcome((form % ("[" * depth, "]" * depth)).encode(), IndexFacesRequest)
    outcome((form % ('{"a":' * depth, "1" + "}" * depth)).encode(), IndexFacesRequest)


def test_nulls_count_as_absent_but_in_a_list() -> None:
    nulls = {"ResourceArn": "a" * 20, "Tags": {"a": "b", "c": None}}
    assert awsjson.decode(json.dumps(nulls).encode(), TagResourceRequest).tags == {"a": "b"}
    with pytest.raises(ValidationError) as caught:
        awsjson.decode(
            json.dumps({"CollectionId": "c", "FaceIds": [FACE, None]}).encode(), OPERATIONS["DeleteFaces"].request
        )
    assert caught.value.message == (
        "1 validation error detected: Value null at 'faceIds.2.member' failed to satisfy constraint: Member must not "
        "be null"
    )


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("RekognitionService.IndexFaces", "IndexFaces"), ("RekognitionService.X1", "X1"), (None, None), ("", None),
        ("Mien.ListPeople", "ListPeople"), ("Mien.", None), ("Mien", None), ("mien.ListPeople", None),
        ("Mien.List.People", None), ("Mien.ListPeople\n", None),
        ("RekognitionService.", None), ("RekognitionService", None), ("rekognitionservice.IndexFaces", None),
        ("Rekognition.IndexFaces", None), (" RekognitionService.IndexFaces", None),
        ("RekognitionService.IndexFaces ", None), ("RekognitionService.Index.Faces", None),
    ],
)  # fmt: skip
def test_a_target_names_an_operation(target: str | None, name: str | None) -> None:
    found = awsjson.own_target(target)
    assert (found and awsjson.operation_name(found)) == name


def test_an_errors_body_is_its_branchs() -> None:
    assert awsjson.encode_error(SerializationError()) == b'{"__type":"SerializationException"}'
    assert awsjson.encode_error(SerializationError("x")) == b'{"__type":"SerializationException","Message":"x"}'
    assert awsjson.encode_error(ValidationError("x")) == b'{"__type":"ValidationException","message":"x"}'
    assert awsjson.encode_error(UnknownOperationError()) == b'{"__type":"UnknownOperationException"}'
    body = json.loads(awsjson.encode_error(InvalidParameterError()))
    assert list(body) == ["__type", "Code", "Logref", "Message"]
    assert body["__type"] == body["Code"] == "InvalidParameterException"
    assert body["Message"] == "Request has invalid parameters"
