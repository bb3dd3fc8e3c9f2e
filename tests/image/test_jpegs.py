"""JPEGs that are read although libjpeg-turbo's own interface refuses them, with the pixels that Pillow reads."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks import pictures
from mien.errors import InvalidImageFormatError
from mien.image import jpeg
from mien.image.decode import read_header
from tests import photos
from tests.image import files
from tests.image.jpeg_writer import Sampling, written, ycc

SIDES = (213, 161)
SAMPLINGS: dict[str, Sampling] = {
    **{
        f"{across}x{down}": ((across, down), (1, 1), (1, 1))
        for across in range(1, 5)
        for down in range(1, 5)
        if across * down <= 8
    },
    "2x2,2x1,1x1": ((2, 2), (2, 1), (1, 1)),
    "2x2,1x2,1x1": ((2, 2), (1, 2), (1, 1)),
    "2x1,1x1,2x1": ((2, 1), (1, 1), (2, 1)),
    "1x1,2x2,2x2": ((1, 1), (2, 2), (2, 2)),
    "2x2,2x2,1x1": ((2, 2), (2, 2), (1, 1)),
    "4x1,2x1,1x1": ((4, 1), (2, 1), (1, 1)),
    "3x1,1x3,1x1": ((3, 1), (1, 3), (1, 1)),
}
FAULTS = ("no end", "half an end", "an end and more behind it")
MADE = {
    "baseline": {},
    "progressive": {"progressive": True},
    "with restarts": {"restart_marker_rows": 1},
    "RGB": {"keep_rgb": True},
    "gray": {"mode": "L"},
    "progressive gray": {"mode": "L", "progressive": True},
    "CMYK": {"mode": "CMYK"},
    "progressive CMYK": {"mode": "CMYK", "progressive": True},
}


def source() -> photos.Pixels:
    return photos.astronaut().pixels[40 : 40 + SIDES[1], 100 : 100 + SIDES[0]]


def by_pillow(data: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), np.int64)


def made(mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(source()).convert(mode).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("name", SAMPLINGS)
def test_any_sampling_of_the_colours_has_pillows_pixels(name: str) -> None:
    data = written(ycc(source()), SAMPLINGS[name])
    picture = read_header(data)
    assert (picture.width, picture.height) == SIDES
    expected = by_pillow(data)
    assert np.abs(expected - source()).mean() < 6  # the writer's own loss
    assert np.abs(picture.rgb(max(SIDES)) - expected).max() <= 1
    small = picture.rgb(max(SIDES) // 4)
    assert small.shape[1] <= SIDES[0] // 2 + 1
    step = SIDES[0] / small.shape[1]
    rows, columns = ((np.arange(side) * step).astype(int) for side in small.shape[:2])
    assert np.abs(small - expected[np.ix_(rows, columns)]).mean() < 25


@pytest.mark.parametrize("name", ["4x2", "1x4", "2x2,2x1,1x1"])
def test_odd_sampling_is_turned_and_restarted_as_any(name: str) -> None:
    data = written(ycc(source()), SAMPLINGS[name], restart=2)
    assert np.abs(read_header(data).rgb(max(SIDES)) - by_pillow(data)).max() <= 1
    turned = read_header(pictures.turned(data))
    assert (turned.width, turned.height) == SIDES[::-1]
    np.testing.assert_array_equal(np.rot90(turned.rgb(max(SIDES)), 1), read_header(data).rgb(max(SIDES)))


@pytest.mark.parametrize("name", ["3x1", "2x2,1x2,1x1"])
def test_odd_sampling_cut_short_is_refused(name: str) -> None:
    data = written(ycc(source()), SAMPLINGS[name])
    for share in (0.5, 0.8, 0.99):
        with pytest.raises(InvalidImageFormatError):
            read_header(data[: int(len(data) * share)]).rgb(max(SIDES))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", [*MADE, "4x2"])
def test_a_missing_end_costs_nothing(name: str, fault: str) -> None:
    whole = written(ycc(source()), SAMPLINGS["4x2"]) if name == "4x2" else made(**MADE[name])  # type: ignore[arg-type]
    data = {
        "no end": whole[:-2],
        "half an end": whole[:-1],
        "an end and more behind it": whole + b"\0" * 40 + b"ftypmp42" + bytes(400),
    }[fault]
    for side in (max(SIDES), max(SIDES) // 2):
        np.testing.assert_array_equal(read_header(data).rgb(side), read_header(whole).rgb(side))


@pytest.mark.parametrize("name", MADE)
def test_pixels_that_are_missing_are_no_missing_end(name: str) -> None:
    whole = made(**MADE[name])  # type: ignore[arg-type]
    for lost in (12, 100, len(whole) // 3):
        with pytest.raises(InvalidImageFormatError):
            read_header(whole[:-lost]).rgb(max(SIDES))


def test_a_preview_in_the_metadata_is_not_the_pictures_end() -> None:
    preview = photos.jpeg(files.quarters())
    segment = b"\xff\xe1" + (len(preview) + 8).to_bytes(2, "big") + b"Exif\0\0" + preview
    whole = made()
    data = whole[:2] + segment + whole[2:-2]
    np.testing.assert_array_equal(read_header(data).rgb(max(SIDES)), read_header(whole).rgb(max(SIDES)))


def test_the_first_of_several_pictures_is_read() -> None:
    """As in the files of stereo cameras and in motion photographs (MPO)."""
    first = Image.fromarray(source())
    file = io.BytesIO()
    first.save(file, "MPO", save_all=True, append_images=[Image.new("RGB", SIDES)], quality=95)
    assert np.abs(read_header(file.getvalue()).rgb(max(SIDES)).astype(int) - source()).mean() < 4


@pytest.mark.parametrize("colours", [2, 5])
def test_a_number_of_colours_that_no_picture_has_is_refused(colours: int) -> None:
    planes = [ycc(source())[0]] * colours
    with pytest.raises(InvalidImageFormatError):
        read_header(written(planes, [(1, 1)] * colours))


def test_a_frame_without_sides_is_refused() -> None:
    data = files.with_jpeg_size(written(ycc(source()), SAMPLINGS["4x2"]), 100, 0)
    with pytest.raises(InvalidImageFormatError):
        jpeg.read(data)
