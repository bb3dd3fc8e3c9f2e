"""A client of the live server for the tests of the operations, and a collection for each test."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.live import Live
from tests.operations.api import Api


@pytest.fixture(scope="session")
def api(live: Live) -> Api:
    return Api(live)


@pytest.fixture
def collection(api: Api) -> Iterator[str]:
    """The name of a new, empty collection."""
    name = f"test-{uuid4()}"
    api("CreateCollection", CollectionId=name)
    yield name
    api.live.post("DeleteCollection", json.dumps({"CollectionId": name}).encode())
