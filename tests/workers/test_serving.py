"""Workers serve as one server: connections, metrics, readiness, rates and limits are the server's."""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests import live, locked, photos
from tests.live import Live
from tests.watch.test_metrics import samples, value
from tests.workers.pinned import Pinned, connected, pinned, serve, soon, workers


@pytest.fixture
def everyone(crew: Live) -> Iterator[list[Pinned]]:
    """A client of each worker."""
    soon(lambda: not any(connected(each, crew.port) for each in workers(crew)), "an idle server")
    made = pinned(crew, 3)
    yield made
    for each in made:
        each.kept.close()


@pytest.mark.parametrize("count", [4, 6, 8, 16])
def test_a_few_kept_connections_are_spread_evenly(crew: Live, count: int) -> None:
    soon(lambda: not any(connected(each, crew.port) for each in workers(crew)), "an idle server")
    kept = [http.client.HTTPConnection(crew.host, crew.port) for _ in range(count)]
    for each in kept:
        each.request("GET", "/healthz")
        assert each.getresponse().read() == b"ok\n"
    held = [len(connected(each, crew.port)) for each in workers(crew)]
    assert sum(held) == count
    assert max(held) - min(held) <= 1
    for each in kept:
        each.close()


def test_metrics_add_up(crew: Live, everyone: list[Pinned]) -> None:
    before = value(samples(crew), "mien_requests_total", operation="DetectFaces", code="OK")
    faces = value(samples(crew), "mien_faces_found_total")
    body = live_body(photos.hopper().data)
    for number, each in enumerate(everyone, 1):
        for _ in range(number):
            assert each.post("DetectFaces", body).status == 200
    for each in everyone:  # whichever worker is scraped
        found = samples(each)
        assert value(found, "mien_requests_total", operation="DetectFaces", code="OK") == before + 6
        assert value(found, "mien_faces_found_total") == faces + 6
        assert value(found, "mien_connections") == 3
        assert value(found, "mien_image_cache_misses_total") >= 3


def live_body(data: bytes) -> bytes:
    return json.dumps({"Image": {"Bytes": base64.b64encode(data).decode()}}).encode()


def test_processes_are_counted_together(crew: Live) -> None:
    found = samples(crew)
    tree = [psutil.Process(crew.process.pid), *workers(crew)]
    shared_once = sum(each.memory_full_info().pss for each in tree)
    assert 0.8 * shared_once < value(found, "process_resident_memory_bytes") < 1.2 * shared_once
    used = sum(each.cpu_times().user + each.cpu_times().system for each in tree)
    assert abs(value(found, "process_cpu_seconds_total") - used) < 0.25 * used


def test_counters_do_not_fall_when_a_worker_dies(packs: str, tmp_path: Path) -> None:
    server = serve(packs, tmp_path / "data", 2)
    first, second = pinned(server, 2)
    for each in (first, second, second):
        assert each.post("ListCollections", b"{}").status == 200
    process = value(samples(first), "process_cpu_seconds_total")
    second.worker().kill()
    soon(lambda: b'"ready":true' in first.send("GET", "/readyz", None, {}).body and len(workers(server)) == 2, "2")
    found = samples(first)
    assert value(found, "mien_requests_total", operation="ListCollections", code="OK") == 3
    assert value(found, "process_cpu_seconds_total") >= process
    server.stop()


def test_one_worker_that_stands_still_is_the_servers_trouble(crew: Live, everyone: list[Pinned]) -> None:
    first, second = everyone[:2]
    still = second.worker()
    still.send_signal(signal.SIGSTOP)
    try:
        answer = first.send("GET", "/readyz", None, {})
        assert answer.status == 503
        assert "does not answer" in answer.json["reason"]
        assert samples(first)  # of the others, and late
    finally:
        still.send_signal(signal.SIGCONT)
    soon(lambda: first.send("GET", "/readyz", None, {}).status == 200, "readiness")


def test_the_log_says_which_worker(crew: Live, everyone: list[Pinned]) -> None:
    asked = {each.post("DescribeCollection", b"{}").headers["x-amzn-requestid"] for each in everyone}

    def named() -> bool:  # a record is written after its answer
        lines = [json.loads(line) for line in crew.log.read_text().splitlines()]
        return {line["worker"] for line in lines if line.get("request_id") in asked} == {1, 2, 3}

    soon(named, "a line of each worker")


