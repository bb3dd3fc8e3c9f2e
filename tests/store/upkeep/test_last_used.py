"""When keys were last used: kept soon after the first use, and then not more than now and then."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from mien.store import open as stores
from mien.store.tables.keys import Keys
from mien.store.upkeep.last_used import Uses
from tests.congruence.test_keys import KEY


class Counting(Keys):
    """Keys that count how often uses are written."""

    written: list[int]

    def note_uses(self, moments: Mapping[str, float]) -> None:
        self.written.append(len(moments))
        super().note_uses(moments)


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Counting]:
    store = stores.open_store("", str(tmp_path / "data"))
    with closing(store.database):
        made = Counting.__new__(Counting)
        object.__setattr__(made, "database", store.database)
        object.__setattr__(made, "written", [])
        made.add(KEY)
        yield made


def used(keys: Keys) -> float | None:
    found = keys.find(KEY.access_key)
    assert found is not None
    return found.used


def until_used(keys: Keys) -> float:
    deadline = time.monotonic() + 10
    while (moment := used(keys)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return moment


def test_the_first_use_is_kept_at_once_and_later_ones_together(keys: Counting) -> None:
    uses, before = Uses(keys), time.time()
    uses.note(KEY.access_key)
    first = until_used(keys)
    assert before <= first <= time.time()
    for _ in range(1000):
        uses.note(KEY.access_key)
    assert used(keys) == first
    uses.stop()
    last = used(keys)
    assert last is not None
    assert last > first
    assert len(keys.written) == 2


def test_an_earlier_use_than_the_one_that_is_kept_changes_nothing(keys: Counting) -> None:
    keys.note_uses({KEY.access_key: 7.0, "MIENUNKNOWN": 8.0})
    keys.note_uses({KEY.access_key: 6.0})
    assert used(keys) == 7.0


def test_a_store_that_fails_stops_nothing(keys: Counting) -> None:
    uses = Uses(keys, pause=0.0)
    keys.database.write(lambda cursor: cursor.run("ALTER TABLE access_keys RENAME TO away"))
    uses.note(KEY.access_key)
    deadline = time.monotonic() + 10
    while not keys.written:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    keys.database.write(lambda cursor: cursor.run("ALTER TABLE away RENAME TO access_keys"))
    uses.note(KEY.access_key)
    until_used(keys)
    uses.stop()
