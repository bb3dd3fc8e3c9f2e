"""Each condition changes the photo as it says, the same way each time, and reports where the face is."""

import io

import numpy as np
import pytest
from PIL import Image

from mien.face.types import Detection
from mien.image.decode import read_header
from mien.measure.accuracy.conditions import CLEAN, CONDITIONS, Condition
from mien.packs.load import Pack
from tests import photos

FIRST = [
    each
    for before, each in zip([None, *CONDITIONS], CONDITIONS, strict=False)
    if before is None or before.kind != each.kind
]


def of(kind: str, strength: float) -> Condition:
    (found,) = [each for each in CONDITIONS if (each.kind, each.strength) == (kind, strength)]
    return found


@pytest.fixture(scope="module")
def face(pack: Pack) -> Detection:
    (found,) = pack.pipeline.find(read_header(photos.jpeg(photos.hopper().pixels)))
    return found.detection


@pytest.mark.parametrize("condition", FIRST, ids=lambda each: each.kind)
def test_the_face_is_where_the_scene_says(condition: Condition, face: Detection, pack: Pack) -> None:
    scene = condition.scene(photos.hopper().pixels, face, 1)
    found = pack.pipeline.find(read_header(scene.file()))
    assert max(each.box.overlap(scene.box) for each in found) > 0.5


@pytest.mark.parametrize("condition", CONDITIONS[1:], ids=lambda each: f"{each.kind} {each.strength:.3g}")
def test_a_condition_changes_the_photo_and_does_so_again(condition: Condition, face: Detection) -> None:
    pixels = photos.hopper().pixels
    one, again = (condition.scene(pixels, face, 5) for _ in range(2))
    assert one.pixels.dtype == np.uint8
    np.testing.assert_array_equal(one.pixels, again.pixels)
    assert one.orientation != 1 or one.file() != CLEAN.scene(pixels, face, 5).file()


def test_what_is_stored_turned_is_upright_again(face: Detection) -> None:
    pixels = photos.hopper().pixels
    for orientation in (3, 6, 8):
        file = of("turned by EXIF", orientation).scene(pixels, face, 1).file()
        picture = read_header(file)
        assert picture.orientation == orientation
        assert (picture.width, picture.height) == (pixels.shape[1], pixels.shape[0])
        difference = picture.rgb(max(pixels.shape)).astype(int) - pixels
        assert np.abs(difference).mean() < 4  # JPEG's loss


def test_light_is_counted_in_light_and_not_in_bytes(face: Detection) -> None:
    gray = np.full((100, 100, 3), 128, np.uint8)
    assert (of("dark", 1 / 8).scene(gray, face, 1).pixels == round(128 * (1 / 8) ** (1 / 2.2))).all()
    assert (of("overexposed", 3).scene(gray, face, 1).pixels == round(128 * 3 ** (1 / 2.2))).all()


def test_a_file_is_a_picture_in_colours(face: Detection) -> None:
    file = of("grey, gamma", 2).scene(photos.hopper().pixels, face, 1).file()
    assert Image.open(io.BytesIO(file)).mode == "RGB"


@pytest.mark.parametrize(
    ("kind", "mild", "strong"), [("mask", 0.15, 0.75), ("dark glasses", 0.2, 0.5), ("hand", 0.4, 1.7), ("rain", 1, 16)]
)
def test_a_stronger_cover_hides_more(kind: str, mild: float, strong: float, face: Detection) -> None:
    pixels = photos.hopper().pixels
    hidden = [(of(kind, each).scene(pixels, face, 3).pixels != pixels).any(axis=2).mean() for each in (mild, strong)]
    assert 0 < hidden[0] < hidden[1] < 0.9
