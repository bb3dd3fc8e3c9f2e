"""Tests each limit against a real server: memory, queues, and slow, silent or absent clients."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

from mien.wire.port import connection_limit
from tests import live, photos
from tests.live import Live
from tests.wire.conversation import answered, body, connect, head, huge

MB = 1e6
CROWD = 1000  # connections that upload at the same time, where as many files may be open
UPLOAD = 5_000_000  # bytes that each announces
THROTTLED = b'"__type":"ThrottlingException"'


@pytest.fixture
def server(packs: str, tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Starts servers with given settings and no image cache."""
    started: list[Live] = []

    def start(*flags: str, **more: Any) -> Live:
        started.append(live.serve(packs, tmp_path / "data", "--image-cache", "0", *flags, **more))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.stop()


def metric(server: Live, name: str) -> float:
    text = server.send("GET", "/metrics", None, {}).body.decode()
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name + " ")), 0.0)


def logged(server: Live, code: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [line for line in lines if line.get("code") == code]


def soon(found: Callable[[], Any], seconds: float = 20) -> Any:
    """Returns the first result of `found`, which is polled for a while."""
    due = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < due
        time.sleep(0.02)
    return value


def in_background(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


# ------------------------------------------------------------------------------------------------------------- memory


async def _upload(server: Live, piece: int, pause: float, until: float) -> bytes:
    """Sends a body of announced length in pieces; returns the answer, if one arrives before the end."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(head("DetectFaces", UPLOAD))
    sent = 0
    try:
        while sent < UPLOAD and time.monotonic() < until and not reader.at_eof():
            writer.write(b" " * piece)
            await writer.drain()
            sent += piece
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(65536), 0.01)
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.transport.abort()


async def _uploads(server: Live, crowd: int, piece: int, pause: float, seconds: float) -> tuple[list[bytes], float]:
    """Sends all bodies at once; returns the answers and the peak of the server's memory."""
    process, most = psutil.Process(server.process.pid), 0.0
    until = time.monotonic() + seconds
    tasks = [asyncio.create_task(_upload(server, piece, pause, until)) for _ in range(crowd)]
    while time.monotonic() < until:
        most = max(most, process.memory_info().rss / MB)
        await asyncio.sleep(0.05)
    return await asyncio.gather(*tasks), most


@pytest.mark.parametrize(("piece", "pause"), [(2_000, 0.1), (200_000, 0.02)], ids=["slowly", "as fast as they may"])
def test_a_thousand_uploads_do_not_exhaust_memory(server: Callable[..., Live], piece: int, pause: float) -> None:
    """5 GB are announced and 32 MiB admitted; the other requests wait and are throttled."""
    crowd = connection_limit(CROWD)
    assert crowd >= 400, "too few files may be open to try it"
    # a busy machine sends what it admits more slowly than anyone may
    bounded = server("--bodies-in-flight", "32", "--queue-timeout", "3", "--body-rate", "1")
    assert bounded.post("DetectFaces", body(photos.astronaut().data)).status == 200
    before = psutil.Process(bounded.process.pid).memory_info().rss / MB
    answers, most = asyncio.run(_uploads(bounded, crowd, piece, pause, 8))
    if sum(map(bool, answers)) <= crowd / 2:  # a busy machine has not come so far
        answers, most = asyncio.run(_uploads(bounded, crowd, piece, pause, 40))
    assert sum(THROTTLED in answer for answer in answers) > crowd / 2
    assert not [answer for answer in answers if answer and THROTTLED not in answer and b"Serialization" not in answer]
    print(f"{before:.0f} MB before, {most:.0f} MB at most")
    assert most - before < 400  # what a connection's reader holds, 256 kB at most, and the bodies let in
    assert bounded.post("DetectFaces", body(photos.astronaut().data)).status == 200
    soon(lambda: metric(bounded, "mien_body_bytes_in_flight") == 0)


# ------------------------------------------------------------------------------------------------------------- queues


def test_a_request_waits_for_room_and_no_longer_than_it_must(server: Callable[..., Live]) -> None:
    bounded = server("--bodies-in-flight", "1", "--queue-timeout", "1")
    photo = body(photos.astronaut().data)
    holder = connect(bounded)
    holder.sendall(head("DetectFaces", len(photo)) + photo[:1000])
    soon(lambda: metric(bounded, "mien_body_bytes_in_flight"))
    began = time.monotonic()
    refused = bounded.post("DetectFaces", photo)
    assert 0.9 < time.monotonic() - began < 5
    assert (refused.status, refused.json["__type"]) == (400, "ThrottlingException")
    thread, results = in_background(lambda: bounded.post("DetectFaces", photo))
    soon(lambda: metric(bounded, 'mien_queue_depth{queue="bodies"}'))
    holder.sendall(photo[1000:])
    assert answered(holder).startswith(b"HTTP/1.1 200")
    thread.join()
    assert results[0].status == 200


def test_an_sdk_comes_again(server: Callable[..., Live]) -> None:
    bounded = server("--bodies-in-flight", "1", "--queue-timeout", "0.1")
    client = boto3.client(
        "rekognition", endpoint_url=bounded.address, region_name="us-east-1", aws_access_key_id="any",
        aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 8, "mode": "standard"}),
    )  # fmt: skip
    holder = connect(bounded)
    holder.sendall(head("DetectFaces", 1 << 20))
    soon(lambda: metric(bounded, "mien_body_bytes_in_flight"))
    thread, results = in_background(lambda: client.detect_faces(Image={"Bytes": photos.astronaut().data}))
    soon(lambda: logged(bounded, "ThrottlingException"))
    holder.close()
    thread.join()
    assert results[0]["FaceDetails"]
    assert results[0]["ResponseMetadata"]["RetryAttempts"] >= 1


