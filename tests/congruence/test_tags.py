"""Tags: words on a collection, never more than two hundred, gone with it."""

import pytest

from mien.store.open import Store
from mien.store.tables.tags import TagsFullError
from mien.store.upkeep.sweep import sweep_all
from tests.congruence import faces


def test_tags_are_merged_and_overwritten(store: Store) -> None:
    key, other = faces.make(store), faces.make(store, "others")
    assert store.tags.of(key) == {}
    store.tags.put(key, {"team": "a", "place": ""})
    store.tags.put(key, {"team": "b", "ключ": "значение"})
    store.tags.put(other, {"team": "c"})
    assert store.tags.of(key) == {"place": "", "team": "b", "ключ": "значение"}
    store.tags.remove(key, ["team", "never there"])
    assert store.tags.of(key) == {"place": "", "ключ": "значение"}
    assert store.tags.of(other) == {"team": "c"}


def test_a_name_differs_by_case(store: Store) -> None:
    key = faces.make(store)
    store.tags.put(key, {"Team": "A", "team": "a"})
    assert store.tags.of(key) == {"Team": "A", "team": "a"}


def test_there_are_200_tags_and_not_one_more(store: Store) -> None:
    key = faces.make(store)
    store.tags.put(key, {f"k{number}": "v" for number in range(200)})
    store.tags.put(key, {f"k{number}": "w" for number in range(100)})  # the same names again
    with pytest.raises(TagsFullError):
        store.tags.put(key, {"k0": "new", "another": "v"})
    assert len(store.tags.of(key)) == 200
    assert store.tags.of(key)["k0"] == "w"  # all or none


def test_a_collection_is_made_with_its_tags_and_loses_them(store: Store) -> None:
    made = store.collections.create(faces.ACCOUNT, "people", "contract", "7.1", {"team": "a"})
    assert made is not None
    assert store.tags.of(made.key) == {"team": "a"}
    assert store.collections.create(faces.ACCOUNT, "people", "contract", "7.1", {"team": "b"}) is None
    assert store.tags.of(made.key) == {"team": "a"}
    store.collections.delete(faces.ACCOUNT, "people")
    sweep_all(store.database)
    assert faces.count(store, "tags") == 0
    again = store.collections.create(faces.ACCOUNT, "people", "contract", "7.1")
    assert again is not None
    assert store.tags.of(again.key) == {}
