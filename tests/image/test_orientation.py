"""A camera's EXIF orientation is undone for JPEG and ignored for PNG."""

import io

import numpy as np
import pytest
from PIL import Image

from mien.image.decode import read_header
from tests import photos
from tests.image import files

Turn = Image.Transpose
# How the upright picture was laid into the file for each value of the tag: the inverse of what a viewer must do.
STORED = {
    2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE, 6: Turn.ROTATE_90,
    7: Turn.TRANSVERSE, 8: Turn.ROTATE_270,
}  # fmt: skip


def turned(orientation: int, **options: object) -> bytes:
    image = Image.fromarray(files.quarters())
    if orientation in STORED:
        image = image.transpose(STORED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, subsampling=0, exif=exif, **options)
    return file.getvalue()


def distance(one: photos.Pixels, other: photos.Pixels) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_gives_the_same_upright_pixels(orientation: int) -> None:
    picture = read_header(turned(orientation))
    assert (picture.width, picture.height) == (160, 96)
    assert distance(picture.rgb(160), files.quarters()) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_upright_at_reduced_scale(orientation: int) -> None:
    pixels = read_header(turned(orientation)).rgb(80)
    assert pixels.shape == (48, 80, 3)
    assert distance(pixels, files.quarters()[::2, ::2]) < 2


@pytest.mark.parametrize("orientation", [6, 7])
def test_a_progressive_jpeg_is_turned_upright_too(orientation: int) -> None:
    assert distance(read_header(turned(orientation, progressive=True)).rgb(160), files.quarters()) < 2


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_counts_as_none(orientation: int) -> None:
    assert distance(read_header(turned(orientation)).rgb(160), files.quarters()) < 2


def test_exif_that_cannot_be_read_counts_as_none() -> None:
    whole = turned(6)
    place = whole.index(b"Exif\0\0") + 6
    damaged = whole[:place] + b"XXXXXXXX" + whole[place + 8 :]
    picture = read_header(damaged)
    assert (picture.width, picture.height) == (96, 160)
    assert picture.rgb(160).shape == (160, 96, 3)


def test_a_png_is_not_turned_by_its_exif_chunk() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = files.png(files.quarters(), files.RGB, before=files.chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")))
    picture = read_header(data)
    assert (picture.width, picture.height) == (160, 96)
    np.testing.assert_array_equal(picture.rgb(160), files.quarters())
