"""Single pieces of evidence: where the face is, whose it is, how the film was made, and how clues are weighed."""

from dataclasses import replace

import numpy as np
import pytest

from mien.liveness.challenge import MOVEMENT
from mien.liveness.finding import Evidence, ramp
from mien.liveness.life import DEPTH, MOVES, NETWORKS, SKIN, life
from mien.liveness.placement import measured, placement
from mien.liveness.recording import recording
from mien.liveness.sameness import sameness
from mien.liveness.seen import Seen
from tests.liveness.acted import START, Actor, act, session, similarity, told


@pytest.mark.parametrize(
    ("value", "low", "high", "score"),
    [(1, 0, 2, 0.5), (-1, 0, 2, 0), (3, 0, 2, 1), (1.5, 2, 0, 0.25), (float("nan"), 0, 1, 0), (float("inf"), 0, 1, 0)],
)
def test_a_ramp_rises_either_way(value: float, low: float, high: float, score: float) -> None:
    assert ramp(value, low, high) == score


def test_a_face_is_measured_as_the_client_does() -> None:
    """By hand, after `generateBboxFromLandmarks`: (2 · 60 + 1.8 · 70) / 2 wide, about the middle of eyes and nose."""
    points = np.array([(70, 100), (130, 100), (100, 140), (80, 170), (120, 170)], np.float32)
    x1, y1, x2, y2 = measured(points)
    assert (x2 - x1, (x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((123, 100, 120))
    assert y2 - y1 == pytest.approx(123 * 1.618)


@pytest.mark.parametrize(("share", "passes"), [(0.0, True), (0.15, True), (0.45, False), (1.0, False)])
def test_the_oval_is_missed_by_as_much_as_the_face_is_beside_it(share: float, passes: bool) -> None:
    challenge = session(3, MOVEMENT)
    oval = challenge.oval
    asked = replace(challenge, oval=replace(oval, center_x=oval.center_x + share * oval.width))
    oval_, *_ = placement(asked, told(asked), act(Actor(), challenge))
    assert oval_.score >= 0.8 if passes else oval_.score < 0.5


def test_other_faces_count_against_it() -> None:
    challenge = session(3)
    seen = act(Actor(), challenge)
    for share, passes in ((0.02, True), (0.5, False)):
        crowded = [replace(each, faces=2 if number < share * len(seen) else 1) for number, each in enumerate(seen)]
        assert (placement(challenge, told(challenge), crowded)[2].score >= 0.8) == passes


def test_one_odd_frame_does_not_make_another_person() -> None:
    seen = act(Actor(), session(3))
    embedded = [number for number, each in enumerate(seen) if each.embedding is not None]
    odd, other = list(seen), np.random.default_rng(9)
    odd[embedded[3]] = replace(seen[embedded[3]], embedding=other.normal(size=64).astype(np.float32))
    assert (
        sameness(seen, similarity).score == 1 and sameness(act(Actor(swapped=True), session(3)), similarity).score == 0
    )
    assert sameness(odd[: embedded[4]], similarity).score < 0.5  # but one of four might be one
    assert sameness([], similarity).score == 0


def test_a_film_is_judged_by_its_times() -> None:
    challenge = session(3)
    said, seen = told(challenge), act(Actor(), challenge)
    assert recording(said, seen).score == 1
    length = seen[-1].at_ms
    changes = {
        "rate": (said, seen[::5]),
        "gap": (said, seen[:20] + seen[45:]),
        "early": (replace(said, asked_ms=said.received_ms), seen),
        "shorter": (said, seen[: len(seen) // 3]),
        "longer": (replace(said, video_end_ms=START + length // 4), seen),
    }
    for name, (told_, film) in changes.items():
        found = recording(told_, film)
        assert found.score < 0.5, name
        assert found.sentence.startswith(("It ", "Its "))


def test_frames_that_are_one_picture_are_no_camera() -> None:
    challenge = session(3)
    seen = act(Actor(), challenge)
    still = [replace(each, colours=seen[0].colours) for each in seen]
    assert recording(told(challenge), still).score == 0
    slow = [replace(each, colours=seen[number - number % 2].colours) for number, each in enumerate(seen)]
    assert recording(told(challenge), slow).score > 0


def test_each_clue_raises_life_and_none_decides_alone() -> None:
    names = (NETWORKS, MOVES, SKIN, DEPTH)
    middle = [Evidence(name, 0.6, "") for name in names]
    for place, name in enumerate(names):
        scores = [
            life([*middle[:place], Evidence(name, score, ""), *middle[place + 1 :]]).score for score in (0, 0.3, 0.7, 1)
        ]
        assert scores == sorted(scores) and scores[0] < scores[-1]
        alone = [Evidence(each, float(each == name), "") for each in names]
        assert life(alone).score < 0.2


def test_a_face_that_is_not_seen_is_no_film() -> None:
    assert recording(told(session(3)), [Seen(0), Seen(100)]).score < 1
