"""Challenges: ovals that AWS's client can draw, and colours that say which session a film belongs to."""

from itertools import pairwise
from random import Random

import pytest

from mien.liveness.challenge import KINDS, LIGHT, MOVEMENT, make

VIDEOS = [(640, 480), (480, 640), (320, 240), (1280, 720), (720, 1280), (500, 500), (480, 360)]


@pytest.mark.parametrize(("width", "height"), VIDEOS)
def test_an_oval_lies_within_the_video_near_its_middle(width: int, height: int) -> None:
    for seed in range(200):
        oval = make(LIGHT, "2.0.0", width, height, Random(seed)).oval
        assert oval.width / 2 <= oval.center_x <= width - oval.width / 2
        assert oval.height / 2 <= oval.center_y + 1 and oval.center_y + oval.height / 2 <= height + 1
        assert abs(oval.center_x / width - 0.5) <= 1 / 16 + 0.01
        assert oval.width >= 0.5 * min(width, 0.75 * height)


def test_each_client_finds_the_values_that_it_needs() -> None:
    """AWS's client ends with an error where a value is missing or 0."""
    for kind, versions in KINDS.items():
        for version in versions:
            made = make(kind, version, 640, 480, Random(1))
            assert (made.kind, made.version, made.width, made.height) == (kind, version, 640, 480)
            bars, oval = made.bars, made.oval
            assert min(bars.distance, bars.oval_iou, bars.oval_ratio, bars.face_iou_side, bars.oval_iou_side) > 0
            assert min(oval.center_x, oval.center_y, oval.width, oval.height) > 0
            assert bool(made.colors) == (kind == LIGHT)


def test_colours_begin_black_change_each_time_and_in_each_channel() -> None:
    for seed in range(200):
        black, *flashes = make(LIGHT, "1.0.0", 640, 480, Random(seed)).colors
        assert (black.red, black.green, black.blue, black.downscroll_ms, black.flat_ms) == (0, 0, 0, 0, 75)
        colors = [(each.red, each.green, each.blue) for each in flashes]
        assert len(colors) == 7 and all(one != other for one, other in pairwise(colors))
        for channel in range(3):
            assert sum(one[channel] != other[channel] for one, other in pairwise(colors)) >= 3


def test_two_sessions_hardly_ever_have_the_same_colours() -> None:
    drawn = {make(LIGHT, "2.0.0", 640, 480, Random(seed)).colors for seed in range(1000)}
    assert len(drawn) > 980


@pytest.mark.parametrize(("kind", "version"), [(LIGHT, "3.0.0"), (MOVEMENT, "2.0.0"), ("Dance", "1.0.0")])
def test_an_unknown_challenge_is_refused(kind: str, version: str) -> None:
    with pytest.raises(ValueError, match="no challenge"):
        make(kind, version, 640, 480, Random(1))
