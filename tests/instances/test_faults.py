"""The database goes away, is slow, is killed; an instance is killed in a transaction. Callers get errors that SDKs
retry, then it goes on without a restart, and nothing acknowledged is lost."""

import contextlib
import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import live as servers
from tests.instances.test_consistency import PICTURES
from tests.live import Answer, Live
from tests.postgres import Postgres
from tests.proxy import Proxy

RETRIED = {"ThrottlingException", "InternalServerError"}  # with status 500; reference 1.6
SOON = 15  # seconds
# a transaction that has changed a collection, and so keeps every other writer of it waiting
HELD = (
    "SELECT 1 FROM pg_locks JOIN pg_class ON relation = pg_class.oid "
    "WHERE relname = 'collections' AND mode = 'RowExclusiveLock'"
)


@pytest.fixture(scope="module")
def network(postgres: Postgres) -> Iterator[Proxy]:
    made = Proxy(postgres.socket)
    yield made
    made.close()


@pytest.fixture
def proxy(network: Proxy) -> Iterator[Proxy]:
    """The way from the first server to the database, which works again in the end."""
    yield network
    network.accept()


@pytest.fixture(scope="module")
def addresses(postgres: Postgres, network: Proxy) -> Iterator[tuple[str, str]]:
    """The address of one schema: by way of the proxy, and beside it."""
    with postgres.schema() as address:
        yield address.replace("host=", f"hostaddr=127.0.0.1&port={network.port}&host="), address


@pytest.fixture(scope="module")
def pair(packs: str, addresses: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Live]]:
    """Two servers on one schema: one behind the proxy, one beside it."""
    both: list[Live] = []
    try:
        both += [start(packs, tmp_path_factory.mktemp("server") / "data", address) for address in addresses]
        yield both
    finally:
        for server in both:
            server.stop()


@pytest.fixture
def name() -> str:
    return f"faults-{uuid.uuid4()}"


def start(packs: str, folder: Path, address: str) -> Live:
    return servers.serve(packs, folder, "--store", address, "--threads", "1")


def index(server: Live, collection: str, external: str = "x") -> Answer:
    body = {"CollectionId": collection, "Image": PICTURES[0], "ExternalImageId": external}
    return server.post("IndexFaces", json.dumps(body).encode())


def code(answer: Answer) -> str:
    return "OK" if answer.status == 200 else str(answer.json["__type"])


def listed(server: Live, collection: str) -> set[str]:
    faces = server.client().list_faces(CollectionId=collection)["Faces"]
    return {face["ExternalImageId"] for face in faces}


def found(server: Live, collection: str) -> set[str]:
    body = {"CollectionId": collection, "Image": PICTURES[0], "MaxFaces": 4096}
    matches = server.post("SearchFacesByImage", json.dumps(body).encode()).json["FaceMatches"]
    return {match["Face"]["ExternalImageId"] for match in matches}


def wait_for(condition: Callable[[], bool], most: float = SOON) -> None:
    until = time.monotonic() + most
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def recovers(server: Live, collection: str, external: str) -> None:
    wait_for(lambda: code(index(server, collection, external)) == "OK")


@pytest.mark.parametrize("fault", ["refuse", "silence"])
def test_while_the_database_is_away_callers_are_told_to_retry(
    pair: list[Live], proxy: Proxy, name: str, fault: str
) -> None:
    behind, beside = pair
    behind.client().create_collection(CollectionId=name)
    assert code(index(behind, name, "before")) == "OK"
    getattr(proxy, fault)()
    for _ in range(2):
        started = time.monotonic()
        answer = index(behind, name, "during")
        assert (answer.status, code(answer) in RETRIED) == (500, True)
        assert time.monotonic() - started < SOON
    assert behind.send("GET", "/healthz", None, {}).status == 200  # alive: no restart would help
    assert code(index(beside, name, "beside")) == "OK"  # who can reach the database goes on
    proxy.accept()
    recovers(behind, name, "after")
    for server in pair:
        assert {"before", "beside", "after"} <= listed(server, name) == found(server, name)
    assert "Traceback" not in behind.log.read_text()


def test_a_slow_database_makes_slow_answers_and_no_wrong_ones(pair: list[Live], proxy: Proxy, name: str) -> None:
    behind, beside = pair
    behind.client().create_collection(CollectionId=name)
    proxy.slow(0.05)
    for number in range(3):
        assert code(index(behind, name, str(number))) == "OK"
        assert found(behind, name) == found(beside, name) == {str(each) for each in range(number + 1)}


