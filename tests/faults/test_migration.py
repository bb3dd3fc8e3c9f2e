"""A server killed in the middle of a migration finishes it when it is started again, and has lost nothing."""

import random
import shutil
import sqlite3
import time
from contextlib import closing
from importlib import resources
from pathlib import Path
from select import select
from uuid import UUID

import numpy as np
import pytest

from mien import config
from mien.operations.context import ACCOUNT
from mien.packs import manifest
from mien.store.open import FILE, open_store
from tests import live
from tests.faults.client import Client
from tests.faults.proof import Crowd, prove
from tests.faults.test_kill import KILLS
from tests.faults.traffic import COMMON, Run, Worker

FACES = 16_000  # under the crossover, and still a second's work
OLD = 1  # migrations that the old file has seen
STOPS = max(2, KILLS // 20)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Crowd]:
    """A data directory as the first mien left it, with a crowd in it, of whom each two are alike and no others."""
    data = tmp_path_factory.mktemp("old") / "data"
    data.mkdir()
    entry = manifest.named(config.DEFAULT_PACK)
    scripts = sorted((resources.files("mien.store.engines") / "sql" / "sqlite").iterdir(), key=lambda each: each.name)
    vectors = np.random.default_rng(5).normal(size=(FACES // 2, entry.dimension)).repeat(2, axis=0)
    vectors += 0.05 * np.random.default_rng(6).normal(size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for script in scripts[:OLD]:
            connection.executescript(script.read_text())
        connection.execute(f"PRAGMA user_version = {OLD}")
        connection.execute(
            "INSERT INTO collections (account, name, contract, model_version, created, revision, faces) "
            "VALUES (?, ?, ?, ?, 1.5, 1, ?)", (ACCOUNT, COMMON, entry.contract, entry.model_version, FACES),
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO faces (collection, face_id, image_id, box_left, box_top, box_width, box_height, confidence, "
            "revision) VALUES (1, ?, ?, 0, 0, 1, 1, 99, 1)",
            ((UUID(int=number, version=4).bytes, bytes(16)) for number in range(FACES)),
        )
        connection.executemany(
            "INSERT INTO embeddings (face, vector) VALUES (?, ?)",
            ((number + 1, vector.astype("<f4").tobytes()) for number, vector in enumerate(vectors)),
        )
        connection.commit()
    return data, Crowd([str(UUID(int=number, version=4)) for number in range(FACES)])


def test_a_kill_during_a_migration_loses_nothing(
    packs: str, old: tuple[Path, Crowd], tmp_path: Path, seed: int
) -> None:
    chance, written = random.Random(seed), writes(old[0], tmp_path / "whole")
    for number in range(STOPS):
        data = tmp_path / f"data-{number}"
        shutil.copytree(old[0], data)
        seen = [OLD]
        for share in (1.0, 0.2):
            kill_within(packs, data, share * chance.uniform(0, written), chance.uniform(0, 0.02))
            seen.append(state(data))
        print(f"migrations seen before and after two kills: {seen}")
        assert seen == sorted(seen)
        server = live.serve(packs, data)
        prove(server, [Worker("nobody", Run(), seed)], old[1])
        assert Client(server.host, server.port)("DescribeCollection", CollectionId=COMMON)["FaceCount"] == FACES
        assert server.stop() == 0
        shutil.rmtree(data)


def writes(old: Path, place: Path) -> int:
    """How many bytes all migrations write."""
    shutil.copytree(old, place)
    with closing(open_store("", str(place)).database):
        return (place / f"{FILE}-wal").stat().st_size


def kill_within(packs: str, data: Path, written: float, more: float) -> None:
    """Start a server and kill it when its migration has written so many bytes, and some seconds later."""
    log = data / f"{FILE}-wal"
    process, _ = live.launch(packs, data)
    assert process.stdout is not None
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        if (log.exists() and log.stat().st_size >= written) or select([process.stdout], [], [], 0)[0]:
            break  # or it is done, and listens
        time.sleep(0.001)
    time.sleep(more)
    process.kill()
    process.wait(30)
    process.stdout.close()


def state(data: Path) -> int:
    """How many migrations a file has seen; it is whole whatever happened."""
    with closing(sqlite3.connect(data / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
