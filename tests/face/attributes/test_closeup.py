"""Where a closeup is cut out, and where its points lie in the picture."""

from math import cos, radians, sin

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.face.attributes import closeup
from mien.face.halves import Halves
from mien.face.types import Box, Detection

SIDE = 600
DOTS = np.array([[260.5, 240.5], [340.5, 250.5], [300.5, 330.5]])  # the centres of pixels


def turned(degrees: float) -> Detection:
    """A face of 160 pixels in the middle, its eyes on a line that is turned clockwise."""
    across = np.array([cos(radians(degrees)), sin(radians(degrees))]) * 40
    middle = np.array([300.0, 300.0])
    points = np.stack([middle - across, middle + across, middle, middle, middle]).astype(np.float32)
    return Detection(Box(230, 220, 370, 380), points, 0.9)


def drawn() -> NDArray[np.uint8]:
    """A black picture with a bright dot of a few pixels at each of DOTS."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    shown = sum(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18) for x, y in DOTS)
    return np.asarray(np.repeat((255 * np.minimum(shown, 1))[..., None], 3, axis=2), np.uint8)


def centre(pixels: NDArray[np.uint8], near: NDArray[np.float64]) -> NDArray[np.float64]:
    """The centre of the brightness around a point."""
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]] + 0.5
    weight = pixels[..., 0] * (np.hypot(columns - near[0], rows - near[1]) < 15)
    return np.array([(columns * weight).sum(), (rows * weight).sum()], np.float64) / float(weight.sum())


@pytest.mark.parametrize("degrees", [0, 20, -75, 180])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_point_of_the_portrait_is_found_again_in_the_picture(degrees: float, scale: float) -> None:
    pixels = drawn()
    if scale < 1:
        pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    cut = closeup.cut_closeup(Halves(pixels), turned(degrees), scale)
    back = np.linalg.inv(np.vstack([cut.placing, (0, 0, 1)]))
    for dot in DOTS:
        there = centre(cut.pixels, (back @ (*dot, 1))[:2])
        assert closeup.in_picture(cut, there[None])[0] == pytest.approx(dot, abs=0.15)


def test_the_eyes_lie_level_and_the_box_fills_it_but_for_the_margin() -> None:
    cut = closeup.cut_closeup(Halves(drawn()), turned(30), 1.0)
    back = np.linalg.inv(np.vstack([cut.placing, (0, 0, 1)]))
    left, right = ((back @ (*point, 1))[:2] for point in turned(30).landmarks[:2])
    assert left[1] == pytest.approx(right[1], abs=1e-4)
    assert right[0] - left[0] == pytest.approx(80 * closeup.SIDE / (closeup.MARGIN * 160), abs=1e-3)
    assert cut.eyes == pytest.approx(80, abs=1e-3)


def test_it_is_black_beyond_the_picture() -> None:
    cut = closeup.cut_closeup(Halves(np.full((300, 300, 3), 200, np.uint8)), turned(0), 0.5)
    assert cut.pixels.min() == 200
    beyond = Detection(Box(500, 500, 660, 660), turned(0).landmarks + 280, 0.9)
    assert closeup.cut_closeup(Halves(np.full((600, 600, 3), 200, np.uint8)), beyond, 1.0).pixels.min() == 0


@pytest.mark.parametrize(("box", "expected"), [(Box(0, 0, 205, 160), 2000), (Box(0, 0, 410, 160), 1000)])
def test_a_picture_is_decoded_until_the_portrait_is_not_enlarged(box: Box, expected: int) -> None:
    assert closeup.SQUARE.needed(Detection(box, turned(0).landmarks, 0.9), 2000) == pytest.approx(expected, abs=2)
    assert closeup.SQUARE.needed(Detection(Box(0, 0, 20, 20), turned(0).landmarks, 0.9), 2000) == 2000
