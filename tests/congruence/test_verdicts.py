"""What people said of faces and users: kept between sides, overruled pair by pair, gone with what it names."""

from itertools import product
from random import Random

import pytest

from mien.store.base import Cursor
from mien.store.open import Store
from mien.store.tables import changes, judgements
from mien.store.tables.judgements import Kind, Side, Verdict
from mien.store.upkeep.sweep import sweep_all
from tests.congruence import faces

TABLES = ("verdicts", "judged_faces", "judged_users")


@pytest.fixture
def key(store: Store) -> int:
    return faces.make(store)


def some(*keys: int) -> Side:
    return Side(faces=frozenset(keys))


def give(store: Store, key: int, kind: Kind, one: Side, other: Side = judgements.NOTHING) -> None:
    def work(cursor: Cursor) -> None:
        changes.advance(cursor, key)
        judgements.give(cursor, key, Verdict(kind, one, other))

    store.database.write(work)


def withdraw(store: Store, key: int, one: Side, other: Side) -> None:
    store.database.write(lambda cursor: judgements.withdraw(cursor, key, one, other))


def pairs(store: Store, key: int) -> dict[frozenset[object], str]:
    """Every pair of faces (numbers) and users (texts) that something was said of; each may come once only."""
    found: dict[frozenset[object], str] = {}
    for each in store.verdicts.of(key):
        assert each.is_whole
        if each.kind == "SAME":
            continue
        for pair in product(_members(each.one), _members(each.other)):
            assert frozenset(pair) not in found
            found[frozenset(pair)] = each.kind
    return found


def alike(store: Store, key: int) -> list[set[int]]:
    return sorted((set(each.one.faces) for each in store.verdicts.of(key) if each.kind == "SAME"), key=min)


def _members(side: Side) -> list[object]:
    return [f"user {side.user}"] if side.user is not None else list(side.faces)


def test_a_no_holds_between_every_face_of_one_group_and_every_face_of_the_other(store: Store, key: int) -> None:
    give(store, key, "DIFFERENT", some(1, 2), some(3, 4, 5))
    assert pairs(store, key) == {frozenset({one, other}): "DIFFERENT" for one in (1, 2) for other in (3, 4, 5)}
    assert faces.count(store, "judged_faces") == 5


def test_a_later_verdict_takes_the_place_of_an_earlier_one_where_they_meet(store: Store, key: int) -> None:
    give(store, key, "DIFFERENT", some(1, 2), some(3, 4))
    give(store, key, "UNSURE", some(4), some(2, 9))
    assert pairs(store, key) == {
        frozenset({1, 3}): "DIFFERENT", frozenset({1, 4}): "DIFFERENT", frozenset({2, 3}): "DIFFERENT",
        frozenset({2, 4}): "UNSURE", frozenset({4, 9}): "UNSURE",
    }  # fmt: skip
    withdraw(store, key, some(1, 2), some(3, 4))
    assert pairs(store, key) == {frozenset({4, 9}): "UNSURE"}


def test_one_persons_faces_come_together_and_apart(store: Store, key: int) -> None:
    give(store, key, "DIFFERENT", some(1), some(2, 7))
    give(store, key, "SAME", some(1, 2))
    assert pairs(store, key) == {frozenset({1, 7}): "DIFFERENT"}
    give(store, key, "SAME", some(2, 3, 4, 5))
    assert alike(store, key) == [{1, 2, 3, 4, 5}]
    give(store, key, "DIFFERENT", some(3), some(1, 2, 4))
    assert alike(store, key) == [{1, 2, 4, 5}]
    withdraw(store, key, some(1, 2, 4), some(1, 2, 4))
    assert alike(store, key) == []


def test_what_is_said_of_a_user_is_kept_together(store: Store, key: int) -> None:
    for face in range(1, 6):
        give(store, key, "DIFFERENT", some(face), Side(10))
    give(store, key, "UNSURE", Side(10), some(2))
    give(store, key, "DIFFERENT", Side(11), Side(10))
    assert pairs(store, key) == {
        **{frozenset[object]({"user 10", face}): "DIFFERENT" for face in (1, 3, 4, 5)},
        frozenset({"user 10", 2}): "UNSURE", frozenset({"user 10", "user 11"}): "DIFFERENT",
    }  # fmt: skip
    assert faces.count(store, "verdicts") == 3


