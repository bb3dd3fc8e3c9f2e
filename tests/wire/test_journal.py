"""The log is JSON by the line, says what was answered, and never who was seen."""

import base64
import io
import json
import logging
from uuid import uuid4

from mien.wire.journal import JsonLines
from tests import photos
from tests.live import Live


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


def test_every_request_is_logged_with_its_id_and_without_what_it_showed(live: Live) -> None:
    client, secret = live.client(), f"secret-{uuid4()}"
    client.create_collection(CollectionId=secret)
    photo = photos.astronaut().data
    answer = client.index_faces(CollectionId=secret, Image={"Bytes": photo}, ExternalImageId=secret)
    client.delete_collection(CollectionId=secret)
    refused = live.post("DescribeCollection", json.dumps({"CollectionId": secret}).encode())
    text = live.log.read_text()
    lines = {line.get("request_id"): line for line in map(json.loads, text.splitlines())}
    indexed = lines[answer["ResponseMetadata"]["RequestId"]]
    assert (indexed["operation"], indexed["code"], indexed["status"]) == ("IndexFaces", "OK", 200)
    assert indexed["ms"] > 0
    last = lines[refused.headers["x-amzn-requestid"]]
    assert (last["operation"], last["code"], last["status"]) == ("DescribeCollection", "ResourceNotFoundException", 400)
    assert secret not in text
    assert answer["FaceRecords"][0]["Face"]["FaceId"] not in text
    assert base64.b64encode(photo[:90]).decode() not in text
