"""A cascade turns its networks' outputs into faces; the networks are recorded."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.engine.session import Recorded
from mien.face.cascade import STRIDE, WINDOW, Cascade, pyramid
from mien.face.halves import Halves
from mien.face.types import Detection

POINTS = np.array([[0.3, 0.7, 0.5, 0.35, 0.65], [0.4, 0.4, 0.6, 0.8, 0.8]], np.float32)


def proposals(side: int, level: int, cells: list[tuple[int, int]]) -> Recorded:
    """Returns a first network that accepts only the windows at (column, row) of one level."""
    height, width = pyramid(side).shape
    rows, columns = ((extent - WINDOW) // STRIDE + 1 for extent in (height, width))
    score = np.zeros((rows, columns), np.float32)
    place = pyramid(side).levels[level]
    for column, row in cells:
        score[place.y // STRIDE + row, place.x // STRIDE + column] = 0.9
    return Recorded((height, width, 3), {"score": score, "shift": np.zeros((4, rows, columns), np.float32)})


def judge(size: int, score: float, shift: tuple[float, float, float, float] = (0, 0, 0, 0)) -> Recorded:
    outputs: dict[str, NDArray[np.float32]] = {
        "score": np.array(score, np.float32),
        "shift": np.array(shift, np.float32),
        "points": POINTS,
    }
    return Recorded((size, size, 3), outputs)


def detect(
    narrow: Recorded, refined: float = 0.9, finished: Recorded | None = None, full: tuple[int, int] = (320, 320)
) -> list[Detection]:
    nothing = proposals(512, 0, [])
    cascade = Cascade(nothing, narrow, judge(24, refined), finished or judge(48, 0.95), (0.6, 0.7, 0.9), 0.4)
    return cascade.detect(Halves(np.zeros((320, 320, 3), np.uint8)), *full)


@pytest.mark.parametrize("level", [0, 2, 4])
def test_a_window_of_a_level_is_a_face_of_the_image(level: int) -> None:
    (face,) = detect(proposals(320, level, [(5, 10)]))
    scale = 320 / pyramid(320).levels[level].side
    corners = (face.box.x1, face.box.y1, face.box.x2, face.box.y2)
    assert corners == pytest.approx((10 * scale, 20 * scale, 22 * scale, 32 * scale), abs=1e-3)
    expected = np.array([10, 20]) * scale + POINTS.T * WINDOW * scale
    assert np.allclose(face.landmarks, expected, atol=1e-3)


def test_the_answer_is_in_pixels_of_the_full_image() -> None:
    (small,), (large,) = (detect(proposals(320, 0, [(5, 10)]), full=(side, side)) for side in (320, 1600))
    assert large.box.x1 == pytest.approx(5 * small.box.x1)
    assert np.allclose(large.landmarks, 5 * small.landmarks)


def test_either_later_network_can_refuse() -> None:
    window = proposals(320, 2, [(5, 10)])
    assert detect(window, refined=0.6) == []
    assert detect(window, finished=judge(48, 0.8)) == []


def test_the_last_network_moves_the_box_by_sides_of_its_square() -> None:
    (face,) = detect(proposals(320, 0, [(5, 10)]), finished=judge(48, 0.95, (-0.5, 0, 0, 0.25)))
    assert (face.box.x1, face.box.y1, face.box.x2, face.box.y2) == pytest.approx((4, 20, 22, 35), abs=1e-3)


def test_neighbouring_windows_are_one_face_and_distant_ones_two() -> None:
    assert len(detect(proposals(320, 2, [(5, 10), (6, 10), (5, 11)]))) == 1
    assert len(detect(proposals(320, 2, [(5, 10), (30, 40)]))) == 2


def test_a_window_across_two_levels_is_none() -> None:
    """The pyramid's levels touch, and a window across two of them shows no part of the image."""
    first = pyramid(320).levels[0]
    assert detect(proposals(320, 0, [((first.side - WINDOW) // STRIDE + 1, 3)])) == []


def test_a_blank_answer_finds_nothing() -> None:
    assert detect(proposals(320, 0, [])) == []
