"""Several real servers on one PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests import live
from tests.live import Live
from tests.postgres import Postgres

INSTANCES = 3


@pytest.fixture(scope="module")
def servers(packs: str, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Live]]:
    """Three servers that share nothing but a schema; no one knows another."""
    with postgres.schema() as address:
        running: list[Live] = []
        try:
            for number in range(INSTANCES):
                data = tmp_path_factory.mktemp("instance") / str(number)
                running.append(live.serve(packs, data, "--store", address, "--threads", "1"))
            yield running
        finally:
            for server in running:
                server.stop()
