"""A detector turns its network's candidates into faces; the network is recorded."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.engine.session import Recorded
from mien.face.detect import MOST_FACES, Candidates, Detector, letterbox
from mien.face.halves import Halves
from mien.face.types import Detection
from tests import photos

Found = Sequence[tuple[tuple[float, float, float, float], float]]  # box on the canvas, score


def recorded(side: int, found: Found) -> Recorded:
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float32)
    middles = boxes.reshape(-1, 2, 2).mean(axis=1)
    landmarks = np.repeat(middles[:, None], 5, axis=1) + np.arange(5, dtype=np.float32)[None, :, None]
    return Recorded((side, side, 3), {"boxes": boxes, "scores": scores, "landmarks": landmarks})


def read(outputs: Mapping[str, NDArray[np.float32]], canvas: tuple[int, int], least_score: float) -> Candidates:
    kept = outputs["scores"] >= least_score
    return Candidates(outputs["boxes"][kept], outputs["scores"][kept], outputs["landmarks"][kept])


def detect(
    image: tuple[int, int], wide: Found = (), narrow: Found = (), full: tuple[int, int] | None = None
) -> list[Detection]:
    """Detects in a blank image of (width, height), decoded from one of `full`."""
    detector = Detector(recorded(640, wide), recorded(320, narrow), read, 0.6, 0.4, closer=False)
    return detector.detect(Halves(np.zeros((image[1], image[0], 3), np.uint8)), *(full or image))


def corners(detection: Detection) -> tuple[float, float, float, float]:
    return (detection.box.x1, detection.box.y1, detection.box.x2, detection.box.y2)


@pytest.mark.parametrize(
    ("image", "factor"), [((1280, 720), 2.0), ((720, 1280), 2.0), ((640, 640), 1.0), ((400, 330), 0.625)]
)
def test_a_box_on_the_canvas_becomes_pixels_of_the_image(image: tuple[int, int], factor: float) -> None:
    (found,) = detect(image, wide=[((100, 40, 160, 120), 0.9)])
    assert corners(found) == pytest.approx(tuple(factor * each for each in (100, 40, 160, 120)))
    np.testing.assert_allclose(found.landmarks[4], [factor * 134, factor * 84], rtol=1e-5)
    assert found.confidence == pytest.approx(0.9)


def test_the_answer_is_in_pixels_of_the_full_resolution() -> None:
    (found,) = detect((1280, 720), wide=[((100, 40, 160, 120), 0.9)], full=(5120, 2880))
    assert corners(found) == pytest.approx((800, 320, 1280, 960))


def test_a_small_image_runs_on_the_narrow_canvas_only() -> None:
    (found,) = detect((160, 120), wide=[((0, 0, 50, 50), 0.9)], narrow=[((20, 40, 80, 100), 0.8)])
    assert corners(found) == pytest.approx((10, 20, 40, 50))


def test_a_near_face_runs_again_on_the_narrow_canvas() -> None:
    far = ((500, 20, 540, 70), 0.9)
    near = detect((1280, 1280), wide=[((60, 60, 460, 560), 0.65), far], narrow=[((30, 30, 290, 310), 0.95)])
    assert [round(found.confidence, 2) for found in near] == [0.95, 0.9]
    assert near[0].box.width > 2 * 400  # more than the wide canvas alone saw
    assert corners(near[1]) == pytest.approx((1000, 40, 1080, 140))


def test_an_image_without_faces_runs_again_on_the_narrow_canvas() -> None:
    (found,) = detect((1280, 1280), narrow=[((30, 30, 290, 310), 0.95)])
    assert corners(found) == pytest.approx((120, 120, 1160, 1240))


def test_far_faces_do_not_run_again() -> None:
    found = detect((1280, 1280), wide=[((500, 20, 540, 70), 0.9)], narrow=[((30, 30, 290, 310), 0.95)])
    assert len(found) == 1


def test_of_overlapping_candidates_the_best_is_kept() -> None:
    wide = [((100, 100, 200, 200), 0.7), ((140, 100, 240, 200), 0.9), ((400, 400, 500, 500), 0.8)]
    found = detect((640, 640), wide=wide)  # the first two share 43%
    assert sorted(round(each.confidence, 2) for each in found) == [0.8, 0.9]


def test_candidates_that_share_little_are_two_faces() -> None:
    assert len(detect((640, 640), wide=[((100, 100, 200, 200), 0.7), ((150, 100, 250, 200), 0.9)])) == 2


def test_near_duplicates_are_averaged_by_their_scores() -> None:
    wide = [((100, 100, 200, 200), 0.9), ((110, 100, 210, 200), 0.6)]
    (found,) = detect((640, 640), wide=wide)
    assert corners(found) == pytest.approx((104, 100, 204, 200), abs=0.01)
    assert found.landmarks[0] == pytest.approx((154, 150), abs=0.01)
    assert found.confidence == pytest.approx(0.9)


def test_a_candidate_below_the_least_score_is_no_face() -> None:
    assert detect((640, 640), wide=[((100, 100, 200, 200), 0.59)], narrow=[((10, 10, 90, 90), 0.3)]) == []


def crowd() -> Found:
    """14 × 14 faces that do not touch, of growing size."""
    return [
        ((45 * column, 45 * row, 45 * column + 10 + row * 2, 45 * row + 10 + column * 2), 0.6 + 0.002 * row)
        for row in range(14)
        for column in range(14)
    ]


def test_of_a_crowd_the_hundred_largest_are_kept_and_the_largest_comes_first() -> None:
    found = detect((640, 640), wide=crowd())
    areas = [each.box.area for each in found]
    assert len(found) == MOST_FACES == 100
    assert areas == sorted(areas, reverse=True)
    every = sorted(((x2 - x1) * (y2 - y1) for (x1, y1, x2, y2), _ in crowd()), reverse=True)
    assert areas == pytest.approx(every[:100])


def test_no_candidates_are_no_faces() -> None:
    assert detect((640, 640)) == []


@pytest.mark.parametrize(
    ("image", "filled"), [((1280, 720), (360, 640)), ((720, 1280), (640, 360)), ((2000, 3), (1, 640))]
)
def test_an_image_lies_in_the_top_left_corner_of_a_black_canvas(
    image: tuple[int, int], filled: tuple[int, int]
) -> None:
    canvas = letterbox(Halves(np.full((image[1], image[0], 3), 200, np.uint8)), [(640, 640, 3)])
    assert canvas.shape == (640, 640, 3)
    assert (canvas[: filled[0], : filled[1]] == 200).all()
    assert (canvas[filled[0] :] == 0).all()
    assert (canvas[:, filled[1] :] == 0).all()


@pytest.mark.parametrize(
    ("image", "canvas"),
    [
        ((1920, 1080), (416, 640)),
        ((1080, 1920), (640, 416)),
        ((1440, 1080), (512, 640)),
        ((1080, 1440), (640, 512)),
        ((640, 384), (416, 640)),
        ((640, 385), (512, 640)),  # less black than a smaller canvas has
        ((640, 481), (640, 640)),
        ((640, 640), (640, 640)),
        ((3000, 2), (416, 640)),
    ],
)
def test_an_image_lies_on_the_smallest_canvas_at_the_same_scale(
    image: tuple[int, int], canvas: tuple[int, int]
) -> None:
    shapes = [(416, 640, 3), (640, 416, 3), (512, 640, 3), (640, 512, 3), (640, 640, 3)]
    halves = Halves(np.random.default_rng(2).integers(1, 255, (image[1], image[0], 3)).astype(np.uint8))
    drawn, square = letterbox(halves, shapes), letterbox(halves, shapes[-1:])
    assert drawn.shape == (*canvas, 3)
    np.testing.assert_array_equal(drawn, square[: canvas[0], : canvas[1]])
    assert not square[canvas[0] :].any()
    assert not square[:, canvas[1] :].any()


def test_an_image_of_the_canvass_size_is_laid_on_it_unchanged() -> None:
    image = np.random.default_rng(8).integers(0, 255, (400, 640, 3)).astype(np.uint8)
    np.testing.assert_array_equal(letterbox(Halves(image), [(640, 640, 3)])[:400], image)


def test_shrinking_averages_instead_of_skipping() -> None:
    stripes = np.zeros((1280, 1280, 3), np.uint8)
    stripes[:, ::2] = 254
    canvas = letterbox(Halves(stripes), [(640, 640, 3)])
    assert np.abs(canvas.astype(int) - 127).max() <= 1
    assert photos.resized(stripes, 0.5).shape == canvas.shape
