"""Real faces are found in their places: near and far, upright by EXIF, and many in one picture."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.face.types import Box, Face
from mien.image.decode import read_header
from mien.packs.load import Pack
from tests import photos


def find(pack: Pack, pixels: photos.Pixels, kind: str = "PNG") -> list[Face]:
    return pack.pipeline.find(read_header(photos.encoded(np.ascontiguousarray(pixels), kind)))


@pytest.mark.parametrize("photo", [photos.astronaut, photos.hopper])
def test_the_face_is_found_where_it_is(pack: Pack, photo: Callable[[], photos.Photo]) -> None:
    (face,) = find(pack, photo().pixels)
    assert face.box.overlap(photo().face) > 0.6
    for x, y in face.detection.landmarks:
        assert face.box.x1 < x < face.box.x2
        assert face.box.y1 < y < face.box.y2
    left_eye, right_eye, nose, left_mouth, right_mouth = face.detection.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert left_eye[1] < nose[1] < left_mouth[1]
    assert face.detection.confidence > 0.8


@pytest.mark.parametrize("side", [80, 200, 480, 640, 1000, 2000])
@pytest.mark.parametrize("photo", [photos.astronaut, photos.hopper])
def test_a_face_that_fills_the_frame_is_found(pack: Pack, photo: Callable[[], photos.Photo], side: int) -> None:
    box = photo().face
    close = photo().pixels[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)]
    filled = np.asarray(Image.fromarray(close).resize((side, side * 6 // 5)), np.uint8)
    faces = find(pack, filled)
    assert faces
    assert faces[0].box.overlap(Box(0, 0, filled.shape[1], filled.shape[0])) > 0.6
    assert len(faces) == 1


def test_faces_40_pixels_wide_in_a_1080p_picture_are_found(pack: Pack) -> None:
    canvas = np.full((1080, 1920, 3), (96, 110, 120), np.uint8)
    expected = []
    for number, photo in enumerate((photos.astronaut(), photos.hopper()) * 6):
        factor = 40 / photo.face.width
        small = photos.resized(photo.pixels, factor)
        left, top = 40 + 310 * (number % 6), 120 + 500 * (number // 6)
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
        box = photo.face
        expected.append(
            Box(left + factor * box.x1, top + factor * box.y1, left + factor * box.x2, top + factor * box.y2)
        )
    faces = find(pack, canvas, "JPEG")
    for box in expected:
        assert box.width == pytest.approx(40)
        assert max(face.box.overlap(box) for face in faces) > 0.5
    assert len(faces) == len(expected)


def test_a_person_40_pixels_wide_is_recognized(pack: Pack, people: Path) -> None:
    canvas = np.full((1080, 1920, 3), 128, np.uint8)
    left = 60
    for name in ("obama", "biden"):
        pixels = photos.pixels((people / f"{name}.jpg").read_bytes())
        (face,) = find(pack, pixels)
        small = photos.resized(pixels, 44 / face.box.width)
        canvas[300 : 300 + small.shape[0], left : left + small.shape[1]] = small
        left += 800
    far = sorted(find(pack, canvas), key=lambda face: face.box.x1)
    assert len(far) == 2
    near = [find(pack, photos.pixels((people / f"{name}.jpg").read_bytes()))[0] for name in ("obama2", "two_people")]
    scores = pack.calibration.similarity(pack.pipeline.embed(far) @ pack.pipeline.embed(near).T)
    assert scores[0, 0] > 80  # Obama and another picture of him
    assert scores[1, 1] > 80  # Biden, the larger face of the two
    assert max(scores[0, 1], scores[1, 0]) < 60


@pytest.mark.parametrize(("orientation", "stored"), [(3, "ROTATE_180"), (6, "ROTATE_90"), (8, "ROTATE_270")])
def test_a_photograph_laid_on_its_side_by_the_camera_is_read_upright(pack: Pack, orientation: int, stored: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(photos.hopper().pixels).transpose(Image.Transpose[stored]).save(file, "JPEG", quality=95, exif=exif)
    (face,) = pack.pipeline.find(read_header(file.getvalue()))
    assert face.box.overlap(photos.hopper().face) > 0.6
    assert abs(face.pose.roll) < 6


def test_a_large_photograph_decoded_at_reduced_scale_gives_the_same_face(pack: Pack) -> None:
    (small,) = find(pack, photos.hopper().pixels)
    for factor in (4, 7):
        (large,) = find(pack, photos.resized(photos.hopper().pixels, factor), "JPEG")
        box = large.box
        scaled = Box(box.x1 / factor, box.y1 / factor, box.x2 / factor, box.y2 / factor)
        assert scaled.overlap(small.box) > 0.85
        one, other = pack.pipeline.embed([small, large])
        assert pack.calibration.similarity(float(one @ other)) > 95


def test_a_small_face_in_a_huge_photograph_is_cut_out_of_the_full_resolution(pack: Pack) -> None:
    canvas = np.full((3000, 4000, 3), (90, 120, 100), np.uint8)
    photo = photos.hopper()
    canvas[400:1000, 800:1312] = photo.pixels
    (face,) = find(pack, canvas, "JPEG")
    (alone,) = find(pack, photo.pixels)
    assert face.quality.sharpness == pytest.approx(alone.quality.sharpness, abs=8)
    one, other = pack.pipeline.embed([face, alone])
    assert pack.calibration.similarity(float(one @ other)) > 95


def test_a_picture_without_faces_has_none(pack: Pack) -> None:
    assert pack.pipeline.find(read_header(photos.nobody())) == []


def test_a_crowd_is_found_up_to_a_hundred_the_largest_first(pack: Pack) -> None:
    photo = photos.astronaut()
    tile = photos.resized(photo.pixels[20:230, 120:330], 0.55)
    canvas = np.tile(tile, (10, 12, 1))
    faces = find(pack, canvas)
    areas = [face.box.area for face in faces]
    assert len(faces) == 100
    assert areas == sorted(areas, reverse=True)


def test_a_face_cut_by_the_edge_may_have_a_box_beyond_it(pack: Pack, people: Path) -> None:
    picture = read_header((people / "obama_partial_face.jpg").read_bytes())
    (face,) = pack.pipeline.find(picture)
    assert face.box.x1 < 0
