"""What the tests of faults ask for: a seed that is printed, and a store with a crowd in it."""

from pathlib import Path

import pytest

from tests import live
from tests.faults import filling
from tests.faults.client import Client
from tests.faults.proof import Crowd


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(processes_end: None) -> None:
    """A test that fails leaves no server running."""


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
