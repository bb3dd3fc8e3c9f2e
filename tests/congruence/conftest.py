"""One suite, every store: a new store is held against all of it by one more parameter."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mien.store import open as stores
from mien.store.open import Store
from tests.congruence import several

# what opens one: the setting `store`, from a folder of the test's own and whatever fixtures it needs
STORES: dict[str, Callable[[pytest.FixtureRequest, Path], str]] = {
    "sqlite": lambda _, folder: f"sqlite:///{folder}/store.db",
    "sqlite, by three workers": lambda _, folder: f"sqlite:///{folder}/store.db",
    "postgres": lambda request, _: str(request.getfixturevalue("schema")),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    address = STORES[request.param](request, tmp_path)
    count = 3 if "three" in request.param else 1
    opened = stores.open_store(address, str(tmp_path)) if count == 1 else several.opened(address, tmp_path, count)
    with closing(opened.database):
        yield opened
