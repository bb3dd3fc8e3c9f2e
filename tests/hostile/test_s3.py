"""An S3 endpoint that never finishes occupies a thread no longer than the deadline, and no memory.

Seen: an object sent at a byte in 3 s occupied its thread for good, four of them stopped every operation of every
client, and an error of 1 GB was read to its end and answered with a 500.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest
from botocore.exceptions import ClientError

from tests import live, photos
from tests.live import Live

SECONDS = 2.0  # that a request, and so a fetch, may take here
GRACE = 2.5  # seconds more on a busy machine
MOST_HELD = 60e6  # bytes
Send = Callable[[bytes], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(12)
)


def dripped(send: Send, data: bytes) -> None:
    for place in range(len(data)):
        send(data[place : place + 1])
        time.sleep(0.2)


def without_end(send: Send, piece: bytes) -> None:
    while True:
        send(piece)


def body_dripped(send: Send, key: str) -> None:
    send(OK + b"Content-Length: 1000\r\n\r\n")
    dripped(send, b"\xff" * 1000)


def body_dripped_until_it_hangs_up(send: Send, key: str) -> None:
    send(OK + b"\r\n")
    dripped(send, b"\xff" * 1000)


def chunks_dripped(send: Send, key: str) -> None:
    send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        dripped(send, b"1\r\nx\r\n")


def head_dripped(send: Send, key: str) -> None:
    dripped(send, OK + b"x" * 1000)


def hints_without_end(send: Send, key: str) -> None:
    without_end(send, b"HTTP/1.1 100 Continue\r\n\r\n")


def header_without_end(send: Send, key: str) -> None:
    send(OK + b"x: ")
    without_end(send, b"x" * 65536)


def headers_without_end(send: Send, key: str) -> None:
    send(OK)
    without_end(send, b"x: y\r\n")


def error_of_a_gigabyte(send: Send, key: str) -> None:
    send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 1000000000\r\n\r\n<Error>")
    without_end(send, b"x" * 65536)


def error_without_end(send: Send, key: str) -> None:
    send(b"HTTP/1.1 503 Slow Down\r\nTransfer-Encoding: chunked\r\n\r\n")
    without_end(send, b"10000\r\n" + b"x" * 65536 + b"\r\n")


def error_that_laughs(send: Send, key: str) -> None:
    text = LAUGHS + b"]><Error><Code>&m;</Code></Error>"
    send(b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n" % len(text) + text)


def error_dripped(send: Send, key: str) -> None:
    send(b"HTTP/1.1 500 Oh\r\nContent-Length: 1000\r\n\r\n")
    dripped(send, b"x" * 1000)


def to_itself(send: Send, key: str) -> None:
    send(b"HTTP/1.1 301 Moved\r\nLocation: /%s\r\nContent-Length: 0\r\n\r\n" % key.encode())


def to_a_file(send: Send, key: str) -> None:
    send(
        b"HTTP/1.1 307 Moved\r\nLocation: file:///etc/passwd\r\nx-amz-bucket-region: ../..\r\nContent-Length: 0\r\n\r\n"
    )


def length_too_long(send: Send, key: str) -> None:
    send(OK + b"Content-Length: 1000\r\n\r\nonly this")


def length_that_is_none(send: Send, key: str) -> None:
    send(OK + b"Content-Length: -5\r\n\r\nonly this")


def length_of_words(send: Send, key: str) -> None:
    send(OK + b"Content-Length: many\r\n\r\nonly this")


def chunk_of_no_size(send: Send, key: str) -> None:
    send(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n")


def no_http(send: Send, key: str) -> None:
    send(b"\x00" * 2000)


def nothing(send: Send, key: str) -> None:
    time.sleep(30)


UNREADABLE = [
    body_dripped, body_dripped_until_it_hangs_up, chunks_dripped, head_dripped, hints_without_end, header_without_end,
    headers_without_end, error_of_a_gigabyte, error_without_end, error_that_laughs, error_dripped, to_itself, to_a_file,
    length_too_long, length_that_is_none, length_of_words, chunk_of_no_size, no_http, nothing,
]  # fmt: skip


def chunks_without_end(send: Send, key: str) -> None:
    send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    without_end(send, b"10000\r\n" + b"x" * 65536 + b"\r\n")


def body_until_it_hangs_up(send: Send, key: str) -> None:
    send(OK + b"\r\n")
    without_end(send, b"x" * 65536)


TOO_LARGE = [chunks_without_end, body_until_it_hangs_up]
ANSWERS = {each.__name__: each for each in (*UNREADABLE, *TOO_LARGE)}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Starts an S3 endpoint that answers each key by the function of its name."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)

    def answer(caller: socket.socket) -> None:
        with caller, suppress(OSError, IndexError):  # the latter for one that asks nothing
            key = caller.recv(65536).split(b" ")[1].rpartition(b"/")[2].partition(b"?")[0].decode()
            if key in ANSWERS:
                ANSWERS[key](caller.sendall, key)
            else:
                caller.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(photos.pair()) + photos.pair())

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.close()


@pytest.fixture(scope="module")
def server(packs: str, endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    started = live.serve(
        packs, tmp_path_factory.mktemp("s3") / "data", "--s3-endpoint", endpoint, "--s3-access-key", "a",
        "--s3-secret-key", "b", "--s3-buckets", "*", "--request-timeout", str(SECONDS), "--threads", "2",
    )  # fmt: skip
    assert detected(started, "good") == "2 faces"  # and botocore is there
    yield started
    started.stop()


def detected(server: Live, key: str) -> str:
    """Returns DetectFaces' result for an object: the number of faces, or the error's code."""
    try:
        answer = server.client().detect_faces(Image={"S3Object": {"Bucket": "bucket", "Name": key}})
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return f"{len(answer['FaceDetails'])} faces"


def held(server: Live) -> int:
    return int(psutil.Process(server.process.pid).memory_info().rss)


@pytest.mark.parametrize("answer", [each.__name__ for each in (*UNREADABLE, *TOO_LARGE)])
def test_whatever_the_endpoint_answers_is_told_in_time(server: Live, answer: str) -> None:
    before, started = held(server), time.monotonic()
    expected = "ImageTooLargeException" if ANSWERS[answer] in TOO_LARGE else "InvalidS3ObjectException"
    assert detected(server, answer) == expected
    assert time.monotonic() - started < SECONDS + GRACE
    assert held(server) - before < MOST_HELD


def test_objects_that_drip_hold_their_threads_no_longer_than_the_deadline(server: Live) -> None:
    with ThreadPoolExecutor(8) as pool:
        dripping = [pool.submit(detected, server, "body_dripped") for _ in range(8)]
        time.sleep(0.3)
        started = time.monotonic()
        while detected(server, "good") != "2 faces":
            assert time.monotonic() - started < 3 * SECONDS + GRACE
        assert {each.result() for each in dripping} <= {"InvalidS3ObjectException", "ThrottlingException"}
