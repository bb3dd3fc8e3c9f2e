"""Face Liveness sessions through boto3 and a live server, with a real S3 server (moto's) that takes their images."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import cv2
import numpy as np
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from mien.errors import InternalServerError
from mien.image.source import S3, S3Settings
from mien.operations.liveness import liveness_results
from mien.operations.liveness.liveness_results import MOST_BYTES, Outcome, Shot
from mien.store import open as stores
from mien.store.base import Region
from mien.store.open import Store
from tests import live as servers
from tests import streams
from tests.live import Live

BUCKET, ACCOUNT = "kyc-results", "000000000000"
MOST = 40  # sessions at a time
REGION = Region(0.25, 0.125, 0.5, 0.75)
BOX = {"Width": 0.5, "Height": 0.75, "Left": 0.25, "Top": 0.125}
NOISE = np.random.default_rng(20).integers(0, 256, (720, 960, 3), np.uint8)  # no quality makes it small
GRAY = np.full((480, 640, 3), 128, np.uint8)
OUTCOME = Outcome(
    93.7, Shot(NOISE, REGION), tuple(Shot(GRAY, REGION) for _ in range(4)), ("FaceMovementChallenge", "1.0.0"),
    (("EYES_CLOSED_DETECTED", "Keep your eyes open."),), "AmplifyReact", (("oval", 0.5, "Half of it is there."),),
)  # fmt: skip
PREFIXES = {None: "", "a": "a/", "a/b/": "a/b/", "Übung+1": "Übung+1/", "p" * 950: "p" * 950 + "/"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def bucket(endpoint: str) -> Any:
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="module")
def server(packs: str, endpoint: str, bucket: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    started = servers.serve(
        packs, tmp_path_factory.mktemp("liveness") / "data", "--s3-endpoint", endpoint, "--s3-access-key", "a",
        "--s3-secret-key", "b", "--s3-buckets", "kyc-*", "--liveness-sessions", str(MOST),
    )  # fmt: skip
    yield started
    started.stop()


@pytest.fixture
def beside(server: Live) -> Iterator[Store]:
    """The server's store, as another worker has it; without sessions that earlier tests left."""
    store = stores.open_store("", str(server.data))
    with closing(store.database):
        store.database.write(lambda cursor: cursor.run("DELETE FROM liveness_sessions"))
        yield store


def ended(store: Store, endpoint: str, session: str, outcome: Outcome = OUTCOME, timeout: float = 20) -> bool:
    """Ends a session as the worker does that received its video."""
    s3 = S3(S3Settings(endpoint, "us-east-1", "a", "b", ("kyc-*",), timeout))
    assert store.liveness.begin(ACCOUNT, session)
    context: Any = SimpleNamespace(store=store, s3=s3)
    return liveness_results.end(context, ACCOUNT, session, outcome)


def results(client: Any, session: str) -> dict[str, Any]:
    answer = client.get_face_liveness_session_results(SessionId=session)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def output(prefix: str | None = None, bucket: str = BUCKET) -> dict[str, Any]:
    return {"OutputConfig": {"S3Bucket": bucket} | ({} if prefix is None else {"S3KeyPrefix": prefix})}


