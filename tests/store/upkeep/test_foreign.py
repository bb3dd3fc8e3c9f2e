"""Collections of other packs are counted by pack, without those that an import or a reindexing has not finished."""

import sqlite3
from contextlib import closing
from pathlib import Path

from mien.store import open as stores
from mien.store.open import FILE
from mien.store.upkeep import bulk, foreign
from mien.store.upkeep.foreign import MadeElsewhere

ACCOUNT, OTHER = "000000000000", "111111111111"


def test_they_are_counted_by_pack_over_all_accounts(tmp_path: Path) -> None:
    store = stores.open_store("", str(tmp_path))
    with closing(store.database):
        for account, name, contract in (
            (ACCOUNT, "a", "ours"), (ACCOUNT, "b", "old"), (OTHER, "b", "old"), (ACCOUNT, "c", "older"),
        ):  # fmt: skip
            assert store.collections.create(account, name, contract, f"7.{len(contract)}")
        bulk.begin(store.portraits, bulk.described(ACCOUNT, "d", "old", "7.3"), {})
        with closing(sqlite3.connect(tmp_path / FILE)) as connection:
            connection.execute("UPDATE collections SET faces = 5 WHERE contract = 'old'")
            connection.commit()
        found = store.database.read(lambda cursor: foreign.count(cursor, "ours"))
    assert found == [MadeElsewhere("old", "7.3", 2, 10), MadeElsewhere("older", "7.5", 1, 0)]
