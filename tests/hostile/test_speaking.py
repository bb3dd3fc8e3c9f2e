"""Malformed HTTP is answered in words that an SDK shows, and unusual but valid HTTP as usual."""

import gzip
import json
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.live import JSON, Live

LIST = (
    f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON}\r\n"
    "X-Amz-Target: RekognitionService.ListCollections\r\n"
).encode()
CALL = LIST + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = LIST + b"Transfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: a\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"


def talk(live: Live, *parts: bytes, answers: int = 1) -> list[tuple[int, dict[str, str], bytes]]:
    """Sends parts and reads that many answers, or fewer if the connection is closed."""
    found: list[tuple[int, dict[str, str], bytes]] = []
    with socket.create_connection((live.host, live.port), timeout=10) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            raw.sendall(part)
        reading = raw.makefile("rb")
        while len(found) < answers and (line := reading.readline()):
            fields = {}
            while (field := reading.readline().strip()) != b"":
                name, _, value = field.decode().partition(": ")
                fields[name] = value
            found.append((int(line.split()[1]), fields, reading.read(int(fields.get("content-length", 0)))))
        if found and found[-1][1].get("connection") == "close":
            assert reading.read() == b""
    return found


@pytest.mark.parametrize(
    ("sent", "status", "code", "words"),
    [
        (b"GET / HTTP/1.1\r\n" + b"x:\r\n" * 101 + b"\r\n", 431, "RequestHeaderFieldsTooLargeException", "64 KiB"),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000 + b"\r\n\r\n", 431, "RequestHeaderFieldsTooLargeException", "64 KiB"),
        (b"GET /" + b"a" * 300_000, 431, "RequestHeaderFieldsTooLargeException", "100 fields"),
        (LIST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"x:\r\n" * 101, 431,
         "RequestHeaderFieldsTooLargeException", "trailers"),
        (b"GET / HTTP/1.1\r\na b: c\r\n\r\n", 400, "MalformedHttpRequestException", "Invalid header token"),
        (LIST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400, "MalformedHttpRequestException", ""),
        (LIST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "MalformedHttpRequestException", "chunks"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "MalformedHttpRequestException", "TLS"),
        (b"GET /healthz\r\n", 505, "HttpVersionNotSupportedException", "HTTP/1.1"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HttpVersionNotSupportedException", "HTTP/1.1"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_told_so(live: Live, sent: bytes, status: int, code: str, words: str) -> None:
    [(told, fields, body)] = talk(live, sent, answers=2)
    assert (told, fields["connection"], fields["content-type"]) == (status, "close", JSON)
    assert len(fields["x-amzn-requestid"]) == 36
    assert json.loads(body)["__type"] == code
    assert words in json.loads(body)["message"]


@pytest.mark.parametrize(
    "call", [CALL, CHUNKED, LIST.replace(b"1.1\r\n", b"1.1\r\n" + H2C, 1) + b"Content-Length: 2\r\n\r\n{}"]
)
def test_a_request_is_the_same_wherever_it_is_split(live: Live, call: bytes) -> None:
    for at in range(1, len(call), 3):
        [(status, _, body)] = talk(live, call[:at], call[at:])
        assert (status, body[:16]) == (200, b'{"CollectionIds"')


def test_pipelined_requests_are_answered_in_order(live: Live) -> None:
    wrong = CALL.replace(b"{}", b"[]")
    sent = (CALL + HEALTH + CHUNKED + wrong + b"\r\n" + HEALTH) * 200
    answers = talk(live, *(sent[n : n + 10_007] for n in range(0, len(sent), 10_007)), answers=1000)
    assert [status for status, _, _ in answers] == [200, 200, 200, 400, 200] * 200
    assert [body for _, _, body in answers][1::5] == [b"ok\n"] * 200


def test_what_follows_a_request_without_its_whole_body_is_not_taken_for_a_request(live: Live) -> None:
    """The answer precedes the body, and HEALTH is within its 5,000 bytes."""
    early = b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n"
    assert [status for status, _, _ in talk(live, early, HEALTH, answers=2)] == [403]


@pytest.mark.parametrize(
    "upgrade", [H2C, b"Connection: Upgrade\r\nUpgrade: websocket\r\n", b"Connection: upgrade\r\nUpgrade: TLS/1.0\r\n"]
)
def test_an_upgrade_is_passed_over(live: Live, upgrade: bytes) -> None:
    asked = LIST + upgrade + b"Content-Length: 2\r\n\r\n{}"
    assert [status for status, _, _ in talk(live, asked + CALL, answers=2)] == [200, 200]


def test_http_1_0_is_answered_and_closed(live: Live) -> None:
    [(status, fields, body)] = talk(live, b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", answers=2)
    assert (status, fields["connection"], body) == (200, "close", b"ok\n")


def sdk(address: str) -> Any:
    return boto3.client(
        "rekognition", endpoint_url=address, region_name="us-east-1", aws_access_key_id="any",
        aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def test_an_sdk_shows_what_is_wrong_with_a_head(live: Live) -> None:
    client = sdk(live.address + "/" + "a" * 70_000)  # as none has by itself
    with pytest.raises(ClientError, match=r"\(RequestHeaderFieldsTooLargeException\).*64 KiB and 100 fields") as caught:
        client.list_collections()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 431


def test_an_sdk_shows_what_is_wrong_with_a_body(live: Live) -> None:
    client = sdk(live.address)
    with pytest.raises(ClientError, match=r"\(RequestEntityTooLargeException\).*16 MiB") as caught:
        client.detect_faces(Image={"Bytes": b"a" * (13 << 20)})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    client.meta.events.register("before-call", compress)
    with pytest.raises(ClientError, match=r"\(UnsupportedMediaTypeException\).*without Content-Encoding") as caught:
        client.list_collections()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 415


def compress(params: dict[str, Any], **_: Any) -> None:
    params["body"] = gzip.compress(params["body"])
    params["headers"]["Content-Encoding"] = "gzip"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_with_http2(live: Live) -> None:
    done = subprocess.run(
        ["curl", "-sS", "--http2", "-H", f"Content-Type: {JSON}", "-d", "{}", live.address,
         "-H", "X-Amz-Target: RekognitionService.ListCollections"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.stdout.startswith('{"CollectionIds"'), done.stderr


JAVA = """
import java.net.URI;
import java.net.http.*;

public class Call {
    public static void main(String[] given) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int n = 0; n < 2; n++) {
            HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create(given[0])).header("Content-Type", "application/x-amz-json-1.1")
                    .header("X-Amz-Target", "RekognitionService.ListCollections")
                    .POST(HttpRequest.BodyPublishers.ofString("{}")).build(),
                HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.body());
        }
    }
}
"""


@pytest.mark.skipif(shutil.which("javac") is None and shutil.which("java") is None, reason="there is no Java")
def test_javas_client(live: Live, tmp_path: Path) -> None:
    """Java's client asks for an upgrade to HTTP/2 on every http address."""
    source = tmp_path / "Call.java"
    source.write_text(JAVA)
    done = subprocess.run(["java", str(source), live.address], capture_output=True, text=True, timeout=60, check=False)
    if "jdk.compiler" in done.stderr or "ClassNotFoundException" in done.stderr:
        pytest.skip("this Java has no compiler")
    assert [line[:20] for line in done.stdout.splitlines()] == ['200 {"CollectionIds"'] * 2, done.stderr
