"""Bad requests by the hundred: each has exactly one answer, nothing is written, and the server still answers.

The table is in `bad/`; a row is (name, operation, body, status, code, text).
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from tests import photos
from tests.contract.bad import bodies, constraints, liveness, meaning, video
from tests.contract.bad.row import HERE, USED_TOKEN, USER, VALID, Row
from tests.live import Live

ROWS: list[Row] = constraints.ROWS + meaning.ROWS + liveness.ROWS + video.ROWS + bodies.ROWS
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
FRAMEWORK = {"SerializationException", "ValidationException", "UnknownOperationException"}
MODEL = botocore.session.get_session().get_service_model("rekognition")


def state(live: Live) -> dict[str, Any]:
    """All that a request of the table could have changed."""
    client = live.client()
    described = client.describe_collection(CollectionId=HERE)
    return {
        "collections": client.list_collections()["CollectionIds"],
        "counts": (described["FaceCount"], described["UserCount"]),
        "faces": client.list_faces(CollectionId=HERE)["Faces"],
        "users": client.list_users(CollectionId=HERE)["Users"],
        "tags": client.list_tags_for_resource(ResourceArn=described["CollectionARN"])["Tags"],
    }


@pytest.fixture(scope="module")
def place(live: Live) -> Iterator[Live]:
    """A collection with a face, a user and a tag; after the table all of it must be as it was."""
    client = live.client()
    client.create_collection(CollectionId=HERE, Tags={"kept": "as it is"})
    client.index_faces(CollectionId=HERE, Image={"Bytes": photos.hopper().data})
    client.create_user(CollectionId=HERE, UserId=USER, ClientRequestToken=USED_TOKEN)
    before = state(live)
    yield live
    assert live.process.poll() is None, "the server has ended"
    assert state(live) == before, "a bad request has changed something"
    client.delete_collection(CollectionId=HERE)


def sent(row: Row) -> bytes:
    if isinstance(row.body, bytes):
        return row.body
    members = VALID.get(row.operation, {}) | row.body
    absent = [name for name, value in members.items() if value is None]
    return json.dumps({name: value for name, value in members.items() if name not in absent}).encode()


def labels() -> list[str]:
    """A name for each row, with a number where two rows share one."""
    seen: Counter[str] = Counter()
    names = []
    for row in ROWS:
        name = f"{row.operation}: {row.name}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


@pytest.mark.parametrize("row", ROWS, ids=labels())
def test_bad_request(place: Live, row: Row) -> None:
    answer = place.post(row.operation, sent(row))
    assert answer.status == row.status
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    body = answer.json
    assert b'": ' not in answer.body.replace(json.dumps(row.text, ensure_ascii=False).encode(), b"")  # compact
    if row.code in FRAMEWORK:
        member = "Message" if row.code == "SerializationException" else "message"
        assert body == {"__type": row.code} | ({} if row.text is None else {member: row.text})
    else:
        assert UUID.fullmatch(body.pop("Logref"))
        assert body == {"__type": row.code, "Code": row.code, "Message": row.text}


def test_the_table_is_long_and_calls_every_operation() -> None:
    assert len(ROWS) >= 200
    assert {row.operation for row in ROWS} >= set(MODEL.operation_names)


@pytest.mark.parametrize("operation", sorted(VALID))
def test_every_request_member_stands_in_the_table(operation: str) -> None:
    """A member added to the struct asks for a row here."""
    tried = {name for row in ROWS if row.operation == operation and isinstance(row.body, dict) for name in row.body}
    assert tried >= set(MODEL.operation_model(operation).input_shape.members)


def test_an_operation_answers_only_the_errors_it_declares() -> None:
    for row in ROWS:
        if row.code not in FRAMEWORK:
            declared = {shape.name for shape in MODEL.operation_model(row.operation).error_shapes}
            assert row.code in declared, (row.operation, row.name)


@pytest.mark.parametrize("what", bodies.TARGETS, ids=lambda what: what[0])
def test_bad_target(place: Live, what: tuple[str, str | None, str, int, bytes]) -> None:
    _, target, content_type, status, body = what
    headers = {"Content-Type": content_type} | ({} if target is None else {"X-Amz-Target": target})
    answer = place.send("POST", "/", b"{}", headers)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_only_post_calls(place: Live, method: str) -> None:
    headers = {"Content-Type": bodies.JSON, "X-Amz-Target": "RekognitionService.ListCollections"}
    answer = place.send(method, "/", b"{}", headers)
    assert answer.status == 403
    assert method == "HEAD" or answer.body == bodies.NOT_A_CALL


@pytest.mark.parametrize("change", ["other operation", "other collection", "other filter", "a letter", "cut", "longer"])
def test_a_token_is_good_for_its_listing_alone(place: Live, change: str) -> None:
    client, other = place.client(), f"{HERE}-other"
    client.create_collection(CollectionId=other)
    try:
        for name in ("one", "two"):
            client.create_user(CollectionId=other, UserId=name)
        token = client.list_users(CollectionId=other, MaxResults=1)["NextToken"]
        operation, body = {
            "other operation": ("ListFaces", {"CollectionId": other, "NextToken": token}),
            "other collection": ("ListUsers", {"CollectionId": HERE, "NextToken": token}),
            "other filter": ("ListFaces", {"CollectionId": other, "NextToken": token, "UserId": "one"}),
            "a letter": ("ListUsers", {"CollectionId": other, "NextToken": token[:-1] + chr(ord(token[-1]) ^ 1)}),
            "cut": ("ListUsers", {"CollectionId": other, "NextToken": token[:-5]}),
            "longer": ("ListUsers", {"CollectionId": other, "NextToken": token + token}),
        }[change]
        answer = place.post(operation, json.dumps(body).encode())
        assert (answer.status, answer.json["__type"]) == (400, "InvalidPaginationTokenException")
        assert answer.json["Message"] == "Invalid Pagination Token"
        assert client.list_users(CollectionId=other, NextToken=token)["Users"] == [
            {"UserId": "two", "UserStatus": "CREATED"}
        ]
    finally:
        client.delete_collection(CollectionId=other)
