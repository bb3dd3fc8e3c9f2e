"""An image at falling scales on one canvas, and squares cut from it."""

import numpy as np
import pytest

from mien.face.halves import Halves
from mien.face.pyramid import GREY, Pyramid


@pytest.mark.parametrize("side", [96, 320, 512, 640])
def test_levels_lie_apart_on_even_pixels_and_waste_little(side: int) -> None:
    pyramid = Pyramid(side, 12)
    covered = np.zeros(pyramid.shape, int)
    for level in pyramid.levels:
        assert level.x % 2 == level.y % 2 == level.side % 2 == 0
        covered[level.y : level.y + level.side, level.x : level.x + level.side] += 1
    assert covered.sum() == sum(level.side**2 for level in pyramid.levels)
    assert covered.max() == 1
    assert covered.mean() > 0.8
    assert pyramid.shape[0] == side


@pytest.mark.parametrize(("height", "width"), [(100, 100), (240, 427), (2000, 700), (50, 600)])
def test_every_level_shows_the_whole_image(height: int, width: int) -> None:
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([255 * x / width, 255 * y / height, 128 + 0 * x], axis=-1).astype(np.uint8)
    canvas, drawn = Pyramid(320, 12).draw(Halves(ramp))
    assert max(drawn[0].width, drawn[0].height) == 320
    for one in drawn:
        part = canvas[one.y : one.y + one.height, one.x : one.x + one.width].astype(float)
        assert min(one.width, one.height) >= 12
        across, down = part[..., 0].mean(axis=0), part[..., 1].mean(axis=1)
        assert np.allclose(across, (np.arange(one.width) + 0.5) / one.width * 255, atol=4)
        assert np.allclose(down, (np.arange(one.height) + 0.5) / one.height * 255, atol=4)


@pytest.mark.parametrize("side", [6.0, 12.0, 30.0, 80.0])
def test_a_square_is_cut_where_it_lies(side: float) -> None:
    y, x = np.mgrid[0:100, 0:120]
    ramp = np.stack([2 * x, 2 * y, 0 * x], axis=-1).astype(np.uint8)  # even, so that halves have no fractions to round
    patch = Halves(ramp).cut((15.5, 10.25, 15.5 + side, 10.25 + side), 12, GREY) / 2
    centres = (np.arange(12) + 0.5) * side / 12 - 0.5
    assert np.allclose(patch[..., 0].mean(axis=0), 15.5 + centres, atol=0.3)
    assert np.allclose(patch[..., 1].mean(axis=1), 10.25 + centres, atol=0.3)


def test_beyond_the_image_is_grey() -> None:
    patch = Halves(np.full((50, 50, 3), 255, np.uint8)).cut((-100, -100, -20, -20), 24, GREY)
    assert (patch == GREY).all()
