"""A server that stops finishes what it accepted, whatever signals arrive, and no worker holds it up for ever."""

import base64
import http.client
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import psutil

from tests import live
from tests.live import Live
from tests.watch.test_metrics import samples, value
from tests.workers.pinned import is_over, pinned, serve, soon, workers

CLIENTS = 12
IMPATIENT = "from mien.workers import member, parent; {}; from mien.cli import main; main()"


def large(seed: int) -> bytes:
    """A request that takes a while."""
    picture = cv2.imencode(".png", np.full((4000, 4000, 3), seed, np.uint8))[1].tobytes()
    return json.dumps({"Image": {"Bytes": base64.b64encode(picture).decode()}}).encode()


def in_flight(server: Live) -> float:
    found = samples(server)
    waiting = sum(value(found, "mien_queue_depth", queue=queue) for queue in ("threads", "reading", "pixels"))
    return waiting + value(found, "mien_operations_in_flight")


def test_a_second_signal_to_terminate_drops_no_request(packs: str, tmp_path: Path) -> None:
    server = serve(packs, tmp_path / "data", 2)
    clients, bodies = [each for _ in range(CLIENTS // 2) for each in pinned(server, 2)], map(large, range(CLIENTS))
    with ThreadPoolExecutor(CLIENTS) as senders:
        sent = [senders.submit(each.post, "DetectFaces", body) for each, body in zip(clients, bodies, strict=True)]
        soon(lambda: in_flight(server) + sum(each.done() for each in sent) >= CLIENTS, "all requests")
        server.process.send_signal(signal.SIGTERM)
        assert not all(each.done() for each in sent)
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        assert [each.result().status for each in sent] == [200] * CLIENTS
    assert server.process.wait(30) == 0


def impatient(packs: str, folder: Path, changed: str, *flags: str) -> Live:
    """A server of two workers whose parent has some of its constants changed."""
    start = [sys.executable, "-c", IMPATIENT.format(changed), "serve", "--packs", packs, "--port", "0", *flags]
    log = folder / "log"
    with log.open("w") as writes:
        process = subprocess.Popen(
            [*start, "--data", str(folder / "data"), "--workers", "2", "--threads", "2"],
            stdout=subprocess.PIPE, stderr=writes, text=True, cwd=folder, env=live.environment(),
        )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    return Live(process, "127.0.0.1", int(first.rpartition(":")[2]), folder, first, log)


def test_a_worker_that_stands_still_is_killed_in_the_end(packs: str, tmp_path: Path) -> None:
    server = impatient(packs, tmp_path, "parent.LAST = 1.0", "--stop-timeout", "1")
    all_of_them = workers(server)
    all_of_them[0].send_signal(signal.SIGSTOP)
    assert server.stop() == 0
    assert all(map(is_over, all_of_them))
    assert server.log.read_text().count("a worker does not stop and is killed") == 1


def test_workers_that_die_after_they_served_are_always_replaced(packs: str, tmp_path: Path) -> None:
    """A request that ends its worker must not end the server, however often it is sent."""
    server = impatient(packs, tmp_path, "parent.MOST_VAIN = 2; member.PAUSES = (0.0,)")
    for times in range(1, 4):
        for each in workers(server):
            each.kill()
        soon(lambda: server.log.read_text().count("serves again") == 2 * times, "workers in their place")  # noqa: B023
        assert server.post("ListCollections", b"{}").status == 200
    assert server.stop() == 0


STANDS_STILL = """
import os, signal
from pathlib import Path
from mien.store.engines.sqlite import SqliteDatabase
from mien.workers import arrivals
arrivals.BEAT, parent.LOOK = 0.1, 0.5
commit = SqliteDatabase._commit
def stops(self, works):
    there = Path("stop")
    if there.exists():
        there.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
    return commit(self, works)
SqliteDatabase._commit = stops
"""


def test_a_worker_that_stands_still_in_a_commit_is_replaced(packs: str, tmp_path: Path) -> None:
    """It has the lock for which the writers of all workers wait."""
    server = impatient(packs, tmp_path, STANDS_STILL.strip())
    still, other = pinned(server, 2)
    process = still.worker()
    (tmp_path / "stop").touch()
    with ThreadPoolExecutor(2) as senders:
        lost = senders.submit(still.post, "CreateCollection", b'{"CollectionId": "a"}')
        soon(lambda: process.status() == psutil.STATUS_STOPPED, "the commit")
        assert senders.submit(other.post, "CreateCollection", b'{"CollectionId": "b"}').result(30).status == 200
        assert isinstance(lost.exception(30), (ConnectionError, http.client.HTTPException))
    soon(lambda: other.send("GET", "/readyz", None, {}).status == 200, "a worker in its place")
    assert is_over(process)
    assert server.log.read_text().count("a worker stands still and is killed") == 1
    assert other.post("CreateCollection", b'{"CollectionId": "a"}').status == 200  # it was never acknowledged
    server.stop()
