"""A disk that is full or takes no writing: clean errors while it lasts, nothing lost, and no restart to recover."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests import live
from tests.faults import disk, filling
from tests.faults.client import Client, RefusedError
from tests.faults.proof import Crowd, prove
from tests.faults.traffic import COMMON, PATIENT, Run, Worker, bodies, traffic, until
from tests.live import Live

Fault = Callable[[Path], AbstractContextManager[None]]
FAULTS: dict[str, Fault] = {"full": lambda data: disk.full(data.parent), "read-only": disk.immutable}
WORKERS = 4


@pytest.fixture
def volume(packs: str, tmp_path: Path) -> Iterator[Path]:
    with disk.volume(tmp_path) as place:
        yield place


@pytest.mark.parametrize("name", FAULTS)
def test_a_server_outlives_a_bad_disk(
    packs: str, filled: tuple[Path, Crowd], volume: Path, name: str, seed: int
) -> None:
    chance = random.Random(seed)
    data, crowd = filling.copied(filled[0], volume / "data"), filled[1]
    errors: Counter[str] = Counter()
    run = Run(tell=lambda operation, status, code, _: errors.update([code] if status != 200 else []))
    workers = [Worker(f"w{number}", run, seed + number) for number in range(WORKERS)]
    server = live.serve(packs, data, *PATIENT)
    with traffic(server, workers):
        time.sleep(chance.uniform(0.5, 1.5))
        assert not errors
        run.patient = True
        with FAULTS[name](data):
            until(run, lambda: errors["InternalServerError"] >= 5)
            reads_go_on(server, crowd)
        before = run.acknowledged
        until(run, lambda: run.acknowledged > before + 10)
        run.patient = False
        time.sleep(0.5)
        # whoever looks into what became of a collection that it tried to make may hear that there is none
        assert set(errors) - {"ResourceNotFoundException"} == {"InternalServerError"}
    prove(server, workers, crowd)
    failed_quietly(server)
    with FAULTS[name](data):
        ends_and_cannot_start(server, packs, data, chance)
    server = live.serve(packs, data, *PATIENT)
    prove(server, workers, crowd)
    assert server.stop() == 0


def reads_go_on(server: Live, crowd: Crowd) -> None:
    """What needs no writing is answered; what does is refused by a clean error."""
    client = Client(server.host, server.port)
    client("DetectFaces", Image=bodies()["both"])
    client("DescribeCollection", CollectionId=COMMON)
    client("ListFaces", CollectionId=COMMON, MaxResults=5)
    answer = client("SearchFaces", CollectionId=COMMON, FaceId=crowd.faces[0])
    assert [match["Face"]["FaceId"] for match in answer["FaceMatches"]] == [crowd.neighbour(0)]
    for number in range(1000):  # a little may still be written where there was room before
        try:
            client("CreateCollection", CollectionId=f"too-much-{number}", Tags={"much": "x" * 250})
        except RefusedError as error:
            assert (error.status, error.code, error.message) == (500, "InternalServerError", "Internal server error")
            break
    else:
        raise AssertionError("the disk takes everything")
    client.close()


def failed_quietly(server: Live) -> None:
    """The log tells whoever runs the server what is wrong, in lines of JSON."""
    assert any("disk" in line for line in server.log.read_text().splitlines())


def ends_and_cannot_start(server: Live, packs: str, data: Path, chance: random.Random) -> None:
    """End it on the bad disk, one way or the other; started there it serves, or says in a sentence why not."""
    if chance.random() < 0.5:
        server.kill()
    else:
        assert server.stop() == 0
    process, log = live.launch(packs, data, *PATIENT)
    assert process.stdout is not None
    first = process.stdout.readline()
    if first:
        process.kill()
    assert process.wait(30) == (-signal.SIGKILL if first else 1)
    process.stdout.close()
    said = log.read_text()
    assert "Traceback" not in said, said
    assert first or (said.startswith("mien: ") and said.count("\n") == 1), said
