"""Photographs are sent as AWS's API takes them: what fits stays as it is, the rest becomes an upright JPEG."""

import io

import numpy as np
import pytest
from PIL import Image

from mien.errors import InvalidImageFormatError
from mien.image.decode import read_header
from mien.image.fitting import fitted
from tests import photos
from tests.image import files, formats

MOST = 5 << 20


def test_what_fits_stays_as_it_is() -> None:
    for data in (photos.pair(), photos.encoded(files.quarters(), "PNG"), photos.encoded(files.quarters(), "JPEG")):
        assert fitted(data, MOST) is data


@pytest.mark.parametrize("name", ["webp", "tiff", "avif", "heic", "png"])
def test_what_does_not_becomes_an_upright_jpeg(name: str) -> None:
    data = fitted(formats.encoded(formats.laid(files.quarters(), 8), name, exif=formats.exif(8)), MOST)
    picture = read_header(data)
    assert (picture.format, picture.orientation) == ("jpeg", 1)
    assert np.abs(picture.rgb(160).astype(int) - files.quarters()).mean() < 5


def test_a_large_file_is_made_to_fit() -> None:
    noise = np.random.default_rng(4).integers(0, 255, (600, 800, 3)).astype(np.uint8)
    whole = photos.encoded(noise, "PNG")
    for most in (200_000, 50_000, 12_000):
        small = fitted(whole, most)
        assert most / 3 < len(small) <= most
        picture = read_header(small)
        assert abs(picture.width / picture.height - 4 / 3) < 0.05


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_more_than_a_hundred_megapixels_are_scaled_down(kind: str) -> None:
    """A panorama, and what telephones with 200 megapixels write."""
    for sides in ((12_400, 8_200), (30_000, 400)):
        file = io.BytesIO()
        Image.linear_gradient("L").resize(sides).convert("RGB").save(file, kind, compress_level=1)
        picture = read_header(fitted(file.getvalue(), MOST))
        assert max(picture.width, picture.height) <= 10_000
        assert abs(picture.width / picture.height / (sides[0] / sides[1]) - 1) < 0.01


def test_what_is_damaged_is_refused() -> None:
    for data in (b"", b"text", photos.pair()[:40], formats.encoded(Image.fromarray(files.quarters()), "webp")[:40]):
        with pytest.raises(InvalidImageFormatError):
            fitted(data, MOST)