@pytest.mark.parametrize("word", [b"INSERT INTO embeddings", b"COMMIT\0"])
def test_a_connection_cut_in_a_transaction_leaves_all_or_nothing(
    pair: list[Live], proxy: Proxy, name: str, word: bytes
) -> None:
    behind, beside = pair
    beside.client().create_collection(CollectionId=name)
    proxy.cut_at(word)
    first = index(behind, name, "cut")
    assert first.status == 200 or code(first) == "InternalServerError"  # nobody knows what became of a COMMIT
    assert code(index(behind, name, "cut")) == "OK"  # as an SDK does
    for server in pair:
        assert listed(server, name) == found(server, name) == {"cut"}
        assert server.client().describe_collection(CollectionId=name)["FaceCount"] == 1


def test_an_instance_killed_in_a_transaction_holds_nobody_up(  # noqa: PLR0917  each is a fixture
    packs: str,
    pair: list[Live],
    addresses: tuple[str, str],
    proxy: Proxy,
    postgres: Postgres,
    name: str,
    tmp_path: Path,
) -> None:
    victim = start(packs, tmp_path / "data", addresses[0])
    victim.client().create_collection(CollectionId=name)
    proxy.slow(0.3)  # so that a transaction takes seconds
    thread = threading.Thread(target=_ignored, args=(lambda: index(victim, name, "lost"),))
    thread.start()
    wait_for(lambda: bool(postgres.run(HELD)))
    victim.kill()
    started = time.monotonic()
    assert code(index(pair[1], name, "kept")) == "OK"
    assert time.monotonic() - started < 5
    thread.join(30)
    assert listed(pair[1], name) == found(pair[1], name) == {"kept"}


class Writers:
    """Threads that index one picture after the other through some servers, and note what was answered."""

    def __init__(self, servers: list[Live], collection: str) -> None:
        self.acknowledged: set[str] = set()
        self.refused: set[str] = set()
        self._over = threading.Event()
        self._collection = collection
        self._threads = [threading.Thread(target=self._write, args=(servers[n % len(servers)], n)) for n in range(4)]
        for thread in self._threads:
            thread.start()

    def go_on(self) -> None:
        """Wait until more is written."""
        before = len(self.acknowledged)
        wait_for(lambda: len(self.acknowledged) > before + 20, 60)

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _write(self, server: Live, writer: int) -> None:
        for number in range(10_000):
            if self._over.is_set():
                return
            answer = index(server, self._collection, f"{writer}-{number}")
            if answer.status == 200:
                self.acknowledged.add(f"{writer}-{number}")
            else:
                self.refused.add(code(answer))


def complete(server: Live, collection: str, acknowledged: set[str]) -> None:
    """The server shows all that was acknowledged, the same in every answer."""
    recovers(server, collection, "after")
    shown = listed(server, collection)
    assert acknowledged <= shown == found(server, collection)
    assert server.client().describe_collection(CollectionId=collection)["FaceCount"] == len(shown)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_database_that_is_restarted_or_killed_loses_nothing(
    pair: list[Live], postgres: Postgres, name: str, end: str
) -> None:
    if not postgres.is_ours:
        pytest.skip("the server that MIEN_TEST_POSTGRES names is not ours to stop")
    pair[1].client().create_collection(CollectionId=name)
    writers = Writers(pair, name)
    writers.go_on()
    getattr(postgres, end)()
    time.sleep(1)
    postgres.start()
    writers.go_on()
    writers.end()
    assert writers.refused <= RETRIED
    for server in pair:
        complete(server, name, writers.acknowledged)


def test_a_stand_by_takes_over_in_the_middle_of_transactions_and_nothing_is_lost(
    packs: str, name: str, tmp_path: Path
) -> None:
    """The first server is killed, callers are led to the second before it is ready, and then it takes its place."""
    with ExitStack() as stack:
        stack.callback((primary := Postgres(own=True)).close)
        stack.callback((standby := primary.standby()).close)
        stack.callback((proxy := Proxy(primary.socket)).close)
        server = start(packs, tmp_path / "data", f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres")
        stack.callback(server.stop)
        server.client().create_collection(CollectionId=name)
        writers = Writers([server], name)
        stack.callback(writers.end)
        writers.go_on()
        primary.kill()
        proxy.lead_to(standby.socket)
        wait_for(lambda: bool(writers.refused))
        standby.promote()
        writers.go_on()
        writers.end()
        assert writers.refused <= RETRIED
        complete(server, name, writers.acknowledged)


def _ignored(work: Callable[[], Any]) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        work()
