"""Mien.ReadPhotograph: a photograph of any format becomes a JPEG that the other operations take."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mien.operations.shapes import MOST_IMAGE_BYTES
from tests import photos
from tests.image import formats
from tests.operations.api import Api, image

READ = "Mien.ReadPhotograph"


def jpeg(answer: dict[str, dict[str, str]]) -> photos.Pixels:
    with Image.open(io.BytesIO(base64.b64decode(answer["Image"]["Bytes"]))) as opened:
        assert opened.format == "JPEG"
        return np.asarray(opened, np.uint8)


@pytest.mark.parametrize("name", [*formats.EXACT])
def test_every_format_becomes_an_upright_jpeg(api: Api, name: str) -> None:
    hopper = photos.hopper().pixels
    turned = {} if name in ("gif", "bmp", "jxl") else {"exif": formats.exif(6)}
    data = formats.encoded(formats.laid(hopper, 6 if turned else 1), name, **turned)
    answer = api(READ, Image=image(data))
    assert (answer["Format"], answer["Width"], answer["Height"]) == (name.upper(), *hopper.shape[1::-1])
    assert np.abs(jpeg(answer).astype(int) - hopper).mean() < 8
    if name not in ("jpeg", "png"):
        refused = api.refused("DetectFaces", Image=image(data))
        assert refused == ("InvalidImageFormatException", "Request has invalid image format")
    assert len(api("DetectFaces", Image=answer["Image"])["FaceDetails"]) == 1


def test_what_is_large_is_made_smaller(api: Api) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (1700, 2000, 3)).astype(np.uint8)
    data = formats.encoded(Image.fromarray(noise), "jpeg")
    assert MOST_IMAGE_BYTES < len(data) < 11 << 20
    answer = api(READ, Image=image(data))
    assert (answer["Width"], answer["Height"]) == (2000, 1700)
    assert len(base64.b64decode(answer["Image"]["Bytes"])) <= MOST_IMAGE_BYTES
    assert max(jpeg(answer).shape) > 1200


def test_what_is_no_photograph_is_said(api: Api) -> None:
    for data, words in ((b"Dear diary", "texts"), (b"\0\0\0\x18ftypqt  " + bytes(99), "videos")):
        code, text = api.refused(READ, Image=image(data))
        assert code == "InvalidImageFormatException"
        assert words in text
    damaged = formats.encoded(Image.fromarray(photos.hopper().pixels), "webp")[:900]
    assert api.refused(READ, Image=image(damaged))[0] == "InvalidImageFormatException"
    assert api.refused(READ, Image={})[0] == "InvalidParameterException"