def refusal(call: Any, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as told:
        call(**members)
    error = told.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_session_from_its_creation_to_its_end(server: Live, beside: Store, endpoint: str) -> None:
    client = server.client()
    session = client.create_face_liveness_session(Settings={"AuditImagesLimit": 3})["SessionId"]
    assert results(client, session) == {"SessionId": session, "Status": "CREATED"}
    assert ended(beside, endpoint, session)
    found = results(client, session)
    images = [found.pop("ReferenceImage"), *found.pop("AuditImages")]
    assert found == {
        "SessionId": session, "Status": "SUCCEEDED", "Confidence": float(np.float32(93.7)),
        "Challenge": {"Type": "FaceMovementChallenge", "Version": "1.0.0"},
        "Feedback": [{"Code": "EYES_CLOSED_DETECTED", "Message": "Keep your eyes open."}],
        "Metadata": {"SDKType": "AmplifyReact"},
    }  # fmt: skip
    assert len(images) == 4
    for image in images:
        assert image["BoundingBox"] == BOX
        assert len(image["Bytes"]) <= MOST_BYTES
        assert cv2.imdecode(np.frombuffer(image["Bytes"], np.uint8), cv2.IMREAD_COLOR) is not None
    assert results(client, session)["ReferenceImage"] == images[0]  # as often as it is asked


def test_what_a_result_follows_from_is_told(server: Live, beside: Store, endpoint: str) -> None:
    client = server.client()
    session = client.create_face_liveness_session()["SessionId"]
    asked = json.dumps({"SessionId": session}).encode()
    none = {"SessionId": session, "Status": "CREATED", "Evidence": []}
    assert server.post("Mien.GetLivenessEvidence", asked).json == none
    assert ended(beside, endpoint, session)
    assert server.post("Mien.GetLivenessEvidence", asked).json == {
        "SessionId": session, "Status": "SUCCEEDED",
        "Evidence": [{"Name": "oval", "Score": 0.5, "Sentence": "Half of it is there."}],
    }  # fmt: skip
    unknown = json.dumps({"SessionId": str(uuid4())}).encode()
    assert server.post("Mien.GetLivenessEvidence", unknown).json["__type"] == "SessionNotFoundException"


def test_a_session_in_progress_and_one_that_failed(server: Live, beside: Store) -> None:
    client = server.client()
    session = client.create_face_liveness_session()["SessionId"]
    beside.liveness.begin(ACCOUNT, session)
    assert results(client, session) == {"SessionId": session, "Status": "IN_PROGRESS"}
    context: Any = SimpleNamespace(store=beside)
    assert liveness_results.fail(context, ACCOUNT, session)
    assert results(client, session) == {"SessionId": session, "Status": "FAILED"}


def test_three_minutes_after_its_creation_a_session_has_expired(server: Live, beside: Store, endpoint: str) -> None:
    client = server.client()
    waiting, done = (client.create_face_liveness_session()["SessionId"] for _ in range(2))
    assert ended(beside, endpoint, done)
    beside.database.write(lambda cursor: cursor.run("UPDATE liveness_sessions SET created = created - 180"))
    for session in (waiting, done):
        assert results(client, session) == {"SessionId": session, "Status": "EXPIRED"}
    assert not beside.liveness.begin(ACCOUNT, waiting)
    beside.database.write(lambda cursor: cursor.run("UPDATE liveness_sessions SET created = created - 3600"))
    deadline = time.monotonic() + 20
    while beside.database.read(lambda cursor: cursor.row("SELECT 1 FROM liveness_sessions")):
        assert time.monotonic() < deadline, "the sweep has not come by"
        time.sleep(0.1)
    assert refusal(client.get_face_liveness_session_results, SessionId=done) == (
        "SessionNotFoundException", "Session not found.",
    )  # fmt: skip


def test_a_result_without_images_and_conditions(server: Live, beside: Store, endpoint: str) -> None:
    client = server.client()
    session = client.create_face_liveness_session()["SessionId"]
    assert ended(beside, endpoint, session, Outcome(3.25))
    assert results(client, session) == {
        "SessionId": session, "Status": "SUCCEEDED", "Confidence": 3.25, "AuditImages": [], "Feedback": [],
    }  # fmt: skip


def test_the_same_token_is_the_same_session(server: Live, beside: Store) -> None:
    client, settings = server.client(), {"AuditImagesLimit": 2}
    token = f"token-{uuid4()}"
    first = client.create_face_liveness_session(ClientRequestToken=token, Settings=settings)["SessionId"]
    assert client.create_face_liveness_session(ClientRequestToken=token, Settings=settings)["SessionId"] == first
    code, words = refusal(client.create_face_liveness_session, ClientRequestToken=token)
    assert code == "IdempotentParameterMismatchException"
    assert words == f"The ClientRequestToken: {token} you have supplied is already in use."
    assert client.create_face_liveness_session(Settings=settings)["SessionId"] != first


@pytest.mark.parametrize("prefix", PREFIXES)
def test_images_go_to_s3(server: Live, beside: Store, endpoint: str, bucket: Any, prefix: str | None) -> None:
    client = server.client()
    created = client.create_face_liveness_session(Settings=output(prefix) | {"AuditImagesLimit": 2})
    assert not bucket.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    session = created["SessionId"]
    assert ended(beside, endpoint, session)
    found = results(client, session)
    files = ("reference.jpg", "audit-image-0.jpg", "audit-image-1.jpg")
    images = [found["ReferenceImage"], *found["AuditImages"]]
    assert images == [
        {"S3Object": {"Bucket": BUCKET, "Name": f"{PREFIXES[prefix]}{session}/{file}"}, "BoundingBox": BOX}
        for file in files
    ]
    for image in images:
        kept = bucket.get_object(Bucket=BUCKET, Key=image["S3Object"]["Name"])
        assert kept["ContentType"] == "image/jpeg"
        assert 0 < kept["ContentLength"] <= MOST_BYTES


def test_s3_encrypts_under_the_key_that_was_named(server: Live, beside: Store, endpoint: str, bucket: Any) -> None:
    client = server.client()
    session = client.create_face_liveness_session(Settings=output("keyed"), KmsKeyId="alias/kyc")["SessionId"]
    assert ended(beside, endpoint, session)
    kept = bucket.get_object(Bucket=BUCKET, Key=f"keyed/{session}/reference.jpg")
    assert (kept["ServerSideEncryption"], kept["SSEKMSKeyId"]) == ("aws:kms", "alias/kyc")


def test_a_bucket_is_tried_before_there_is_a_session(server: Live, beside: Store, bucket: Any) -> None:
    client = server.client()
    code, words = refusal(client.create_face_liveness_session, Settings=output(bucket="somebody-elses"))
    assert code == "AccessDeniedException"
    assert "somebody-elses may not be written to" in words
    code, words = refusal(client.create_face_liveness_session, Settings=output(bucket="kyc-missing"))
    assert code == "InvalidParameterException"
    assert "kyc-missing does not exist where the server looks for it" in words
    assert beside.liveness.counts() == {}
    assert "Contents" not in bucket.list_objects_v2(Bucket=BUCKET, Prefix="test/")


def test_a_stream_s_images_go_to_s3(server: Live, beside: Store, bucket: Any, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="mien[video] is not installed")
    film, client = streams.recorded(tmp_path / "film.webm"), server.client()
    del beside  # which makes room
    session = streams.created(client, AuditImagesLimit=1, **output("streamed"))
    with streams.stream(streams.host(server), session) as stream:
        streams.played(stream, film)
        assert [each.name for each in stream.rest()] == ["DisconnectionEvent"]
    found = streams.ended(client, session)
    named = [each["S3Object"]["Name"] for each in (found["ReferenceImage"], *found["AuditImages"])]
    kept = bucket.list_objects_v2(Bucket=BUCKET, Prefix="streamed/")["Contents"]
    assert sorted(named) == [each["Key"] for each in kept]
    assert len(client.detect_faces(Image={"S3Object": found["ReferenceImage"]["S3Object"]})["FaceDetails"]) == 1


def test_an_account_has_so_many_at_a_time(server: Live, beside: Store) -> None:
    client = server.client()
    for _ in range(MOST):
        client.create_face_liveness_session()
    code, words = refusal(client.create_face_liveness_session)
    assert code == "ThrottlingException"
    assert f"The account has {MOST} Face Liveness sessions of the last three minutes" in words
    beside.database.write(lambda cursor: cursor.run("UPDATE liveness_sessions SET created = created - 181"))
    assert client.create_face_liveness_session()["SessionId"]


@pytest.mark.parametrize("gone", ["refused", "silent"])
def test_a_session_whose_images_s3_does_not_take_has_failed(
    server: Live, beside: Store, gone: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = server.client()
    session = client.create_face_liveness_session(Settings=output("name-of-a-person"))["SessionId"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if gone == "silent" else 1
        with caplog.at_level(logging.ERROR, "mien"), pytest.raises(InternalServerError, match="written to S3"):
            ended(beside, f"http://127.0.0.1:{port}", session, timeout=1)
    assert results(client, session) == {
        "SessionId": session, "Status": "FAILED", "Challenge": {"Type": "FaceMovementChallenge", "Version": "1.0.0"},
        "Metadata": {"SDKType": "AmplifyReact"},
    }  # fmt: skip
    (record,) = (each for each in caplog.records if each.name == "mien")
    told = record.getMessage() + json.dumps(record.__dict__["facts"])
    assert "S3 does not answer in time" in told
    assert "name-of-a-person" not in told


def test_sessions_are_in_the_metrics(server: Live, beside: Store, endpoint: str) -> None:
    client = server.client()
    waiting, done = (client.create_face_liveness_session()["SessionId"] for _ in range(2))
    assert ended(beside, endpoint, done)
    page = server.send("GET", "/metrics", None, {}).body.decode()
    assert 'mien_liveness_sessions{status="CREATED"} 1.0' in page
    assert 'mien_liveness_sessions{status="SUCCEEDED"} 1.0' in page
    assert 'mien_liveness_sessions{status="EXPIRED"} 0.0' in page
    assert waiting not in page
