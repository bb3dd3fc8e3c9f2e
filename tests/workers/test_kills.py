"""Any worker, or the parent, is killed at any moment under load.

Nothing acknowledged is lost, clients of the other workers notice nothing, and no process is left behind.
MIEN_TEST_KILLS says how many kills.
"""

import os
import random
import signal
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import psutil
import pytest

from mien.store.open import open_store
from tests import live
from tests.faults.proof import Crowd, prove
from tests.faults.traffic import COMMON, PATIENT, Run, Worker, traffic, until
from tests.live import Live
from tests.workers.pinned import connected, is_over, serve, soon, workers

KILLS = int(os.environ.get("MIEN_TEST_KILLS", "8"))
COUNT, CLIENTS = 3, 6
BEYOND = 12  # changes that must be acknowledged after a kill


class Client(Worker):
    """A client that notes when its connection ends."""

    over = False

    def work(self, server: Live) -> None:
        self.over = False
        super().work(server)
        self.over = True

    @property
    def port(self) -> int:
        """The client's port of its connection."""
        return int(self.client._connection.sock.getsockname()[1])


def under_load(packs: str, data: Path, seed: int) -> tuple[Live, list[Client], Run]:
    """Starts a server with the common collection, and makes clients that have not begun."""
    run = Run()
    clients = [Client(f"w{number}", run, seed + number) for number in range(CLIENTS)]
    server = serve(packs, data, COUNT, *PATIENT)
    server.client().create_collection(CollectionId=COMMON)
    return server, clients, run


def wait_for(run: Run, more: int) -> None:
    """Waits until more than so many further changes are acknowledged."""
    before = run.acknowledged
    until(run, lambda: run.acknowledged > before + more)


def test_a_killed_worker_is_missed_by_its_own_clients_only(packs: str, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    server, clients, run = under_load(packs, tmp_path / "data", seed)
    for number in range(max(2, KILLS // 2)):
        with traffic(server, clients):
            wait_for(run, CLIENTS)
            time.sleep(chance.uniform(0, 0.3))
            victim = chance.choice(workers(server))
            theirs = connected(victim, server.port)
            spared = [client for client in clients if client.port not in theirs]
            assert theirs
            assert len(spared) == CLIENTS - len(theirs)
            victim.kill()
            wait_for(run, BEYOND)
            assert not any(client.over for client in spared), "a client of another worker has noticed"
        soon(partial(replaced, server, number + 1), "a worker in its place")
        prove(server, list(clients), Crowd())
    said = server.log.read_text()
    assert "Traceback" not in said, said
    assert said.count("a worker ended and is started again") == max(2, KILLS // 2)
    assert server.stop() == 0


def replaced(server: Live, times: int) -> bool:
    return server.log.read_text().count("a worker serves again") == times


def test_with_the_parent_all_its_workers_end(packs: str, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    server, clients, run = under_load(packs, tmp_path / "data", seed)
    for _ in range(max(1, KILLS // 4)):
        with traffic(server, clients):
            wait_for(run, CLIENTS)
            time.sleep(chance.uniform(0, 0.3))
            left = workers(server)
            server.kill()
        server = serve(packs, tmp_path / "data", COUNT, *PATIENT)  # at once, although the workers are still ending
        assert all_over(left)
        prove(server, list(clients), Crowd())
    assert server.stop() == 0


def all_over(processes: list[psutil.Process]) -> bool:
    return all(map(is_over, processes))


def test_a_parent_killed_while_it_starts_leaves_nothing(packs: str, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(max(2, KILLS // 4)):
        flags = ("--workers", str(COUNT), "--threads", str(COUNT))
        process, log = live.launch(packs, tmp_path / "data", *flags)
        time.sleep(chance.uniform(0.2, 3))
        left = psutil.Process(process.pid).children()
        process.kill()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()
        soon(partial(all_over, left), "the workers' end")
        assert "Traceback" not in log.read_text()
    server = serve(packs, tmp_path / "data", COUNT)
    assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_server_ends_well_and_loses_nothing(packs: str, tmp_path: Path, number: signal.Signals) -> None:
    server, clients, _ = under_load(packs, tmp_path / "data", 0)
    with traffic(server, clients):
        time.sleep(0.7)
        left = workers(server)
        assert server.stop(number) == 0
    assert all_over(left)
    assert "Traceback" not in server.log.read_text()
    server = serve(packs, tmp_path / "data", COUNT, *PATIENT)
    prove(server, list(clients), Crowd())
    assert server.stop() == 0


def test_who_has_the_upkeep_dies_and_another_has_it(packs: str, tmp_path: Path) -> None:
    server = serve(packs, tmp_path / "data", COUNT)
    first = min(workers(server), key=lambda each: each.create_time())
    server.client().create_collection(CollectionId="away")
    first.kill()
    soon(partial(is_over, first), "its end")
    server.client().delete_collection(CollectionId="away")

    def swept() -> bool:
        with closing(open_store("", str(server.data)).database) as database:
            rows = database.read(lambda cursor: cursor.row("SELECT COUNT(*) FROM sweeps"))
        return rows == (0,)

    soon(swept, "the sweep")
    assert server.stop() == 0
