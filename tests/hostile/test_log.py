"""At level debug the log has no name, no id of a face or an image, and nothing that the S3 endpoint sends."""

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests import live, photos

SECRET = f"secret-{uuid4()}"
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: 1\r\n\r\nx",  # urllib3 warns of it with the address
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n<a>",
    b"HTTP/1.1 301 Moved\r\nLocation: /" + SECRET.encode() + b"\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx",
    b"HTTP/1.1 500 Server Error\r\nContent-Length: 0\r\n\r\n",
    b"",
]


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An S3 endpoint that gives each of ANSWERS in turn."""
    answers = iter(ANSWERS * 50)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(next(answers))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("level", ["debug", "info"])
def test_the_log_names_nobody(packs: str, tmp_path: Path, endpoint: str, level: str) -> None:
    photo = {"Bytes": base64.b64encode(photos.astronaut().data).decode()}
    in_s3 = {"S3Object": {"Bucket": "bucket-" + SECRET, "Name": "key-" + SECRET}}
    server = live.serve(
        packs, tmp_path / "data", "--log-level", level, "--s3-endpoint", endpoint, "--s3-buckets", "*",
        "--s3-access-key", "a", "--s3-secret-key", "b",
    )  # fmt: skip

    def post(operation: str, **members: object) -> live.Answer:
        return server.post(operation, json.dumps({"CollectionId": SECRET, **members}).encode())

    try:
        assert post("CreateCollection", Tags={SECRET: SECRET}).status == 200
        indexed = post("IndexFaces", Image=photo, ExternalImageId=SECRET)
        (face,) = (each["Face"] for each in indexed.json["FaceRecords"])
        assert post("CreateUser", UserId=SECRET).status == 200
        assert post("AssociateFaces", UserId=SECRET, FaceIds=[face["FaceId"]]).status == 200
        assert post("SearchFacesByImage", Image=photo).status == 200
        assert post("SearchUsersByImage", Image=photo).status == 200
        assert post("SearchFaces", FaceId=face["FaceId"]).status == 200
        for _ in range(2 * len(ANSWERS)):
            assert post("IndexFaces", Image=in_s3, ExternalImageId=SECRET).status == 400
        assert post("CreateUser", UserId=SECRET).status == 400
        assert post("IndexFaces", Image={"Bytes": SECRET}, ExternalImageId=SECRET).status == 400
        assert post("DescribeCollection", CollectionId=SECRET + "-other").status == 400
        assert post("DeleteFaces", FaceIds=[face["FaceId"]]).status == 200
        assert post("DeleteCollection").status == 200
    finally:
        assert server.stop() == 0
    text = server.log.read_text()
    assert text.count('"answered"') > 20
    for name in (SECRET, face["FaceId"], face["ImageId"], photo["Bytes"][:60]):
        assert name not in text
    for line in text.splitlines():
        json.loads(line)  # a library that writes past the log would show here
