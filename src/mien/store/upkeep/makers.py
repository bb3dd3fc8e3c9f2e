"""Reads which packs made a store's collections, before it is opened: nothing is migrated, locked or created."""

import sqlite3
from contextlib import closing

from mien.store import open as stores
from mien.store.upkeep.bulk import HIDDEN

_QUERY = (
    f"SELECT contract FROM collections WHERE account NOT LIKE '{HIDDEN}%' "
    "GROUP BY contract ORDER BY SUM(faces) DESC, COUNT(*) DESC, contract"
)


def contracts(store: str, data: str) -> list[str]:
    """Returns the contracts of the packs that made a store's collections, the one of most faces first.

    A store that does not exist, or that its opening will refuse, has none.

    Args:
        store: its address, as the setting.
        data: the data directory.

    Raises:
        SetupError: a database on the network cannot be reached.
    """
    if stores.is_shared(store):
        return _on_the_network(store)
    path = stores.named(store, data)
    if not path.is_file():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return [str(row[0]) for row in connection.execute(_QUERY)]
    except sqlite3.Error:
        return []


def _on_the_network(store: str) -> list[str]:
    try:
        from mien.store.engines import postgres  # noqa: PLC0415  psycopg is optional
    except ImportError:
        return []
    return [str(row[0]) for row in postgres.asked_once(store, _QUERY)]
