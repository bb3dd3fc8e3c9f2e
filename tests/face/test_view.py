"""A turned drawing shows what it should, and leads what is found in it back to its place in the image."""

import numpy as np
import pytest

from mien.face.halves import Halves
from mien.face.types import Box, Detection
from mien.face.view import View, roll, stretched

DOT = (250.0, 105.0)  # x, y of the middle of a white square in the image


def image() -> Halves:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[100:110, 245:255] = 255
    return Halves(pixels)


def middle(pixels: np.ndarray) -> tuple[float, float]:
    weight = pixels[..., 0] / pixels[..., 0].sum(dtype=float)
    rows, columns = np.indices(weight.shape) + 0.5
    return float((weight * columns).sum()), float((weight * rows).sum())


@pytest.mark.parametrize("turn", [0, 33, 45, 90, 180, 270, 301.5])
@pytest.mark.parametrize("step", [0.7, 1.0, 2.6])
def test_what_is_drawn_leads_back_to_its_place(turn: float, step: float) -> None:
    view = View(210, 140, step, turn, 240, 220)
    x, y = middle(view.draw(image()))
    points = np.array([(x + 7, y - 4)] * 5, np.float32)
    back = view.back(Detection(Box(x - 2 + 7, y - 3 - 4, x + 2 + 7, y + 3 - 4), points, 0.9), (7, -4))
    assert back.landmarks[0] == pytest.approx(DOT, abs=0.15)
    assert ((back.box.x1 + back.box.x2) / 2, (back.box.y1 + back.box.y2) / 2) == pytest.approx(DOT, abs=0.15)


def test_what_stands_upright_in_a_drawing_has_its_turn_as_roll() -> None:
    eyes = np.array([(40, 50), (60, 50), (50, 60), (42, 70), (58, 70)], np.float32)
    for turn in (0.0, 30.0, 90.0, 179.0, 200.0):
        back = View(0, 0, 1.0, turn, 100, 100).back(Detection(Box(30, 30, 70, 80), eyes, 0.9))
        assert (roll(back.landmarks) - turn) % 360 == pytest.approx(0, abs=0.01) or (
            roll(back.landmarks) - turn
        ) % 360 == pytest.approx(360, abs=0.01)


def test_a_box_lies_around_the_turned_oval() -> None:
    found = Detection(Box(30, 20, 70, 80), np.zeros((5, 2), np.float32), 0.9)
    boxes = {turn: View(50, 50, 1.0, turn, 100, 100).back(found).box for turn in (0.0, 45.0, 90.0)}
    assert (boxes[0.0].width, boxes[0.0].height) == pytest.approx((40, 60))
    assert (boxes[90.0].width, boxes[90.0].height) == pytest.approx((60, 40))
    side = 2 * np.hypot(20, 30) / 2**0.5
    assert (boxes[45.0].width, boxes[45.0].height) == pytest.approx((side, side))


def test_a_quarter_turn_moves_pixels_and_changes_none() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    for turn, size in ((90, (30, 40)), (180, (40, 30)), (270, (30, 40))):
        drawn = View(20, 15, 1.0, turn, *size).draw(Halves(pixels))
        np.testing.assert_array_equal(drawn, np.rot90(pixels, turn // 90))


def test_a_face_in_other_pixels_is_stretched() -> None:
    face = stretched(Detection(Box(1, 2, 3, 4), np.ones((5, 2), np.float32), 0.5), 2, 10)
    assert face.box == Box(2, 20, 6, 40)
    np.testing.assert_array_equal(face.landmarks, [[2, 10]] * 5)
