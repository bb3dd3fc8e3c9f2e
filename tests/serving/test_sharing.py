"""Several processes over one data directory: a gallery is built once and lies in memory once, whoever dies."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from mien.store.base import NewFace, Origin, Region, StoredFace
from mien.store.open import Store, open_store
from tests.serving.sharing import ACCOUNT, DIMENSION, NAME

EACH = 5_500
MB = 1e6

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/smaps_rollup")


Crowd = tuple[str, Path, Store, list[StoredFace]]  # the address of a store, its data directory, and what it holds


class Worker:
    """A process, spoken to by lines (see `tests.serving.sharing`)."""

    def __init__(self, until: ExitStack, store: str, data: Path) -> None:
        command = [sys.executable, "-m", "tests.serving.sharing", store, str(data)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        until.callback(self.stop)
        self.answer()

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def ask(self, line: str) -> Any:
        self.say(line)
        return self.answer()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def key_of(store: Store) -> int:
    collection = store.collections.find(ACCOUNT, NAME)
    assert collection
    return collection.key


def add(store: Store, count: int, seed: int) -> list[StoredFace]:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    faces = [NewFace(Region(0, 0, 1, 1), 99.0, vector) for vector in drawn]
    return store.faces.add(key_of(store), Origin(UUID(int=seed), None), faces)


@contextmanager
def filled(address: str, data: Path, count: int) -> Iterator[Crowd]:
    with closing((store := open_store(address, str(data))).database):
        store.collections.create(ACCOUNT, NAME, "contract", "7.1")
        yield address, data, store, [face for seed in range(count // EACH) for face in add(store, EACH, seed + 1)]


@pytest.fixture(params=["sqlite", "postgres"])
def crowd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crowd]:
    address = request.getfixturevalue("schema") if request.param == "postgres" else ""
    with filled(address, tmp_path, 4 * EACH) as made:
        yield made


def test_a_gallery_lies_in_memory_once(tmp_path: Path) -> None:
    with filled("", tmp_path, 100_000) as (address, data, _, faces), ExitStack() as until:
        key = faces[7].key
        workers = [Worker(until, address, data) for _ in range(3)]
        for worker in workers:
            worker.say(f"find {key}")  # all at the same time, before there is a snapshot
        assert [worker.answer() for worker in workers] == [[key]] * 3
        assert len([*data.rglob("*.index")]) == 1, "each has built its own"
        for worker in workers:
            worker.stop()
        workers = [Worker(until, address, data) for _ in range(4)]
        before = sum(worker.ask("memory")["pss"] for worker in workers)
        assert [worker.ask(f"find {key}") for worker in workers] == [[key]] * 4
        gallery = workers[0].ask("memory")["gallery"]
        together = sum(worker.ask("memory")["pss"] for worker in workers) - before
        assert gallery > len(faces) * (DIMENSION + 32 + 8 + 4)
        assert gallery < together < 1.15 * gallery + 4 * 7 * MB  # what reading the store takes, whatever the size


def test_what_has_followed_a_snapshot_is_shared_by_the_next(crowd: Crowd) -> None:
    address, data, store, faces = crowd
    stays, goes = faces[7].key, faces[1000].key
    with ExitStack() as until:
        workers = [Worker(until, address, data) for _ in range(3)]
        assert [worker.ask(f"find {goes}") for worker in workers] == [[goes]] * 3
        (first,) = data.rglob("*.index")
        comes = add(store, 2 * EACH, 99)[5].key
        store.faces.delete(key_of(store), [face.face_id for face in faces[::1000]])
        expected = [[comes], [stays], []]
        for turns in range(3):
            assert [[worker.ask(f"find {key}") for key in (comes, stays, goes)] for worker in workers] == [expected] * 3
            for worker in workers:
                worker.ask("turn")
            (second,) = data.rglob("*.index")
            assert second != first, turns
        (files,) = {worker.ask("mapped") for worker in workers}
        assert files == len([*data.rglob("*.segment")]) > 0


def test_who_dies_while_building_leaves_it_to_another(crowd: Crowd) -> None:
    address, data, store, faces = crowd
    with ExitStack() as until:
        first, second, third = (Worker(until, address, data) for _ in range(3))
        first.say(f"find {faces[3].key}")
        lock, until_then = data / "snapshots" / f"{key_of(store)}-faces.lock", time.monotonic() + 60
        while not lock.exists() and time.monotonic() < until_then:
            time.sleep(0.001)
        second.say(f"find {faces[3].key}")
        first.stop()
        assert second.answer() == third.ask(f"find {faces[3].key}") == [faces[3].key]
        assert second.ask("mapped") == third.ask("mapped") > 0
