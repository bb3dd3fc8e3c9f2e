"""The colours of a screen, as a challenge asks for them and as a face reflects them."""

from dataclasses import replace

import numpy as np
import pytest

from mien.liveness.decide import decide
from mien.liveness.flashes import flashes, lights
from mien.liveness.life import SKIN
from mien.liveness.skin import FRONT
from tests.liveness.acted import Actor, act, session, similarity, told


def test_the_light_scrolls_from_one_colour_to_the_next() -> None:
    challenge = session(3)
    said = told(challenge)
    starts = [each.at_ms - (said.video_start_ms or 0) for each in said.colors]
    colors = np.array([(each.red, each.green, each.blue) for each in challenge.colors]) / 255
    times = np.array(
        [starts[0] - 1, starts[0] + 10, starts[1], starts[2] - 0.001, starts[2] + 475 / 4, starts[7] + 475]
    )
    light = lights(challenge, said, times)
    assert np.isnan(light[[0, 5]]).all()
    np.testing.assert_allclose(light[1], 0)
    np.testing.assert_allclose(light[2], 0)
    np.testing.assert_allclose(light[3], colors[1], atol=1e-4)
    np.testing.assert_allclose(light[4], 0.75 * colors[1] + 0.25 * colors[2], atol=1e-4)


@pytest.mark.parametrize("late", [-100, 0, 150, 300])
def test_colours_that_come_a_little_early_or_late_are_found(late: int) -> None:
    challenge = session(3)
    said = told(challenge)
    moved = tuple(replace(each, at_ms=each.at_ms - late + 60) for each in said.colors)  # an acted screen is 60 ms late
    found = flashes(challenge, replace(said, colors=moved), act(Actor(), challenge))
    assert found is not None
    assert found.agreement > 0.95 and abs(found.lag_ms - late) <= 25


def test_colours_that_come_a_second_late_are_not() -> None:
    challenge = session(3)
    said = told(challenge)
    moved = tuple(replace(each, at_ms=each.at_ms - 1000) for each in said.colors)
    found = flashes(challenge, replace(said, colors=moved), act(Actor(), challenge))
    assert found is not None and found.agreement < 0.65


def test_exposure_and_clouds_change_nothing() -> None:
    challenge = session(3)
    seen = act(Actor(noise=0.0), challenge)
    gains = 1 + 0.3 * np.sin(np.arange(len(seen)) / 5)
    changed = [
        replace(each, colours=np.asarray(each.colours * gain, np.float32))
        for each, gain in zip(seen, gains, strict=True)
        if each.colours is not None
    ]
    plain, under = (flashes(challenge, told(challenge), each) for each in (seen, changed))
    assert plain is not None and under is not None
    assert abs(plain.agreement - under.agreement) < 0.02 and under.strength == pytest.approx(plain.strength, rel=0.1)


def test_a_print_is_lit_alike_with_its_ground_and_a_face_in_front_of_a_room_is_not() -> None:
    challenge = session(3)
    for actor, curve, ground in (
        (Actor(), (1.4, 4), (0, 0.2)),
        (Actor(flat=True, ground=0.0), (0.9, 1.15), (0.8, 1.2)),
    ):
        found = flashes(challenge, told(challenge), act(actor, challenge))
        assert found is not None
        front, sides = np.median(found.cells[: len(FRONT)]), np.median(found.cells[len(FRONT) :])
        assert curve[0] <= front / sides <= curve[1]
        assert ground[0] <= found.ground <= ground[1]


def test_a_burnt_out_face_tells_nothing_of_its_shape() -> None:
    challenge = session(3)
    burnt = [replace(each, colours=np.minimum(2.2 * np.asarray(each.colours), 255)) for each in act(Actor(), challenge)]
    found = flashes(challenge, told(challenge), burnt)
    assert found is not None and np.isnan(found.cells).all()
    skin = next(each for each in decide(challenge, told(challenge), burnt, similarity).evidence if each.name == SKIN)
    assert skin.score == 0.5


def test_ground_outside_the_frame_is_not_known() -> None:
    challenge = session(3)
    seen = []
    for each in act(Actor(), challenge):
        assert each.colours is not None
        colours = each.colours.copy()
        colours[-2:] = np.nan
        seen.append(replace(each, colours=colours))
    found = flashes(challenge, told(challenge), seen)
    assert found is not None and np.isnan(found.ground) and found.agreement > 0.95


def test_a_client_that_does_not_say_when_shows_nothing() -> None:
    challenge = session(3)
    seen, said = act(Actor(), challenge), told(challenge)
    assert flashes(challenge, replace(said, video_start_ms=None), seen) is None
    assert flashes(challenge, replace(said, colors=said.colors[1:]), seen) is None
    assert flashes(challenge, said, seen[:8]) is None


def test_a_colour_told_twice_is_one() -> None:
    """AWS's client says so where a colour stays after it scrolled."""
    challenge = session(3)
    said = told(challenge)
    twice = tuple(each for one in said.colors for each in (one, replace(one, at_ms=one.at_ms + 400)))
    found = flashes(challenge, replace(said, colors=twice), act(Actor(), challenge))
    assert found is not None and found.agreement > 0.95
