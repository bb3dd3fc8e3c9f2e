"""Every operation, asked with members that are missing or of another kind, and by keys that may not ask."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from mien.access.grant import KEY_OPERATIONS
from mien.operations.table import EVERY, EXTENSIONS
from tests import photos
from tests.access.test_key import call
from tests.live import Live
from tests.locked import Locked

ABSENT = str(uuid4())
MEMBERS: dict[str, Any] = {
    "CollectionId": "club", "UserId": "ann", "FaceId": ABSENT, "FaceIds": [ABSENT], "DisplayName": "Ann",
    "GroupId": ABSENT, "Tags": {"mien:portraits": "true"},
    "Verdict": "SAME", "Others": ["bea"], "OtherUserId": "bea", "OtherFaceIds": [ABSENT], "MaxResults": 5,
    "NextToken": "next", "Contains": "a", "SortBy": "NEWEST", "SameName": "ANOTHER", "Portrait": ABSENT,
    "NewUserId": "cea", "Image": {"Bytes": ""}, "Hidden": True, "Name": "key", "Rate": 1.0, "ExpiresAt": 4e9,
    "Operations": ["*"], "Collections": ["*"], "Buckets": ["*"], "UserMatchThreshold": 80, "MaxPeople": 2,
    "PersonMatchThreshold": 80, "QualityFilter": "NONE", "Embeddings": True, "ClientRequestToken": "t",
}  # fmt: skip
ODD: list[Any] = [
    None, 0, -1, 1.5, 10**30, 1e308, True, "", "\0", "x" * 5000, "\ud800", ABSENT, [], [None], [1], [[]], ["\0"], {},
    {"Bytes": 1}, {"Bytes": None}, {"Bytes": "!"}, {"Bytes": "AAAA"}, {"S3Object": {}}, {"S3Object": {"Bucket": "b"}},
]  # fmt: skip
OWN = [*EXTENSIONS, *KEY_OPERATIONS]


@pytest.mark.parametrize("operation", OWN)
def test_what_is_missing_or_of_another_kind_is_a_bad_request(live: Live, operation: str) -> None:
    """None of them is the server's fault, whatever else is there."""
    wrong = []
    bodies = [{}, *({name: value} | rest for name in MEMBERS for value in ODD for rest in ({}, _others(name)))]
    for body in bodies:
        answer = live.post(f"Mien.{operation}", json.dumps(body).encode())
        if answer.status not in (200, 400):
            wrong.append((answer.status, body))
    assert not wrong


def _others(name: str) -> dict[str, Any]:
    """Returns the members that most operations require, but for one."""
    required = ("CollectionId", "UserId", "FaceIds", "GroupId", "Verdict", "Others", "Image")
    return {each: MEMBERS[each] for each in required if each != name}


@pytest.fixture
def club(locked: Locked) -> Iterator[dict[str, Any]]:
    """A collection with a person and an unknown face, and members that every operation on it takes."""
    client = locked.client(locked.admin)
    client.create_collection(CollectionId="club", Tags={"mien:portraits": "true"})
    faces = []
    for picture in (photos.astronaut(), photos.hopper()):
        indexed = client.index_faces(CollectionId="club", Image={"Bytes": picture.data})
        faces.append(indexed["FaceRecords"][0]["Face"]["FaceId"])
    client.create_user(CollectionId="club", UserId="ann")
    client.create_user(CollectionId="club", UserId="bea")
    client.associate_faces(CollectionId="club", UserId="ann", FaceIds=faces[:1])
    image = {"Bytes": base64.b64encode(photos.hopper().data).decode()}
    yield MEMBERS | {"FaceIds": faces[1:], "GroupId": faces[1], "Image": image}
    client.delete_collection(CollectionId="club")


def test_no_operation_tells_or_changes_what_a_key_may_not_see(locked: Locked, club: dict[str, Any]) -> None:
    """Each is refused before it is looked at, so that a refusal says nothing of what is there."""
    with_collection = [name for name, each in EVERY.items() if "collection_id" in each.request.__struct_fields__]
    assert {"GetPortraits", "ListGroups", "ListPeople", "MergePeople", "Judge"} <= set(with_collection)
    before = _seen(locked)
    other = locked.key(f"other-{uuid4().hex[:8]}", collections=("other-*",))
    searches = locked.key(f"searches-{uuid4().hex[:8]}", operations=("Search*",))
    members = club | {"Video": {"S3Object": {"Bucket": "films", "Name": "film.mp4"}}}
    for name in with_collection:
        target = f"Mien.{name}" if name in EXTENSIONS else f"RekognitionService.{name}"
        keys = [other] if name.startswith("Search") else [other, searches]
        for key in keys:
            answers = [
                call(locked, key, target, **_taken(name, members | {"CollectionId": collection}))
                for collection in ("club", "absent")
            ]
            assert [each.get("__type") for each in answers] == ["AccessDeniedException"] * 2, (name, answers)
    assert _seen(locked) == before


def _taken(name: str, members: dict[str, Any]) -> dict[str, Any]:
    """Returns the members that an operation has."""
    fields = EVERY[name].request.__struct_encode_fields__
    return {each: value for each, value in members.items() if each in fields}


def _seen(locked: Locked) -> tuple[Any, ...]:
    client = locked.client(locked.admin)
    people = call(locked, locked.admin, "Mien.ListPeople", CollectionId="club")["People"]
    return (
        people,
        client.list_faces(CollectionId="club")["Faces"],
        client.describe_collection(CollectionId="club")["FaceCount"],
    )
