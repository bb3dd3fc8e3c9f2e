"""Each condition changes the photo as it says, and reports where the face is."""

import io

import numpy as np
import pytest
from PIL import Image

from mien.face.types import Detection
from mien.image.decode import read_header
from mien.measure.accuracy.conditions import CONDITIONS
from mien.packs.load import Pack
from tests import photos


@pytest.fixture(scope="module")
def face(pack: Pack) -> Detection:
    (found,) = pack.pipeline.find(read_header(photos.jpeg(photos.hopper().pixels)))
    return found.detection


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_face_is_where_the_scene_says(name: str, face: Detection, pack: Pack) -> None:
    scene = CONDITIONS[name](photos.hopper().pixels, face, photos.astronaut().pixels)
    found = pack.pipeline.find(read_header(scene.file()))
    assert max(each.box.overlap(scene.box) for each in found) > (0.3 if "24" in name else 0.5)


def test_what_is_stored_turned_is_upright_again(face: Detection) -> None:
    pixels = photos.hopper().pixels
    for name in ("EXIF, a quarter turn left", "EXIF, upside down", "EXIF, a quarter turn right"):
        file = CONDITIONS[name](pixels, face, pixels).file()
        picture = read_header(file)
        assert picture.orientation != 1
        assert (picture.width, picture.height) == (pixels.shape[1], pixels.shape[0])
        difference = picture.rgb(max(pixels.shape)).astype(int) - pixels
        assert np.abs(difference).mean() < 4  # JPEG's loss


def test_light_is_counted_in_light_and_not_in_bytes(face: Detection) -> None:
    gray = np.full((100, 100, 3), 128, np.uint8)
    dark = CONDITIONS["dark, 1/8 of the light"](gray, face, gray).pixels
    assert (dark == round(128 * (1 / 8) ** (1 / 2.2))).all()
    assert (CONDITIONS["bright, 4 times the light"](gray, face, gray).pixels == 240).all()


def test_the_quality_is_that_of_the_file(face: Detection) -> None:
    pixels = photos.hopper().pixels
    sizes = [len(CONDITIONS[name](pixels, face, pixels).file()) for name in ("clean", "JPEG quality 20")]
    assert sizes[1] < sizes[0] / 3
    assert Image.open(io.BytesIO(CONDITIONS["grayscale"](pixels, face, pixels).file())).mode == "RGB"
