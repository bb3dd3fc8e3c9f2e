"""A JPEG is decoded no larger than asked, and never smaller."""

import numpy as np
import pytest

from mien.image.decode import read_header
from tests import photos


def smooth(width: int, height: int) -> photos.Pixels:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([255 * x / width, 255 * y / height, 128 + 60 * np.sin(x / 90)], axis=-1).astype(np.uint8)


WIDE = photos.jpeg(smooth(1600, 800))
TALL = photos.jpeg(smooth(701, 1403))


@pytest.mark.parametrize("long_side", [80, 100, 199, 200, 201, 400, 640, 799, 800, 801, 1200, 1599, 1600, 5000])
@pytest.mark.parametrize("data", [WIDE, TALL])
def test_the_long_side_is_at_least_the_one_wanted(data: bytes, long_side: int) -> None:
    picture = read_header(data)
    pixels = picture.rgb(long_side)
    full = max(picture.width, picture.height)
    assert max(pixels.shape[:2]) >= min(long_side, full)
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(picture.width / picture.height, rel=0.02)


@pytest.mark.parametrize(("long_side", "expected"), [(800, 800), (400, 400), (200, 200)])
def test_less_than_half_is_decoded_at_a_fraction(long_side: int, expected: int) -> None:
    assert max(read_header(WIDE).rgb(long_side).shape[:2]) == expected


@pytest.mark.parametrize("long_side", [200, 400, 800])
def test_a_reduced_decoding_shows_the_same_picture(long_side: int) -> None:
    picture = read_header(WIDE)
    reduced = picture.rgb(long_side).astype(int)
    step = 1600 // reduced.shape[1]
    full = picture.rgb(1600).reshape(800 // step, step, 1600 // step, step, 3).mean(axis=(1, 3))
    assert np.abs(reduced - full).mean() < 2


def test_the_size_needs_only_the_header() -> None:
    picture = read_header(TALL[: TALL.index(b"\xff\xda") + 20])
    assert (picture.width, picture.height) == (701, 1403)
