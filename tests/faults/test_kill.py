"""What was acknowledged survives `kill -9` at any moment: under load, while stopping, while starting.

MIEN_TEST_KILLS says how many kills (200 with `make soak`). A fifth of them are of a server with a crowd, whose gallery
is sketched and has a snapshot, which may be spoiled before the next start.
"""

import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests import live
from tests.faults import damage, filling
from tests.faults.proof import Crowd, prove
from tests.faults.traffic import COMMON, PATIENT, Run, Worker, traffic, until
from tests.live import Live

KILLS = int(os.environ.get("MIEN_TEST_KILLS", "10"))
WORKERS = 4
HOW = ("under load", "under load", "while stopping", "while starting", "while writing a snapshot")


def test_what_was_acknowledged_survives_every_kill(packs: str, tmp_path: Path, seed: int) -> None:
    data = tmp_path / "data"
    crowd = filling.fill(data, 0)
    rounds(Place(packs, data, crowd), KILLS - KILLS // 5, HOW[:-1], [""], seed)


def test_and_so_it_does_in_a_crowd(packs: str, filled: tuple[Path, Crowd], tmp_path: Path, seed: int) -> None:
    data = filling.copied(filled[0], tmp_path / "data")
    rounds(Place(packs, data, filled[1]), KILLS // 5, HOW, ["", "", *damage.ALL], seed)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server runs: with which packs, in which data directory, and who is in that."""

    packs: str
    data: Path
    crowd: Crowd


def rounds(place: Place, kills: int, hows: Sequence[str], harms: Sequence[str], seed: int) -> None:
    """Use a server, kill it, perhaps spoil its snapshot, start it again, and hold it against what it acknowledged."""
    chance, run = random.Random(seed), Run()
    workers = [Worker(f"w{number}", run, seed + number) for number in range(WORKERS)]
    server = live.serve(place.packs, place.data, *PATIENT)
    for number in range(kills):
        how, harm = chance.choice(hows), chance.choice(harms)
        before = run.acknowledged
        with traffic(server, workers):
            until(run, partial(lambda before: run.acknowledged > before, before))
            time.sleep(chance.uniform(0, 1))
            end(server, how, chance, place.packs)
        print(f"kill {number + 1} {how}, {run.acknowledged - before} changes{harm and f'; {harm}'}", flush=True)
        clean(server)
        if harm:
            damage.do(harm, place.data, chance)
        server = live.serve(place.packs, place.data, *PATIENT)
        prove(server, workers, place.crowd)
    server.stop()


def end(server: Live, how: str, chance: random.Random, packs: str) -> None:
    """End a server with SIGKILL at some moment."""
    if how == "while stopping":
        server.process.send_signal(signal.SIGTERM)
        time.sleep(chance.uniform(0, 0.5))
    if how == "while writing a snapshot":
        there = set((server.data / "snapshots").rglob("*"))
        server.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 15
        while server.process.poll() is None and set((server.data / "snapshots").rglob("*")) <= there:
            assert time.monotonic() < until, "the server does not stop"
        time.sleep(chance.uniform(0, 0.02))
    server.kill()
    if how == "while starting":
        process, log = live.launch(packs, server.data, *PATIENT)
        time.sleep(chance.uniform(0.2, 2))
        process.kill()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()
        assert "Traceback" not in log.read_text()


def clean(server: Live) -> None:
    said = server.log.read_text()
    assert "Traceback" not in said, said
    server.log.unlink()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_server_ends_well_and_loses_nothing(packs: str, tmp_path: Path, number: signal.Signals) -> None:
    run = Run()
    workers = [Worker(f"w{each}", run, each) for each in range(WORKERS)]
    server = live.serve(packs, tmp_path / "data", *PATIENT)
    server.client().create_collection(CollectionId=COMMON)
    with traffic(server, workers):
        time.sleep(0.7)
        assert server.stop(number) == 0
    clean(server)
    server = live.serve(packs, tmp_path / "data", *PATIENT)
    prove(server, workers, Crowd())
    server.stop()
