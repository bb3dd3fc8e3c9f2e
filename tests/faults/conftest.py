"""What the tests of faults ask for: a seed that is printed, and a store with a crowd in it."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import live
from tests.faults import filling
from tests.faults.client import Client
from tests.faults.proof import Crowd


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    """A test that fails leaves no server running."""
    me = psutil.Process()
    before = set(me.children())
    yield
    for child in set(me.children()) - before:
        child.kill()
        child.wait(30)


@pytest.fixture
def seed() -> int:
    """What every choice follows from; MIEN_TEST_SEED takes it up again. pytest shows what is printed of a failure."""
    chosen = int(os.environ.get("MIEN_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"MIEN_TEST_SEED={chosen}")
    random.seed(chosen)
    return chosen


@pytest.fixture(scope="session")
def filled(packs: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Crowd]:
    """A data directory to copy: a crowd, and a snapshot of it."""
    data = tmp_path_factory.mktemp("filled") / "data"
    crowd = filling.fill(data)
    server = live.serve(packs, data)
    Client(server.host, server.port)("SearchFaces", CollectionId="common", FaceId=crowd.faces[0])
    assert server.stop() == 0
    assert [*(data / "snapshots").rglob("*.segment")], "the server has written no snapshot"
    return data, crowd
