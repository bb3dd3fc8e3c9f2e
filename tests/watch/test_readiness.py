"""A process that answers is alive; one that can infer, read and write is ready, and else says why not."""

import asyncio
import json
import shutil
import sqlite3
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from mien.errors import SetupError
from mien.watch.concerns import Concerns, damaged, full_disk
from mien.watch.readiness import TTL, Readiness
from mien.wire.pages import ReadinessPage
from tests import live as servers
from tests import photos
from tests.live import Live


def nothing() -> None:
    return


def asked(readiness: Readiness) -> tuple[int, dict[str, object]]:
    answer = asyncio.run(ReadinessPage(readiness).page({}))
    return answer.status, json.loads(answer.body)


def test_a_server_is_alive_and_ready(live: Live) -> None:
    for method in ("GET", "HEAD"):
        assert live.send(method, "/healthz", None, {}).status == 200
        assert live.send(method, "/readyz", None, {}).status == 200
    answer = live.send("GET", "/readyz", None, {})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {"ready": True}


def test_a_server_without_its_store_is_alive_and_not_ready(packs: str, tmp_path: Path) -> None:
    server = servers.serve(packs, tmp_path / "data")
    try:
        assert server.send("GET", "/readyz", None, {}).status == 200
        with sqlite3.connect(tmp_path / "data" / "mien.db") as elsewhere:
            elsewhere.execute("DROP TABLE access_keys")
        time.sleep(TTL + 0.1)
        answer = server.send("GET", "/readyz", None, {})
        assert (answer.status, answer.json) == (503, {"ready": False, "reason": "The store cannot be read."})
        assert server.send("GET", "/healthz", None, {}).status == 200
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SetupError("secret"), "A network answers a known input wrongly."),
        (RuntimeError("secret"), "The networks do not run."),
    ],
)
def test_a_network_that_fails_is_the_reason(error: Exception, reason: str) -> None:
    def fails() -> None:
        raise error

    assert asked(Readiness(fails, nothing)) == (503, {"ready": False, "reason": reason})


def test_a_finding_holds_for_a_second_and_is_made_once_for_all_who_ask() -> None:
    made: list[float] = []

    def infer() -> None:
        made.append(time.monotonic())
        time.sleep(0.05)

    async def ask() -> None:
        readiness = Readiness(infer, nothing)
        answers = await asyncio.gather(*(ReadinessPage(readiness).page({}) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        assert len(made) == 1
        await asyncio.sleep(TTL + 0.1)
        await ReadinessPage(readiness).page({})
        assert len(made) == 2

    asyncio.run(ask())


def test_what_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.watch.readiness.TIMEOUT", 0.1)
    release = threading.Event()

    async def ask() -> tuple[int, bytes]:
        answer = await ReadinessPage(Readiness(nothing, lambda: release.wait(10))).page({})
        release.set()
        return answer.status, answer.body

    status, body = asyncio.run(ask())
    assert (status, json.loads(body)["ready"]) == (503, False)


def test_who_stops_is_not_ready() -> None:
    readiness = Readiness(nothing, nothing)
    readiness.stop()
    assert asked(readiness) == (503, {"ready": False, "reason": "mien is stopping."})


def test_what_should_be_looked_at_is_said_with_its_beginning_and_the_server_stays_ready() -> None:
    said, clock = {"one": "", "other": "The disk is nearly full."}, iter([0.0, 60.0, 120.0, 180.0, 240.0])
    concerns = Concerns(
        {"one": partial(said.__getitem__, "one"), "other": partial(said.__getitem__, "other"), "broken": raises},
        lambda: next(clock),
    )
    page = ReadinessPage(Readiness(nothing, nothing), concerns=concerns)

    def told() -> list[list[str]]:
        answer = asyncio.run(page.page({}))
        assert answer.status == 200
        assert json.loads(answer.body)["ready"] is True
        return [[each["what"], each["since"]] for each in json.loads(answer.body).get("degraded", [])]

    first = ["The disk is nearly full.", "1970-01-01T00:00:00Z"]
    assert told() == [first]
    said["one"] = "The store went back."
    assert told() == [first, ["The store went back.", "1970-01-01T00:01:00Z"]]
    said["other"] = ""
    assert told() == [["The store went back.", "1970-01-01T00:01:00Z"]]
    said["one"] = ""
    assert told() == []
    said["one"] = "Again."
    assert told() == [["Again.", "1970-01-01T00:04:00Z"]]


def raises() -> str:
    raise OSError("secret")


def test_a_disk_of_which_little_is_free_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert full_disk(str(tmp_path)) == ""
    monkeypatch.setattr("mien.watch.concerns.LEAST_FREE", shutil.disk_usage(tmp_path).total + (1 << 20))
    assert "are free on the disk of the data directory: make room" in full_disk(str(tmp_path))
    assert str(tmp_path) not in full_disk(str(tmp_path))


def test_a_server_says_that_embeddings_are_damaged_once_a_search_has_met_them(packs: str, tmp_path: Path) -> None:
    server = servers.serve(packs, tmp_path / "data")
    try:
        client = server.client()
        client.create_collection(CollectionId="a")
        picture = {"Bytes": photos.astronaut().data}
        client.index_faces(CollectionId="a", Image=picture)
        assert server.send("GET", "/readyz", None, {}).json == {"ready": True}
        with sqlite3.connect(tmp_path / "data" / "mien.db") as elsewhere:
            ((vector,),) = elsewhere.execute("SELECT vector FROM embeddings").fetchall()
            elsewhere.execute("UPDATE embeddings SET vector = ?", (bytes([vector[0] ^ 1]) + vector[1:],))
        client.search_faces_by_image(CollectionId="a", Image=picture)
        answer = server.send("GET", "/readyz", None, {})
        assert (answer.status, answer.json["ready"]) == (200, True)
        assert [each["what"] for each in answer.json["degraded"]] == [damaged(1)]
    finally:
        server.stop()
