"""One suite, every store: a new store is held against all of it by one more parameter."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mien.store import open as stores
from mien.store.open import Store

STORES: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:///{folder}/store.db"}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = stores.open_store(STORES[request.param](tmp_path), str(tmp_path))
    with closing(opened.database):
        yield opened