def test_what_is_larger_than_all_bounds_is_served_alone(server: Callable[..., Live]) -> None:
    bounded = server("--bodies-in-flight", "1", "--pixels-in-flight", "1")
    photo = body(photos.jpeg(photos.resized(photos.hopper().pixels, 4), quality=98))
    assert len(photo) > 1 << 20
    calls = [in_background(lambda: bounded.post("DetectFaces", photo)) for _ in range(3)]
    for thread, results in calls:
        thread.join()
        assert len(results[0].json["FaceDetails"]) == 1
    assert bounded.post("DetectFaces", body(huge())).json["FaceDetails"]


def test_a_request_that_takes_too_long_is_told_so(server: Callable[..., Live]) -> None:
    bounded = server("--request-timeout", "0.2")
    refused = bounded.post("DetectFaces", body(huge()))
    assert (refused.status, refused.json["__type"]) == (400, "ThrottlingException")
    assert refused.json["Message"] == "The request was not answered within 0.2 seconds."
    soon(lambda: metric(bounded, "mien_operations_in_flight") == 0)
    assert bounded.post("DetectFaces", body(photos.astronaut().data)).status == 200


# ----------------------------------------------------------------------------------- slow, silent and absent clients


def test_a_slow_sender_is_cut_off(server: Callable[..., Live]) -> None:
    bounded = server("--body-rate", "64")
    raw = connect(bounded)
    raw.sendall(head("DetectFaces", UPLOAD))
    began = time.monotonic()
    thread, results = in_background(lambda: answered(raw))
    while thread.is_alive() and time.monotonic() - began < 20:
        try:
            raw.sendall(b" " * 100)
        except OSError:
            break
        time.sleep(0.1)
    thread.join()
    assert 4 < time.monotonic() - began < 10
    assert b'"__type":"RequestTimeoutException"' in results[0]
    assert b"connection: close" in results[0]
    assert metric(bounded, "mien_body_bytes_in_flight") == 0


def test_a_steady_sender_may_take_its_time(server: Callable[..., Live]) -> None:
    bounded = server("--body-rate", "10")
    photo = body(photos.nobody()).ljust(90_000)
    raw = connect(bounded)
    raw.sendall(head("DetectFaces", len(photo)))
    for start in range(0, len(photo), 1500):
        raw.sendall(photo[start : start + 1500])
        time.sleep(0.1)  # 15 kB a second for 6 seconds
    assert answered(raw).startswith(b"HTTP/1.1 200")


def test_a_connection_without_a_request_is_closed(server: Callable[..., Live]) -> None:
    bounded = server("--idle-timeout", "1")
    silent, half, kept = connect(bounded), connect(bounded), connect(bounded)
    half.sendall(b"POST / HTTP/1.1\r\nHost: local")
    kept.sendall(head("ListCollections", 2) + b"{}")
    assert answered(kept).startswith(b"HTTP/1.1 200")
    began = time.monotonic()
    for each in (silent, half, kept):
        assert each.recv(1) == b""
    assert 0.5 < time.monotonic() - began < 5


