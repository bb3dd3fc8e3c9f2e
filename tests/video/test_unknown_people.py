"""Numbers of unknown people: bounded, exact, and in memory alone."""

from datetime import date

from mien.video import unknown_people
from mien.video.unknown_people import UnknownPeople
from tests.video.test_visits import CALIBRATION, DAY, face


def test_a_person_has_one_number() -> None:
    people = UnknownPeople(CALIBRATION)
    assert [people.number(face(who, seed), DAY) for seed in range(3) for who in (1, 2, 3)] == [1, 2, 3] * 3


def test_the_oldest_are_forgotten_beyond_the_bound(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(unknown_people, "MOST_PEOPLE", 3)
    people = UnknownPeople(CALIBRATION)
    for who in (1, 2, 3, 1, 4):
        people.number(face(who), DAY)
    assert len(people) == 3
    assert people.number(face(1, 5), DAY) == 1
    assert people.number(face(2, 5), DAY) == 5


def test_a_new_day_forgets_everyone() -> None:
    people = UnknownPeople(CALIBRATION)
    people.number(face(1), DAY)
    people.learn(1, face(1, 2), date(2026, 12, 1))
    assert len(people) == 1
    assert people.number(face(1), date(2026, 12, 2)) == 2
