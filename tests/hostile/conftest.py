"""Provides the server with keys that attacks run against."""

from collections.abc import Iterator

import pytest

from tests import live
from tests.locked import Locked


@pytest.fixture(scope="module")
def attacked(packs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """Starts a server that requires signatures, shared by the attacks of a module."""
    server = live.serve(packs, tmp_path_factory.mktemp("attacked") / "data")
    try:
        yield Locked(server)
    finally:
        server.stop()