def test_a_rate_is_that_of_all_workers(packs: str, tmp_path: Path) -> None:
    """A key of 4 requests a second makes 4 at once, over whichever connections, and then one each quarter."""
    server = serve(packs, tmp_path / "data", 3)
    made = locked.Locked(server)
    key = made.key("slow", rate=4.0)
    clients = [
        boto3.client(
            "rekognition", endpoint_url=server.address, region_name="us-east-1", aws_access_key_id=key.id,
            aws_secret_access_key=key.secret, config=Config(retries={"max_attempts": 0}),
        )
        for _ in range(6)
    ]  # fmt: skip
    began, answered = time.monotonic(), Counter[str]()
    for number in range(30):
        try:
            clients[number % 6].list_collections()
            answered["OK"] += 1
        except ClientError as error:
            answered[error.response["Error"]["Code"]] += 1
    allowed = 4 + 4 * (time.monotonic() - began)
    assert set(answered) == {"OK", "ProvisionedThroughputExceededException"}
    assert 4 <= answered["OK"] <= allowed + 1
    server.stop()


def test_the_limit_of_connections_is_the_servers(packs: str, tmp_path: Path) -> None:
    server = serve(packs, tmp_path / "data", 2, "--connections", "5")
    kept = [http.client.HTTPConnection(server.host, server.port, timeout=10) for _ in range(5)]
    for each in kept:
        each.request("GET", "/healthz")
        assert each.getresponse().read() == b"ok\n"
    with pytest.raises((http.client.HTTPException, OSError)):
        server.send("GET", "/healthz", None, {})
    kept[0].request("GET", "/metrics")
    assert b"mien_connections_refused_total 1.0" in kept[0].getresponse().read()
    kept.pop().close()
    soon(lambda: server_answers(server), "room for a connection")
    server.stop()


def server_answers(server: Live) -> bool:
    try:
        return server.send("GET", "/healthz", None, {}).status == 200
    except (http.client.HTTPException, OSError):
        return False


def test_a_data_directory_has_one_server(crew: Live, packs: str) -> None:
    process, log = live.launch(packs, crew.data, "--workers", "2")
    assert process.wait(60) == 1
    assert f"is in use by another mien (process {crew.process.pid})" in log.read_text()
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize(
    ("flags", "says"),
    [(("--pack", "nowhere"), "nowhere"), (("--attributes", "nowhere"), "nowhere is none of them")],
)
def test_what_cannot_start_says_why_once(packs: str, tmp_path: Path, flags: tuple[str, ...], says: str) -> None:
    command = live.command("serve", "--data", str(tmp_path / "data"), "--packs", packs, "--port", "0", "--workers", "3")
    done = subprocess.run(
        [*command, *flags], capture_output=True, text=True, timeout=120, env=live.environment(), check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert [line for line in done.stderr.splitlines() if says in line] == done.stderr.splitlines()
    assert done.stderr.startswith("mien: ")


def test_workers_that_cannot_start_any_more_end_the_server(packs: str, tmp_path: Path) -> None:
    """The folder of the packs disappears under a running server, and then its workers."""
    moved = tmp_path / "packs"
    moved.mkdir()
    for path in Path(packs).iterdir():
        (moved / path.name).symlink_to(path)
    server = live.serve(
        str(moved), tmp_path / "data", "--workers", "2", "--attributes", "none", XDG_CACHE_HOME=str(tmp_path / "cache")
    )
    for path in moved.iterdir():
        path.unlink()
        path.write_bytes(b"no network")
    for each in workers(server):
        each.kill()
    assert server.process.wait(120) == 1
    assert "No worker starts any more." in server.log.read_text().splitlines()[-1]
    assert server.process.stdout is not None
    server.process.stdout.close()


def test_the_welcome_says_how_many(crew: Live) -> None:
    assert crew.process.stdout is not None
    said = [crew.process.stdout.readline() for _ in range(8)]
    assert "workers 3 processes under a parent, with 1 threads each\n" in said


def test_another_process_group_member_may_be_interrupted_too(packs: str, tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches the parent and all workers at once."""
    process, _ = live.launch(packs, tmp_path / "data", "--workers", "2", "--threads", "2")
    assert process.stdout is not None
    assert "listens on" in process.stdout.readline()
    left = psutil.Process(process.pid).children()
    for each in left:
        each.send_signal(signal.SIGINT)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()
    assert not any(each.is_running() for each in left)


def test_it_serves_without_standard_streams(packs: str, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = ("--data", str(tmp_path / "data"), "--packs", packs, "--port", str(port), "--workers", "2")
    start = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *live.command("serve", *flags)]
    process = subprocess.Popen(start, env=live.environment(), cwd=tmp_path, text=True)
    server = Live(process, "127.0.0.1", port, tmp_path / "data", "", tmp_path)

    def serves() -> bool:
        assert process.poll() is None, "it ended"
        with suppress(OSError):
            return server.post("ListCollections", b"{}").status == 200
        return False

    soon(serves, "the server")
    process.terminate()
    assert process.wait(30) == 0
