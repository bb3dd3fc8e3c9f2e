"""What many do at the same moment comes out as if they had done it one after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mien.store.open import Store
from mien.store.tables.tags import MOST_TAGS, TagsFullError
from mien.store.tables.tokens import Token, TokenReusedError
from mien.store.upkeep.sweep import sweep_all
from tests.congruence import faces

MANY = 8


def at_once(work: Callable[[int], object]) -> list[object]:
    """What `work` comes to in many threads at once; what it raises is its outcome too."""

    def outcome(number: int) -> object:
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001
            return error

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(outcome, range(MANY)))


@pytest.mark.parametrize("_", range(5))
def test_many_who_sweep_leave_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch, _: int) -> None:
    monkeypatch.setattr("mien.store.upkeep.sweep.FACES", 3)
    for name in ("one", "two"):
        key = faces.make(store, name)
        for number in range(4):
            faces.add(store, key, number, [faces.face(place) for place in range(8)])
        store.collections.delete(faces.ACCOUNT, name)
    assert at_once(lambda _: sweep_all(store.database)) == [None] * MANY
    assert [faces.count(store, table) for table in ("faces", "embeddings", "sweeps")] == [0, 0, 0]


@pytest.mark.parametrize("_", range(5))
def test_a_call_that_comes_many_times_at_once_has_one_effect_and_no_error(store: Store, _: int) -> None:
    key, token = faces.make(store), Token(faces.ACCOUNT, "CreateUser", "again", b"digest")
    assert at_once(lambda _: store.users.create(key, "her", token)) == [None] * MANY
    assert [user.name for user in store.users.page(key, 0, 100)] == ["her"]


@pytest.mark.parametrize("_", range(5))
def test_a_token_that_many_use_at_once_for_different_things_is_one_s(store: Store, _: int) -> None:
    keys = [faces.make(store, f"c{number}") for number in range(MANY)]

    def create(number: int) -> None:
        store.users.create(keys[number], "her", Token(faces.ACCOUNT, "CreateUser", "once", b"%d" % number))

    outcomes = at_once(create)
    assert sorted(type(each).__name__ for each in outcomes) == ["NoneType"] + (MANY - 1) * [TokenReusedError.__name__]
    made = [number for number in range(MANY) if store.users.find(keys[number], "her")]
    assert made == [outcomes.index(None)]


@pytest.mark.parametrize("_", range(5))
def test_tags_added_by_many_never_are_too_many(store: Store, _: int) -> None:
    key = faces.make(store)
    share = MOST_TAGS // 3
    outcomes = at_once(lambda number: store.tags.put(key, {f"{number}-{each}": "" for each in range(share)}))
    assert [type(each) for each in outcomes].count(TagsFullError) == MANY - 3
    assert len(store.tags.of(key)) == 3 * share


def test_many_who_delete_and_make_a_collection_leave_one_or_none(store: Store) -> None:
    faces.make(store)

    def churn(number: int) -> None:
        for _ in range(10):
            store.collections.delete(faces.ACCOUNT, "people")
            store.collections.create(faces.ACCOUNT, "people", "contract", "7.1")

    assert at_once(churn) == [None] * MANY
    assert store.collections.find(faces.ACCOUNT, "people") is not None
    assert faces.count(store, "collections") == 1
