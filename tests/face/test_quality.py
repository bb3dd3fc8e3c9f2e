"""Brightness, sharpness and contrast follow what is done to a face."""

import itertools

import cv2
import numpy as np
import pytest

from mien.face.align import align
from mien.face.halves import Halves
from mien.face.quality import quality
from mien.face.types import Points, Quality
from tests import photos

POINTS = np.array([(40, 59), (87, 59), (64, 82), (45, 106), (84, 106)], np.float32)
EYES_TO_MOUTH = {
    "astronaut": np.array([(206, 101), (247, 104), (226, 127), (204, 143), (242, 146)], np.float32),
    "hopper": np.array([(226, 195), (307, 196), (265, 240), (230, 276), (301, 276)], np.float32),
}


@pytest.fixture(params=["astronaut", "hopper"])
def crop(request: pytest.FixtureRequest) -> photos.Pixels:
    landmarks: Points = EYES_TO_MOUTH[request.param]
    return align(Halves(getattr(photos, request.param)().pixels), landmarks, POINTS, 128)


def blurred(crop: photos.Pixels, sigma: float) -> Quality:
    return quality(np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8), POINTS)


def scaled(crop: photos.Pixels, factor: float) -> Quality:
    return quality((crop * factor).astype(np.uint8), POINTS)


def test_blur_lowers_sharpness_step_by_step(crop: photos.Pixels) -> None:
    steps = [quality(crop, POINTS), *(blurred(crop, sigma) for sigma in (0.8, 1.5, 2.5, 4, 7))]
    assert all(sharper.sharpness > softer.sharpness for sharper, softer in itertools.pairwise(steps))
    assert steps[0].sharpness > 60
    assert steps[-1].sharpness < 20


def test_darkening_lowers_brightness_step_by_step(crop: photos.Pixels) -> None:
    factors = (1, 0.7, 0.4, 0.2, 0.05)
    steps = [scaled(crop, factor).brightness for factor in factors]
    assert all(lighter > darker for lighter, darker in itertools.pairwise(steps))
    for factor, brightness in zip(factors, steps, strict=True):
        assert brightness == pytest.approx(steps[0] * factor, abs=1)


def test_darkening_hardly_changes_sharpness(crop: photos.Pixels) -> None:
    assert scaled(crop, 0.5).sharpness == pytest.approx(quality(crop, POINTS).sharpness, abs=5)


def test_a_veil_lowers_contrast(crop: photos.Pixels) -> None:
    veils = [quality((crop * (1 - veil) + 180 * veil).astype(np.uint8), POINTS).contrast for veil in (0, 0.4, 0.8)]
    assert veils[0] > veils[1] > veils[2]
    assert veils[0] > 15


@pytest.mark.parametrize(("value", "brightness"), [(0, 0), (51, 20), (255, 100)])
def test_a_flat_face_has_its_brightness_and_nothing_else(value: int, brightness: float) -> None:
    found = quality(np.full((128, 128, 3), value, np.uint8), POINTS)
    assert found.brightness == pytest.approx(brightness, abs=0.01)
    assert (found.sharpness, found.contrast) == (0, 0)


def test_noise_is_within_the_scale() -> None:
    extreme = (np.random.default_rng(7).integers(0, 2, (128, 128, 3)) * 255).astype(np.uint8)
    found = quality(extreme, POINTS)
    assert min(found.brightness, found.sharpness, found.contrast) >= 0
    assert max(found.brightness, found.sharpness, found.contrast) <= 100


def test_only_the_face_counts_not_its_surroundings(crop: photos.Pixels) -> None:
    around = crop.copy()
    around[:20] = around[-5:] = around[:, :20] = around[:, -20:] = 255
    assert quality(around, POINTS) == quality(crop, POINTS)
