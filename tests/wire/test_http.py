"""HTTP as in the reference: requests that are no API calls, bodies that are too large, headers, browsers."""

import http.client
import json
import socket
import time
import uuid
from email.utils import parsedate_to_datetime

import pytest

from tests import photos
from tests.live import JSON, Answer, Live
from tests.wire.conversation import body

NOT_A_CALL = b"Unable to determine service/operation name to be authorized"
TARGET = {"X-Amz-Target": "RekognitionService.ListCollections"}
PLAIN = 1024 * 1024
MOST = 16 * 1024 * 1024


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("headers", [{}, {"Content-Type": JSON} | TARGET])
def test_what_is_no_post_is_no_api_call(live: Live, method: str, headers: dict[str, str]) -> None:
    answer = live.send(method, "/", None, headers)
    assert answer.status == 403
    assert answer.body.startswith(b"<AccessDeniedException>")
    assert NOT_A_CALL in answer.body


@pytest.mark.parametrize("kind", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}])
def test_a_post_without_target_and_content_type_is_no_api_call(live: Live, kind: dict[str, str]) -> None:
    answer = live.send("POST", "/", b"{}", kind)
    assert answer.status == 403
    assert NOT_A_CALL in answer.body


@pytest.mark.parametrize("kind", [JSON, f"{JSON}; charset=utf-8", JSON.upper()])
@pytest.mark.parametrize("path", ["/", "/base/path", "/?x=1"])
def test_any_path_and_a_charset_are_accepted(live: Live, kind: str, path: str) -> None:
    assert live.send("POST", path, b"{}", {"Content-Type": kind} | TARGET).status == 200


def test_an_answer_has_the_headers_sdks_read(live: Live) -> None:
    answers = [live.post("ListCollections", b"{}"), live.post("DescribeCollection", b'{"CollectionId":"never.made"}')]
    assert [each.status for each in answers] == [200, 400]
    for answer in answers:
        assert answer.headers["content-type"] == JSON
        assert uuid.UUID(answer.headers["x-amzn-requestid"]).version == 4
        assert int(answer.headers["content-length"]) == len(answer.body)
        assert abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()) < 60
        assert "server" not in answer.headers
    assert answers[0].headers["x-amzn-requestid"] != answers[1].headers["x-amzn-requestid"]


def test_json_is_compact(live: Live) -> None:
    body = live.post("ListCollections", b"{}").body
    assert body == json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()


def test_a_connection_is_kept_for_the_next_request(live: Live) -> None:
    connection = http.client.HTTPConnection(live.host, live.port)
    sockets = set()
    for _ in range(3):
        connection.request("POST", "/", b"{}", {"Content-Type": JSON} | TARGET)
        sockets.add(connection.sock.getsockname())
        assert connection.getresponse().read()
    connection.close()
    assert len(sockets) == 1


def exchange(live: Live, head: bytes, *later: bytes) -> tuple[socket.socket, bytes]:
    raw = socket.create_connection((live.host, live.port), timeout=10)
    raw.sendall(head)
    answered = raw.recv(65536)
    for piece in later:
        raw.sendall(piece)
        answered += raw.recv(65536)
    return raw, answered


def request_head(**headers: str) -> bytes:
    lines = {"Host": "localhost", "Content-Type": JSON} | TARGET | {k.replace("_", "-"): v for k, v in headers.items()}
    return b"POST / HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()).encode() + b"\r\n"


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(live: Live) -> None:
    raw, answered = exchange(live, request_head(Content_Length="2", Expect="100-continue"), b"{}")
    raw.close()
    assert answered.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert b"HTTP/1.1 200 OK" in answered


def test_a_client_that_waits_with_too_much_is_told_at_once(live: Live) -> None:
    raw, answered = exchange(live, request_head(Content_Length=str(MOST + 1), Expect="100-continue"))
    raw.close()
    assert answered.startswith(b"HTTP/1.1 413 ")


def chunked(live: Live, size: int) -> Answer:
    """Sends a body without a Content-Length."""
    connection = http.client.HTTPConnection(live.host, live.port, timeout=30)
    pieces = (b" " * 65536 for _ in range(size // 65536 + 1))
    connection.request("POST", "/", pieces, {"Content-Type": JSON} | TARGET, encode_chunked=True)
    response = connection.getresponse()
    answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    connection.close()
    return answer


def test_a_body_over_what_it_may_have_is_413_and_says_so(live: Live) -> None:
    too_long = (
        live.post("DetectFaces", b" " * (MOST + 1)), live.post("ListCollections", b" " * (PLAIN + 1)),
        live.post("NoSuchOperation", b" " * (PLAIN + 1)), chunked(live, PLAIN), chunked(live, MOST),
    )  # fmt: skip
    for answer in too_long:
        assert answer.status == 413
        assert answer.json["__type"] == "RequestEntityTooLargeException"
        assert "16 MiB" in answer.json["message"]
    assert live.post("ListCollections", b"{}").status == 200


def test_a_body_of_16_mib_is_read_where_an_image_may_be_in_it(live: Live) -> None:
    picture = body(photos.astronaut().data)[:-1]
    padded = picture + b',"Padding":"' + b"x" * (MOST - len(picture) - 14) + b'"}'
    assert len(padded) == MOST
    assert live.post("DetectFaces", padded).status == 200
    assert live.post("ListCollections", b'{"Padding":"' + b"x" * (PLAIN - 14) + b'"}').status == 200


def test_a_body_in_chunks_is_read(live: Live) -> None:
    connection = http.client.HTTPConnection(live.host, live.port)
    connection.request("POST", "/", iter([b"{", b"}"]), {"Content-Type": JSON} | TARGET, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_client_that_hangs_up_halfway_disturbs_nobody(live: Live) -> None:
    for _ in range(5):
        raw = socket.create_connection((live.host, live.port))
        raw.sendall(request_head(Content_Length="100") + b'{"Coll')
        raw.close()
    assert live.post("ListCollections", b"{}").status == 200


def test_what_is_no_http_is_refused_and_disturbs_nobody(live: Live) -> None:
    raw, answered = exchange(live, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    raw.close()
    assert answered == b"" or b" 400 " in answered.splitlines()[0]
    assert live.post("ListCollections", b"{}").status == 200


def test_a_browser_may_ask_before_it_calls(live: Live) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-amz-target",
    }
    answer = live.send("OPTIONS", "/", None, asked)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == asked["Access-Control-Request-Headers"]
    assert answer.headers["access-control-max-age"] == "172800"


@pytest.mark.parametrize("body", [b"{}", b"", b"no json"])
def test_a_browser_may_read_answers_and_errors(live: Live, body: bytes) -> None:
    answer = live.post("ListCollections", body, {"Origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-amzn-RequestId" in answer.headers["access-control-expose-headers"].split(",")
    assert "access-control-allow-origin" not in live.post("ListCollections", body).headers


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1", 200),
        ("http://[::1]:8080", 200),
        ("https://app.example", 400),
        ("http://localhost.app.example", 400),
        ("null", 400),
        ("http://[", 400),
    ],
)
def test_without_keys_only_pages_of_this_machine_are_let_in(live: Live, origin: str, status: int) -> None:
    answer = live.post("ListCollections", b"{}", {"Origin": origin})
    assert answer.status == status
    assert status == 200 or b"AccessDeniedException" in answer.body


def test_no_credentials_are_needed_on_loopback_before_a_key_is_made(live: Live) -> None:
    assert live.post("ListCollections", b"{}").status == 200
    assert live.post("ListCollections", b"{}", {"Authorization": "AWS4-HMAC-SHA256 Credential=x/y"}).status == 200
