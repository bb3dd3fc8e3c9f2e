"""A store as several processes use it: each call goes through another one's connections."""

import itertools
from collections.abc import Callable
from pathlib import Path

from mien.store import open as stores
from mien.store.base import Cursor, Database, T
from mien.store.open import Store
from mien.store.vault import Vault


class Several:
    """Databases over one store, used by turns; what one has committed the next must see.

    Args:
        databases: over the same data.
    """

    def __init__(self, databases: list[Database]) -> None:
        self._databases = databases
        self._turns = itertools.cycle(databases)
        self.clock = databases[0].clock

    def read(self, work: Callable[[Cursor], T]) -> T:
        return next(self._turns).read(work)

    def write(self, work: Callable[[Cursor], T]) -> T:
        return next(self._turns).write(work)

    def reserve(self, table: str, key: int) -> None:
        next(self._turns).reserve(table, key)

    def probe(self) -> None:
        next(self._turns).probe()

    def describe(self) -> str:
        return self._databases[0].describe()

    def close(self) -> None:
        for database in self._databases:
            database.close()


def opened(address: str, folder: Path, count: int) -> Store:
    """Opens a store as so many workers do."""
    several = Several([stores.open_store(address, str(folder)).database for _ in range(count)])
    return stores.over(several, Vault(folder / stores.MASTER_KEY))
