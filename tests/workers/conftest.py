"""What the tests of workers ask for: a server of three, for all that do it no harm."""

from collections.abc import Iterator

import pytest

from tests.live import Live
from tests.workers import pinned


@pytest.fixture(scope="module")
def crew(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server of three workers."""
    server = pinned.serve(packs, tmp_path_factory.mktemp("crew") / "data", 3)
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(processes_end: None) -> None:
    """A test that fails leaves no server running."""
