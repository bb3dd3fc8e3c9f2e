"""The log is one JSON object a line, with each answer, and never with a name or an image."""

import base64
import io
import json
import logging
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from mien.watch.log import JsonLines
from tests import photos
from tests.live import Live
from tests.locked import Locked


def written(record: logging.LogRecord) -> dict[str, object]:
    line = JsonLines().format(record)
    assert "\n" not in line
    parsed = json.loads(line)
    assert isinstance(parsed, dict)
    return parsed


def record(**extra: object) -> logging.LogRecord:
    logger = logging.getLogger("mien.test")
    return logger.makeRecord("mien.test", logging.INFO, "file", 1, "an %s", ("event",), None, extra=extra)


def test_a_record_is_one_line_with_its_facts() -> None:
    line = written(record(facts={"request_id": "x", "ms": 1.5}))
    assert line["event"] == "an event"
    assert line["level"] == "info"
    assert (line["request_id"], line["ms"]) == ("x", 1.5)
    assert str(line["time"]).endswith("+00:00")


def test_a_failure_is_one_line_with_its_traceback() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("alone")
    logger.addHandler(handler)
    try:
        raise KeyError("deep\nwithin")
    except KeyError:
        logger.exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "KeyError" in json.loads(line)["traceback"]


def log(server: Live) -> str:
    """Returns the log so far; a request is logged after its answer and before the next one is read."""
    assert server.send("GET", "/healthz", None, {}).status == 200
    return server.log.read_text()


def test_every_request_is_logged_with_its_id_and_without_what_it_showed(live: Live) -> None:
    client, secret = live.client(), f"secret-{uuid4()}"
    client.create_collection(CollectionId=secret)
    photo = photos.astronaut().data
    answer = client.index_faces(CollectionId=secret, Image={"Bytes": photo}, ExternalImageId=secret)
    client.delete_collection(CollectionId=secret)
    refused = live.post("DescribeCollection", json.dumps({"CollectionId": secret}).encode())
    text = log(live)
    lines = {line.get("request_id"): line for line in map(json.loads, text.splitlines())}
    indexed = lines[answer["ResponseMetadata"]["RequestId"]]
    assert (indexed["operation"], indexed["code"], indexed["status"]) == ("IndexFaces", "OK", 200)
    assert indexed["ms"] > 0
    assert (indexed["faces"], indexed["key"]) == (1, None)
    last = lines[refused.headers["x-amzn-requestid"]]
    assert (last["operation"], last["code"], last["status"]) == ("DescribeCollection", "ResourceNotFoundException", 400)
    assert secret not in text
    assert answer["FaceRecords"][0]["Face"]["FaceId"] not in text
    assert base64.b64encode(photo[:90]).decode() not in text


def test_the_key_is_named_and_nobody_else(locked: Locked) -> None:
    """Sends distinctive names wherever a request takes one, in valid and in invalid requests."""
    client = locked.client(locked.key("camera-7"))
    secret = f"Zaphod{uuid4().hex}"
    image = {"Bytes": photos.astronaut().data}
    client.create_collection(CollectionId=secret, Tags={secret: secret})
    face = client.index_faces(CollectionId=secret, Image=image, ExternalImageId=secret)["FaceRecords"][0]["Face"]
    client.create_user(CollectionId=secret, UserId=secret)
    client.associate_faces(CollectionId=secret, UserId=secret, FaceIds=[face["FaceId"]])
    found = client.search_users_by_image(CollectionId=secret, Image=image)
    assert found["UserMatches"][0]["User"]["UserId"] == secret
    for call, members in (
        (client.create_user, {"CollectionId": secret, "UserId": secret}),
        (client.delete_user, {"CollectionId": secret, "UserId": secret + "x"}),
        (client.detect_faces, {"Image": {"S3Object": {"Bucket": secret, "Name": secret}}}),
        (client.index_faces, {"CollectionId": secret, "Image": {"Bytes": secret.encode()}}),
        (client.index_faces, {"CollectionId": secret, "Image": image, "ExternalImageId": secret + " with a space"}),
    ):
        with pytest.raises(ClientError):
            call(**members)
    locked.server.post("FindPeople", b"{}")
    client.delete_collection(CollectionId=secret)
    text = log(locked.server)
    lines = [json.loads(line) for line in text.splitlines()]
    ours = [line for line in lines if line.get("key") == "camera-7"]
    assert {line["code"] for line in ours} >= {"OK", "ConflictException", "ResourceNotFoundException"}
    assert sum(line["faces"] for line in ours if line["operation"] == "IndexFaces") == 1
    assert secret not in text
    assert face["FaceId"] not in text
    assert face["ImageId"] not in text