def test_a_connection_is_kept_as_long_as_the_setting_says(server: Callable[..., Live]) -> None:
    kept = connect(server("--idle-timeout", "9"))
    for pause in (6, 0):
        kept.sendall(head("ListCollections", 2) + b"{}")
        assert answered(kept).startswith(b"HTTP/1.1 200")
        time.sleep(pause)


def test_a_client_that_hangs_up_takes_its_work_with_it(server: Callable[..., Live]) -> None:
    bounded = server("--threads", "1")
    client = bounded.client()
    client.create_collection(CollectionId="empty")
    request = body(huge(), CollectionId="empty")
    for _ in range(6):  # 2 run at a time; the others have not begun
        raw = connect(bounded)
        raw.sendall(head("IndexFaces", len(request)) + request)
        raw.close()
    soon(lambda: len(logged(bounded, "ClientGone")) == 6)
    soon(lambda: metric(bounded, "mien_operations_in_flight") == 0)
    assert client.list_faces(CollectionId="empty")["Faces"] == []
    assert metric(bounded, 'mien_stage_seconds_count{stage="decode"}') < 6
    assert metric(bounded, "mien_body_bytes_in_flight") == metric(bounded, "mien_pixels_in_flight") == 0


# -------------------------------------------------------------------------------------------------------- connections


def test_connections_beyond_the_limit_are_closed(server: Callable[..., Live]) -> None:
    bounded = server("--connections", "3")
    first = [connect(bounded) for _ in range(3)]
    for each in first:
        each.sendall(head("ListCollections", 2) + b"{}")
        assert answered(each).startswith(b"HTTP/1.1 200")
    assert answered(connect(bounded)) == b""
    first.pop().close()
    assert soon(lambda: _tried(bounded)).status == 200
    assert metric(bounded, "mien_connections_refused_total") >= 1


def _tried(server: Live) -> "live.Answer | None":
    try:
        return server.post("ListCollections", b"{}")
    except OSError:
        return None


def test_a_server_with_few_files_closes_what_it_cannot_hold(server: Callable[..., Live]) -> None:
    bounded = server(files=200)
    crowd = [connect(bounded) for _ in range(150)]
    kept = []
    for each in crowd:
        try:
            each.sendall(head("ListCollections", 2) + b"{}")
            kept += [each] if answered(each) else []
        except OSError:
            pass
    assert 30 < len(kept) < 100  # 200 files, less the reserve
    for each in crowd:
        each.close()
    photo = base64.b64encode(photos.astronaut().data).decode()
    assert soon(lambda: _tried(bounded)).status == 200
    assert bounded.post("DetectFaces", json.dumps({"Image": {"Bytes": photo}}).encode()).status == 200
    assert "Too many open files" not in bounded.log.read_text()


# ---------------------------------------------------------------------------------------------------------- stopping


def test_what_was_accepted_is_finished_and_nothing_else_begun(server: Callable[..., Live]) -> None:
    stopped = server("--stop-timeout", "120")  # a busy machine takes longer than servers wait by default
    stopped.client().create_collection(CollectionId="last")
    idle, request = connect(stopped), body(huge(), CollectionId="last")
    idle.sendall(head("ListCollections", 2) + b"{}")
    assert answered(idle).startswith(b"HTTP/1.1 200")
    busy = connect(stopped)
    busy.sendall(head("IndexFaces", len(request)) + request)
    soon(lambda: metric(stopped, "mien_operations_in_flight"))
    stopped.process.terminate()
    assert idle.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(stopped)
    received = answered(busy)
    assert received.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in received
    assert json.loads(received.partition(b"\r\n\r\n")[2])["FaceRecords"]
    assert stopped.stop() == 0


def test_stopping_takes_no_longer_than_it_may(server: Callable[..., Live]) -> None:
    stopped = server("--stop-timeout", "1")
    raw = connect(stopped)
    raw.sendall(head("DetectFaces", UPLOAD) + b" " * 1000)  # and nothing more
    soon(lambda: metric(stopped, "mien_body_bytes_in_flight"))
    began = time.monotonic()
    assert stopped.stop() == 0
    assert 0.9 < time.monotonic() - began < 6
    assert THROTTLED in answered(raw)  # an SDK tries again, where others are or when the server is back
    assert "Traceback" not in stopped.log.read_text()
