"""The record of changes stays short, and whoever follows near enough is never sent back to the beginning."""

import pytest

from mien.store.base import HistoryGoneError, Point
from mien.store.open import Store
from mien.store.upkeep import trim
from mien.store.upkeep.sweep import sweeper
from tests.congruence import faces

KEPT, STEP = 20, 10


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trim, "_KEPT", str(KEPT))
    monkeypatch.setattr(trim, "STEP", STEP)


def churn(store: Store, key: int, times: int) -> list[Point]:
    """Adds three faces and deletes them, again and again; where the collection was after each revision."""
    points = []
    for number in range(times):
        kept = faces.add(store, key, number, [faces.face(place) for place in range(3)])
        points.append(store.faces.point(key))
        store.faces.delete(key, [each.face_id for each in kept])
        points.append(store.faces.point(key))
    return [each for each in points if each]


def trimmed(store: Store) -> int:
    """Trims all there is to trim; in how many transactions."""
    steps = 0
    while trim.trim(store.database):
        steps += 1
        assert steps < 1000, "no headway"
    return steps


def test_the_record_of_what_went_does_not_grow_for_ever(store: Store) -> None:
    key, other = faces.make(store), faces.make(store, "other")
    points = churn(store, key, 60)
    churn(store, other, 3)
    assert trimmed(store) > 1, "a little at a time"
    assert trimmed(store) == 0
    assert faces.count(store, "histories") <= KEPT + STEP + 1 + 7
    assert faces.count(store, "removals") <= 3 * (KEPT + STEP) + 9
    now = points[-1]
    for each in points[-KEPT:]:
        assert store.faces.changes(key, each.revision, 100, each.revision, each).seen == now
        assert store.collections.knows(key, each)
    for each in points[: -KEPT - STEP - 1]:
        with pytest.raises(HistoryGoneError):
            store.faces.changes(key, each.revision, 100, each.revision, each)
    began = store.faces.changes(key, 0, 100, now.revision, now)
    assert began.revision == now.revision


def test_one_deletion_of_many_is_forgotten_in_one_go(store: Store) -> None:
    key = faces.make(store)
    kept = [each for n in range(10) for each in faces.add(store, key, n, [faces.face(place) for place in range(9)])]
    store.faces.delete(key, [each.face_id for each in kept])
    churn(store, key, 40)
    trimmed(store)
    assert faces.count(store, "removals") <= 3 * (KEPT + STEP)


def test_a_server_trims_in_the_background(store: Store) -> None:
    key = faces.make(store)
    churn(store, key, 40)
    with sweeper(store.database):
        faces.until(lambda: faces.count(store, "histories") <= KEPT + STEP + 1)
