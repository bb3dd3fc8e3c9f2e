"""Who came and who went, told from single looks that are often wrong."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from mien.face.similarity import Calibration
from mien.face.types import Embedding
from mien.video.unknown_people import UnknownPeople
from mien.video.visits import Change, Known, Presence, Sight

DAY, NEXT_DAY = date(2026, 11, 28), date(2026, 11, 29)
ANN, BOB = Known("ann", "Ann"), Known("bob", "Bob")
LEFT, RIGHT = (0.1, 0.2, 0.1, 0.2), (0.6, 0.2, 0.1, 0.2)
CALIBRATION = Calibration.from_far([(1e-1, 0.2), (1e-2, 0.3), (1e-3, 0.4), (1e-4, 0.5), (1e-5, 0.6), (1e-6, 0.7)])


def face(who: int, seed: int = 0) -> Embedding:
    """One of many like vectors of a person, and far from those of others."""
    noise = np.random.default_rng([who, seed]).normal(0, 0.01, 256)
    vector = np.random.default_rng(who).normal(0, 1, 256)
    vector = vector / np.linalg.norm(vector) + noise
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def known(person: Known, seed: int = 0, similarity: float = 95.0, box: tuple[float, ...] = LEFT) -> Sight:
    return Sight(box, face(len(person.user) + ord(person.user[0]), seed), person, similarity)  # type: ignore[arg-type]


def stranger(who: int, seed: int = 0, box: tuple[float, ...] = LEFT) -> Sight:
    return Sight(box, face(who, seed))  # type: ignore[arg-type]


class Scene:
    """A camera whose looks are written down; four a second, and each face keeps its track unless another is said."""

    def __init__(self, unknown: UnknownPeople | None = None, away: float = 2.0) -> None:
        self.unknown = unknown or UnknownPeople(CALIBRATION)
        self.presence = Presence(self.unknown, away)
        self.now = 100.0
        self.told: list[Change] = []

    def looks(self, times: int, *sights: Sight, tracks: Sequence[int] = (), day: date = DAY) -> "Scene":
        for _ in range(times):
            self.told += self.presence.look(self.now, sights, tracks or range(len(sights)), day)
            self.now += 0.25
        return self

    @property
    def events(self) -> list[tuple[str, object]]:
        return [(each.event, each.who) for each in self.told]


def test_a_known_person_comes_by_the_second_look_and_goes_once() -> None:
    scene = Scene().looks(1, known(ANN))
    assert scene.events == []
    scene.looks(7, known(ANN)).looks(12)
    assert scene.events == [("came", ANN), ("went", ANN)]
    came, went = scene.told
    assert (came.at, came.similarity, came.seconds) == (100.0, 95.0, None)
    assert (went.at, went.seconds, went.because) == (101.75, 1.75, "unseen")


def test_one_wrong_look_names_nobody() -> None:
    scene = Scene().looks(6, stranger(1)).looks(1, known(BOB)).looks(6, stranger(1))
    assert scene.events == [("came", 1)]
    scene = Scene().looks(4, known(ANN)).looks(2, known(BOB)).looks(4, known(ANN)).looks(10)
    assert scene.events == [("came", ANN), ("went", ANN)]


def test_a_face_lost_for_a_second_does_not_go() -> None:
    scene = Scene().looks(4, known(ANN)).looks(5).looks(4, known(ANN), tracks=[7]).looks(12)
    assert scene.events == [("came", ANN), ("went", ANN)]
    assert scene.told[1].seconds == pytest.approx(3.0)


def test_a_face_that_turns_away_stays_who_it_is() -> None:
    unclear = Sight(LEFT)
    scene = Scene().looks(4, known(ANN)).looks(20, unclear).looks(20, stranger(5)).looks(2, known(ANN))
    assert scene.events == [("came", ANN)]


def test_unclear_faces_are_nobody() -> None:
    assert Scene().looks(40, Sight(LEFT)).events == []


def test_an_unknown_person_keeps_the_number_on_other_cameras_and_after_a_while() -> None:
    door = Scene().looks(6, stranger(1)).looks(20)
    yard = Scene(door.unknown).looks(6, stranger(2)).looks(6, stranger(1, seed=9), tracks=[3])
    assert door.events == [("came", 1), ("went", 1)]
    assert yard.events == [("came", 2), ("came", 1)]
    assert door.looks(400).looks(6, stranger(1, seed=4), tracks=[9]).events[2:] == [("came", 1)]


def test_two_like_people_in_one_picture_are_two() -> None:
    scene = Scene().looks(6, stranger(1), stranger(1, seed=3, box=RIGHT))
    assert sorted(each.who for each in scene.told if isinstance(each.who, int)) == [1, 2]


def test_an_unknown_person_who_is_recognised_later_is_told_as_one() -> None:
    scene = Scene().looks(6, stranger(1)).looks(3, known(ANN)).looks(12)
    assert scene.events == [("came", 1), ("went", 1), ("came", ANN), ("went", ANN)]
    _, gone, came, _ = scene.told
    assert gone.because == "recognised"
    assert (came.was, came.at) == (1, 100.0)
    assert scene.looks(6, stranger(1), tracks=[5]).events[4:] == [("came", 2)]  # the number was Ann's


def test_a_track_that_passes_to_another_person_tells_both() -> None:
    scene = Scene().looks(8, known(ANN)).looks(8, known(BOB)).looks(12)
    assert sorted(scene.events, key=str) == sorted(
        [("came", ANN), ("came", BOB), ("went", ANN), ("went", BOB)], key=str
    )
    bob = next(each for each in scene.told if each.who == BOB)
    assert bob.at == 102.0


def test_numbers_end_with_the_day_and_are_not_given_again() -> None:
    scene = Scene().looks(6, stranger(1)).looks(20)
    scene.looks(6, stranger(1), tracks=[8], day=NEXT_DAY)
    assert scene.events == [("came", 1), ("went", 1), ("came", 2)]


def test_who_stays_over_midnight_keeps_the_number() -> None:
    scene = Scene().looks(6, stranger(1)).looks(6, stranger(1), day=NEXT_DAY).looks(20, day=NEXT_DAY)
    assert scene.looks(6, stranger(1), tracks=[8], day=NEXT_DAY).events == [("came", 1), ("went", 1), ("came", 1)]


def test_pictures_that_end_take_everyone_after_the_same_time() -> None:
    scene = Scene().looks(4, known(ANN))
    assert scene.presence.pass_time(scene.now + 1, "lost", DAY) == []
    (gone,) = scene.presence.pass_time(scene.now + 3, "lost", DAY)
    assert (gone.event, gone.who, gone.because, gone.at) == ("went", ANN, "lost", scene.now - 0.25)


def test_the_end_of_a_run_tells_that_everyone_goes() -> None:
    scene = Scene().looks(6, known(ANN), stranger(1, box=RIGHT))
    assert {(each.who, each.because) for each in scene.presence.end("stopped")} == {(ANN, "stopped"), (1, "stopped")}
    assert scene.presence.there == []


def test_nothing_is_kept_of_those_who_have_gone() -> None:
    scene = Scene()
    for track in range(300):
        scene.looks(1, stranger(track), tracks=[track]).looks(12)
    assert len(scene.presence._followed) == 0
    assert len(scene.unknown) == 0
