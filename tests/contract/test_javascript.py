"""The JavaScript SDK, which holds nothing against the model itself and so sends whatever it is given."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests import photos
from tests.javascript import installed
from tests.live import Live
from tests.locked import Key, Locked

Calls = list[tuple[str, dict[str, Any]]]
Run = Callable[..., list[dict[str, Any]]]
PROGRAM = Path(__file__).with_name("calls.mjs")
HEX = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ONE = "1 validation error detected: Value "


@pytest.fixture(scope="session")
def javascript(packs: str) -> Run:  # nothing is installed where there is no pack to call with
    """Runs calls with the SDK."""
    node, folder = installed()
    shutil.copy(PROGRAM, folder / PROGRAM.name)  # a program finds its packages beside itself

    def run(address: str, calls: Calls, key: Key | None = None, **settings: Any) -> list[dict[str, Any]]:
        client = {
            "endpoint": address,
            "credentials": {
                "accessKeyId": key.id if key else "any", "secretAccessKey": key.secret if key else "any",
            },
        } | settings  # fmt: skip
        if not address:
            del client["endpoint"]
        done = subprocess.run(
            [node, folder / PROGRAM.name], input=json.dumps({"client": client, "calls": calls}), cwd=folder,
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        outcomes: list[dict[str, Any]] = json.loads(done.stdout)
        return outcomes

    return run


def test_the_happy_path(javascript: Run, live: Live, tmp_path: Path) -> None:
    image, pair = tmp_path / "hopper.jpg", tmp_path / "pair.jpg"
    image.write_bytes(photos.hopper().data)
    pair.write_bytes(photos.pair())
    hopper, both = {"Bytes": {"$file": str(image)}}, {"Bytes": {"$file": str(pair)}}
    where = {"CollectionId": f"javascript-{uuid4()}"}
    outcomes = javascript(live.address, [
        ("CreateCollection", where | {"Tags": {"team": "a"}}),
        ("IndexFaces", where | {"Image": hopper, "ExternalImageId": "hopper", "DetectionAttributes": ["ALL"]}),
        ("IndexFaces", where | {"Image": both, "MaxFaces": 1}),
        ("SearchFacesByImage", where | {"Image": hopper}),
        ("CompareFaces", {"SourceImage": hopper, "TargetImage": both, "SimilarityThreshold": 90}),
        *(("CreateUser", where | {"UserId": f"u{number}"}) for number in range(3)),
        ("paginateListUsers", where),
        ("DescribeCollection", where),
        ("ListCollections", {}),
        ("SearchUsersByImage", where | {"Image": hopper}),
        ("DeleteUser", where | {"UserId": "u1"}),
        ("DeleteCollection", where),
        ("CreateFaceLivenessSession", {"Settings": {"ChallengePreferences": [{"Type": "FaceMovementChallenge"}]}}),
    ])  # fmt: skip
    assert not [outcome for outcome in outcomes if "name" in outcome]
    answers: list[Any] = [outcome.get("answer") for outcome in outcomes]
    (record,) = answers[1]["FaceRecords"]
    assert record["Face"]["ExternalImageId"] == "hopper"
    assert len(record["FaceDetail"]["Landmarks"]) == 30
    assert answers[2]["UnindexedFaces"][0]["Reasons"] == ["EXCEEDS_MAX_FACES"]
    assert answers[3]["FaceMatches"][0]["Face"]["FaceId"] == record["Face"]["FaceId"]
    assert (len(answers[4]["FaceMatches"]), len(answers[4]["UnmatchedFaces"])) == (1, 1)
    pages = [[user["UserId"] for user in page["Users"]] for page in outcomes[8]["pages"]]
    assert pages == [["u0", "u1"], ["u2"]]
    assert outcomes[9]["created"]  # a timestamp that the SDK reads
    assert (answers[9]["FaceCount"], answers[9]["UserCount"]) == (2, 3)
    assert where["CollectionId"] in answers[10]["CollectionIds"]
    assert answers[11]["UserMatches"] == []
    assert str(UUID(answers[14]["SessionId"])) == answers[14]["SessionId"]
    assert len({answer["$metadata"]["requestId"] for answer in answers if answer}) == len(outcomes) - 1


# (command, input, the error's name, its class in the SDK, its message)
BAD: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("CreateCollection", {}, "ValidationException", "RekognitionServiceException",
     f"{ONE}null at 'collectionId' failed to satisfy constraint: Member must not be null"),
    ("CreateCollection", {"CollectionId": "a b"}, "ValidationException", "RekognitionServiceException",
     rf"{ONE}'a b' at 'collectionId' failed to satisfy constraint: Member must satisfy regular expression pattern: "
     r"[a-zA-Z0-9_.\-]+"),
    ("SearchFaces", {"CollectionId": "c", "FaceId": "x"}, "ValidationException", "RekognitionServiceException",
     f"{ONE}'x' at 'faceId' failed to satisfy constraint: Member must satisfy regular expression pattern: {HEX}"),
    ("ListFaces", {"CollectionId": "c", "MaxResults": 5000}, "ValidationException", "RekognitionServiceException",
     f"{ONE}'5000' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 4096"),
    ("ListFaces", {"CollectionId": "c", "MaxResults": "10"}, "SerializationException", "RekognitionServiceException",
     "class java.lang.String can not be converted to an Integer"),
    ("DeleteFaces", {"CollectionId": "c", "FaceIds": "one"}, "SerializationException", "RekognitionServiceException",
     "Expected list or null"),
    ("DetectFaces", {"Image": {}}, "InvalidParameterException", "InvalidParameterException",
     "Request has invalid parameters"),
    ("DetectFaces", {"Image": {"S3Object": {"Bucket": "abc", "Name": "n"}}}, "InvalidS3ObjectException",
     "InvalidS3ObjectException",
     "Unable to get object metadata from S3. Check object key, region and/or access permissions."),
    ("DescribeCollection", {"CollectionId": "nowhere"}, "ResourceNotFoundException", "ResourceNotFoundException",
     "The collection id: nowhere does not exist"),
    ("ListUsers", {"CollectionId": "nowhere", "NextToken": "x"}, "ResourceNotFoundException",
     "ResourceNotFoundException", "The collection id: nowhere does not exist"),
    ("ListCollections", {"NextToken": "x"}, "InvalidPaginationTokenException", "InvalidPaginationTokenException",
     "Invalid Pagination Token"),
    ("DetectLabels", {"Image": {}}, "UnknownOperationException", "RekognitionServiceException",
     "mien has no operation DetectLabels."),
]  # fmt: skip


def test_bad_input_has_its_errors_name(javascript: Run, live: Live) -> None:
    outcomes = javascript(live.address, [(command, given) for command, given, *_ in BAD])
    for (command, _, name, kind, message), outcome in zip(BAD, outcomes, strict=True):
        assert (outcome["name"], outcome["kind"], outcome["message"]) == (name, kind, message), command
        assert outcome["status"] == 400
        assert outcome["fault"] == "client"
        assert len(outcome["request"]) == 36


def test_its_signature_is_let_in_and_another_is_not(javascript: Run, locked: Locked) -> None:
    calls: Calls = [("ListCollections", {}), ("DescribeCollection", {"CollectionId": "nowhere"})]
    for path in ("", "/some/base"):
        listed, described = javascript(locked.server.address + path, calls, locked.admin)
        assert "CollectionIds" in listed["answer"]
        assert described["name"] == "ResourceNotFoundException"
    (wrong, _) = javascript(locked.server.address, calls, Key(locked.admin.id, "wrong"))
    assert wrong["name"] == "InvalidSignatureException"
    (nobody, _) = javascript(locked.server.address, calls, Key("nobody", "wrong"))
    assert (nobody["name"], nobody["message"]) == (
        "UnrecognizedClientException", "The security token included in the request is invalid."
    )  # fmt: skip


def test_a_clock_that_is_wrong_is_set_by_the_date_header(javascript: Run, locked: Locked) -> None:
    """The SDK signs an hour late, is told "Signature expired", takes the time from Date, and tries again."""
    calls: Calls = [("ListCollections", {})]
    late = {"systemClockOffset": -3_600_000}
    (once,) = javascript(locked.server.address, calls, locked.admin, **late)
    assert once["name"] == "InvalidSignatureException"
    assert once["message"].startswith("Signature expired: ")
    (again,) = javascript(locked.server.address, calls, locked.admin, **late, maxAttempts=3)
    assert "CollectionIds" in again["answer"]


def test_the_environment_points_it_here(javascript: Run, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_REKOGNITION", live.address)
    (outcome,) = javascript("", [("ListCollections", {})])
    assert "CollectionIds" in outcome["answer"]