def test_an_heir_inherits_what_was_said(store: Store, key: int) -> None:
    give(store, key, "DIFFERENT", Side(10), some(1, 2))
    give(store, key, "UNSURE", Side(10), Side(12))
    give(store, key, "DIFFERENT", Side(10), Side(11))
    give(store, key, "UNSURE", Side(11), some(2, 3))
    store.database.write(lambda cursor: judgements.pass_on(cursor, key, 10, 11))
    assert pairs(store, key) == {
        frozenset({"user 11", 1}): "DIFFERENT", frozenset({"user 11", 2}): "DIFFERENT",
        frozenset({"user 11", 3}): "UNSURE", frozenset({"user 11", "user 12"}): "UNSURE",
    }  # fmt: skip


def test_random_verdicts_are_as_a_table_of_pairs_has_them(store: Store, key: int) -> None:
    random, known, everyone = Random(7), dict[frozenset[object], str](), range(9)
    for _ in range(120):
        chosen = random.sample(everyone, random.randint(2, 7))
        cut = random.randint(1, len(chosen) - 1)
        one, other = some(*chosen[:cut]), some(*chosen[cut:])
        if random.random() < 0.2:
            one, other = Side(50 + random.randint(0, 2)), some(*chosen)
        between = {frozenset(pair) for pair in product(_members(one), _members(other))}
        kinds: tuple[Kind | None, ...] = ("DIFFERENT", "UNSURE", "SAME", None)
        kind = random.choice(kinds)
        if kind is None:
            withdraw(store, key, one, other)
        elif kind == "SAME":
            give(store, key, "SAME", some(*chosen))
            between = {frozenset(pair) for pair in product(chosen, chosen)}
            assert any(set(chosen) <= each for each in alike(store, key))
        else:
            give(store, key, kind, one, other)
        known = {pair: said for pair, said in known.items() if pair not in between}
        known |= dict.fromkeys(between, kind) if kind in ("DIFFERENT", "UNSURE") else {}
        assert pairs(store, key) == known
        sets = alike(store, key)
        assert sum(map(len, sets)) == len(set().union(*sets))


def test_a_deleted_face_is_in_no_verdict(store: Store, key: int) -> None:
    kept = faces.add(store, key, 1, [faces.face(place, place) for place in range(4)])
    one, two, three, four = (face.key for face in kept)
    give(store, key, "DIFFERENT", some(one), some(two, three))
    give(store, key, "SAME", some(three, four))
    store.faces.delete(key, [kept[2].face_id])
    assert pairs(store, key) == {frozenset({one, two}): "DIFFERENT"}
    assert alike(store, key) == []
    store.faces.delete(key, [kept[0].face_id])
    assert [faces.count(store, table) for table in TABLES] == [0, 0, 0]


def test_a_deleted_user_and_a_deleted_collection_leave_nothing(store: Store, key: int) -> None:
    store.users.create(key, "ann", None)
    store.users.create(key, "bea", None)
    ann, bea = (user.key for user in store.users.page(key, 0, 2))
    give(store, key, "DIFFERENT", Side(ann), some(5))
    give(store, key, "UNSURE", Side(ann), Side(bea))
    store.users.delete(key, "ann", None)
    assert [faces.count(store, table) for table in TABLES] == [0, 0, 0]
    give(store, key, "DIFFERENT", Side(bea), some(5, 6))
    store.collections.delete(faces.ACCOUNT, "people")
    sweep_all(store.database)
    assert [faces.count(store, table) for table in TABLES] == [0, 0, 0]


def test_a_collection_has_its_own_verdicts(store: Store, key: int) -> None:
    other = faces.make(store, "others")
    give(store, key, "DIFFERENT", some(1), some(2))
    assert store.verdicts.of(other) == []
    before = store.faces.revision(key)
    give(store, key, "UNSURE", some(1), some(2))
    assert store.faces.revision(key) == (before or 0) + 1
