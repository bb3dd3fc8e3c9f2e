"""What attacks ask for: a server with keys that nothing else uses."""

from collections.abc import Iterator

import pytest

from tests import live
from tests.locked import Locked


@pytest.fixture(scope="module")
def attacked(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """A server that asks for a signature, shared by the attacks of a module."""
    server = live.serve(packs, tmp_path_factory.mktemp("attacked") / "data")
    try:
        yield Locked(server)
    finally:
        server.stop()
