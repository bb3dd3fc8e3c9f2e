"""A face is turned, scaled and moved to where the embedder wants it, whatever its size."""

import cv2
import numpy as np
import pytest

from mien.face.align import align, similarity
from mien.face.halves import Halves
from mien.face.types import Points
from mien.packs.load import Pack
from tests import photos

FIVE = np.array([(40, 50), (88, 52), (65, 80), (45, 105), (84, 106)], np.float32)


def moved(points: Points, degrees: float, scale: float, shift: tuple[float, float]) -> Points:
    turn = np.radians(degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (points @ matrix.T + shift).astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 17, -90, 179])
@pytest.mark.parametrize("scale", [0.05, 1, 12.5])
@pytest.mark.parametrize("shift", [(0, 0), (-300, 1200)])
def test_a_known_turn_scale_and_shift_is_found(degrees: float, scale: float, shift: tuple[float, float]) -> None:
    matrix = similarity(FIVE, moved(FIVE, degrees, scale, shift))
    assert np.hypot(matrix[0, 0], matrix[1, 0]) == pytest.approx(scale, rel=1e-4)
    found = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
    assert (found - degrees + 180) % 360 - 180 == pytest.approx(0, abs=0.01)
    np.testing.assert_allclose(FIVE @ matrix[:, :2].T + matrix[:, 2], moved(FIVE, degrees, scale, shift), atol=1e-2)


def test_a_mirrored_face_is_not_unmirrored() -> None:
    matrix = similarity(FIVE, FIVE * (-1, 1))
    assert np.linalg.det(matrix[:, :2]) >= 0


def test_the_fit_is_the_best_in_least_squares() -> None:
    random = np.random.default_rng(5)
    target = moved(FIVE, 30, 2, (5, 6)) + random.normal(0, 3, (5, 2)).astype(np.float32)
    matrix = similarity(FIVE, target)

    def error(candidate: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
        return float(np.square(FIVE @ candidate[:, :2].T + candidate[:, 2] - target).sum())

    best = error(matrix)
    scaled, turned, shifted = matrix.copy(), matrix.copy(), matrix.copy()
    scaled[:, :2] *= 1.01
    shifted[0, 2] += 0.5
    slight = np.radians(1)
    turned[:, :2] = np.array([[np.cos(slight), -np.sin(slight)], [np.sin(slight), np.cos(slight)]]) @ turned[:, :2]
    assert best < min(error(scaled), error(turned), error(shifted))


def test_landmarks_that_coincide_do_not_divide_by_zero() -> None:
    crop = align(Halves(np.full((50, 50, 3), 9, np.uint8)), np.full((5, 2), 25, np.float32), FIVE, 128)
    assert crop.shape == (128, 128, 3)


def test_the_landmarks_come_to_lie_on_their_points() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    landmarks = moved(FIVE, -25, 1.5, (120, 190))
    for point, color in zip(landmarks, [(255, 0, 0), (0, 255, 0), (0, 0, 255)], strict=False):
        cv2.circle(image, (round(float(point[0])), round(float(point[1]))), 4, color, -1)
    crop = align(Halves(image), landmarks, FIVE, 128).astype(float)
    for channel in range(3):
        rows, columns = np.mgrid[0:128, 0:128]
        weight = crop[..., channel] / crop[..., channel].sum()
        assert (columns * weight).sum() == pytest.approx(FIVE[channel, 0], abs=1)
        assert (rows * weight).sum() == pytest.approx(FIVE[channel, 1], abs=1)


@pytest.mark.parametrize("factor", [3, 7, 16])
def test_a_large_face_is_cut_out_as_its_shrunk_copy_is(factor: int) -> None:
    noise = np.random.default_rng(6).integers(0, 255, (150, 160, 3)).astype(np.uint8)
    large = cv2.resize(noise, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(large, (160, 150), interpolation=cv2.INTER_AREA)
    landmarks = moved(FIVE, 8, 1.0, (12, 8))
    enlarged = ((landmarks + 0.5) * factor - 0.5).astype(np.float32)  # a pixel's centre is at a half
    one = align(Halves(np.asarray(large, np.uint8)), enlarged, FIVE, 128).astype(float)
    other = align(Halves(np.asarray(small, np.uint8)), landmarks, FIVE, 128).astype(float)
    inner = (slice(10, 118), slice(10, 118))
    # noise of one pixel is the hardest picture there is; a shift of half a pixel would cost a difference above 20
    assert np.abs(one[inner] - other[inner]).mean() < 15
    shifted = align(Halves(np.asarray(small, np.uint8)), landmarks + np.float32(0.5), FIVE, 128).astype(float)
    assert np.abs(one[inner] - shifted[inner]).mean() > 1.5 * np.abs(one[inner] - other[inner]).mean()


def test_a_photographs_face_is_cut_out_alike_at_every_size(pack: Pack) -> None:
    hopper = photos.hopper().pixels
    landmarks = np.array([(226, 195), (307, 196), (265, 240), (230, 276), (301, 276)], np.float32)
    points, size = pack.pipeline.ensemble.embedders[0].points, pack.pipeline.ensemble.embedders[0].size
    reference = align(Halves(hopper), landmarks, points, size).astype(float)
    for factor in (2.5, 5.0):
        large = photos.resized(hopper, factor)
        crop = align(Halves(large), ((landmarks + 0.5) * factor - 0.5).astype(np.float32), points, size)
        assert np.abs(crop - reference).mean() < 4


def test_a_crop_is_black_beyond_the_image() -> None:
    crop = align(Halves(np.full((60, 60, 3), 200, np.uint8)), FIVE - np.float32(40), FIVE, 128)
    assert (crop[:30] == 0).all()
    assert (crop[50:90, 50:90] == 200).all()


def test_cubic_interpolation_keeps_more_detail_than_linear() -> None:
    """A fine grating shifted by half a pixel: the worst case of both."""
    grating = np.repeat((127 + 100 * np.sin(np.arange(64) * 2.0))[None, :, None], 64, axis=0).repeat(3, axis=2)
    points = np.array([(20, 20), (44, 20), (32, 32), (24, 44), (40, 44)], np.float32)
    spread = [
        float(align(Halves(grating.astype(np.uint8)), points, points + np.float32(0.5), 64, cubic)[8:56, 8:56].std())
        for cubic in (False, True)
    ]
    assert spread[0] < spread[1] <= float(grating.std()) * 1.05
