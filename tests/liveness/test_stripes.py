"""Regular patterns on a face, as a camera sees them on a screen."""

import cv2
import numpy as np
import pytest

from mien.face.halves import Halves
from mien.liveness.stripes import stripes
from mien.packs.load import Pack
from tests.photos import SHARED

BOX = (60.0, 40.0, 260.0, 300.0)


def skin(seed: int) -> np.ndarray:
    """Shades of a face, and the noise of a camera, float."""
    random = np.random.default_rng(seed)
    shades = cv2.GaussianBlur(random.normal(0, 1, (340, 320, 3)), (0, 0), 12)
    pores = cv2.GaussianBlur(random.normal(0, 1, (340, 320, 3)), (0, 0), 1.5)
    return np.asarray(140 + 400 * shades + 10 * pores + random.normal(0, 2, shades.shape))


def shown(picture: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_skin_has_none(seed: int) -> None:
    assert stripes(shown(skin(seed)), BOX) < 28


@pytest.mark.parametrize("angle", [10, 40, 75, 120])
@pytest.mark.parametrize("pitch", [3.0, 6.0, 10.0])
def test_a_grating_stands_out_at_any_angle(pitch: float, angle: float) -> None:
    down, across = np.indices((340, 320))
    turned = np.cos(np.radians(angle)) * across + np.sin(np.radians(angle)) * down
    picture = skin(1) + 6 * np.sin(2 * np.pi * turned / pitch)[:, :, None]
    assert stripes(shown(picture), BOX) > 60


def test_the_blocks_of_a_codec_are_no_stripes() -> None:
    down, across = np.indices((340, 320))
    edges = 3.0 * (across % 8 == 0) + 3.0 * (down % 8 == 0)
    assert stripes(shown(skin(2) + edges[:, :, None]), BOX) < 28


@pytest.mark.parametrize("box", [(0, 0, 40, 50), (-90, -90, -10, -10), (400, 400, 700, 700), (300, 100, 600, 400)])
def test_a_face_that_is_small_or_outside_has_none(box: tuple[float, float, float, float]) -> None:
    assert stripes(shown(skin(1)), box) < 28


def test_a_film_replayed_on_a_screen_has_them_and_the_same_man_before_a_camera_has_not(pack: Pack) -> None:
    folder = SHARED / "liveness"
    if not folder.is_dir():
        pytest.skip("no films beside the checkout, in ../shared/liveness")
    medians = []
    for name in ("live-video", "attack-video"):
        found = []
        for file in sorted((folder / name).iterdir())[::3]:
            picture = np.asarray(cv2.imread(str(file)), np.uint8)
            height, width = picture.shape[:2]
            face, *_ = pack.pipeline.detector.detect(Halves(np.ascontiguousarray(picture[:, :, ::-1])), width, height)
            found.append(stripes(picture, (face.box.x1, face.box.y1, face.box.x2, face.box.y2)))
        medians.append(float(np.median(found)))
    assert medians[0] < 28 and medians[1] > 45
