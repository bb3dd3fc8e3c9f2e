"""S3 and SNS on loopback (moto's), with films in a bucket and a queue that hears a topic."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.cloud import Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A bucket of films, shared by all tests."""
    pytest.importorskip("av", reason="films need PyAV: pip install 'mien[video]'")
    with Cloud.started(Path(tmp_path_factory.mktemp("films"))) as started:
        yield started
