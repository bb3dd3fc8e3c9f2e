"""The pose of a face has the signs of the API: roll clockwise, yaw to the image's right, pitch up."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.face.quality import pose
from mien.face.types import Face, Points
from mien.image.decode import read_header
from mien.packs.load import Pack
from tests import photos

# A head of our own, not the one the code fits: x right, y down, z to the camera, in units of the eyes' distance.
HEAD = np.array([(-0.5, 0, 0), (0.5, 0, 0), (0, 0.6, 0.58), (-0.42, 1.05, 0.05), (0.42, 1.05, 0.05)])


def turned(roll: float = 0, yaw: float = 0, pitch: float = 0) -> Points:
    """The head's landmarks after turning it to the right, then up, then clockwise, and looking along z."""
    r, y, p = np.radians([roll, yaw, pitch])
    aside = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    up = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    clockwise = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    points = HEAD @ (clockwise @ up @ aside).T
    return np.asarray(points[:, :2] * 100 + 300, np.float32)


def faces(pack: Pack, pixels: photos.Pixels) -> list[Face]:
    return pack.pipeline.find(read_header(photos.encoded(np.ascontiguousarray(pixels), "PNG")))


def test_a_head_looking_at_the_camera_has_no_turn() -> None:
    found = pose(turned())
    assert (found.roll, found.yaw) == pytest.approx((0, 0), abs=0.01)
    assert found.pitch == pytest.approx(0, abs=10)


@pytest.mark.parametrize("yaw", [-60, -35, -15, 15, 35, 60])
def test_a_nose_to_the_right_is_a_positive_yaw(yaw: float) -> None:
    found = pose(turned(yaw=yaw))
    assert found.yaw == pytest.approx(yaw, abs=9)
    assert found.roll == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("pitch", [-40, -20, 20, 40])
def test_looking_up_is_a_positive_pitch(pitch: float) -> None:
    found = pose(turned(pitch=pitch))
    assert found.pitch - pose(turned()).pitch == pytest.approx(pitch, abs=10)
    assert found.yaw == pytest.approx(0, abs=0.5)


def test_a_nose_nearer_to_the_mouth_looks_further_down() -> None:
    points = turned()
    pitches = []
    for lower in (-20, -10, 0, 10, 20):
        shifted = points.copy()
        shifted[2, 1] += lower
        pitches.append(pose(shifted).pitch)
    assert pitches == sorted(pitches, reverse=True)
    assert pitches[0] - pitches[-1] > 20


@pytest.mark.parametrize("roll", [-150, -90, -20, 20, 90, 150])
def test_turning_clockwise_is_a_positive_roll_and_changes_nothing_else(roll: float) -> None:
    upright, found = pose(turned(yaw=20)), pose(turned(yaw=20, roll=roll))
    assert found.roll == pytest.approx(roll, abs=0.01)
    assert (found.yaw, found.pitch) == pytest.approx((upright.yaw, upright.pitch), abs=0.01)


@pytest.mark.parametrize("scale", [0.1, 7])
def test_a_faces_size_and_place_do_not_matter(scale: float) -> None:
    points = turned(10, 20, 5)
    one, other = pose(points), pose(points * np.float32(scale) + np.float32(55))
    assert (one.roll, one.yaw, one.pitch) == pytest.approx((other.roll, other.yaw, other.pitch), abs=0.05)


@pytest.fixture(params=["astronaut", "hopper", "obama2", "biden"])
def photograph(request: pytest.FixtureRequest) -> Iterator[photos.Pixels]:
    if request.param in ("astronaut", "hopper"):
        yield getattr(photos, request.param)().pixels
    else:
        people = request.getfixturevalue("people")
        yield photos.resized(photos.pixels((people / f"{request.param}.jpg").read_bytes()), 0.5)


def test_mirroring_a_photograph_flips_yaw_and_roll(pack: Pack, photograph: photos.Pixels) -> None:
    one, other = faces(pack, photograph)[0].pose, faces(pack, photograph[:, ::-1])[0].pose
    assert other.yaw == pytest.approx(-one.yaw, abs=10)
    assert other.roll == pytest.approx(-one.roll, abs=6)
    assert other.pitch == pytest.approx(one.pitch, abs=8)


@pytest.mark.parametrize(("photo", "sign"), [("obama2", -1), ("obama3", 1), ("biden", 1)])
def test_people_seen_from_the_side_have_the_yaw_of_their_side(pack: Pack, people: Path, photo: str, sign: int) -> None:
    pixels = photos.resized(photos.pixels((people / f"{photo}.jpg").read_bytes()), 0.5)
    assert sign * faces(pack, pixels)[0].pose.yaw > 10
    assert sign * faces(pack, pixels[:, ::-1])[0].pose.yaw < -10


def test_turning_a_photograph_clockwise_raises_roll(pack: Pack, photograph: photos.Pixels) -> None:
    """By how much depends on the detector: its landmarks follow a tilted face only in part."""
    rolls = []
    for degrees in (-25, 0, 25):
        rolls.append(faces(pack, about_the_face(pack, photograph, degrees))[0].pose.roll)
    assert rolls[0] + 6 < rolls[1] < rolls[2] - 6


def about_the_face(pack: Pack, photograph: photos.Pixels, degrees: float) -> photos.Pixels:
    """The photograph turned clockwise about its face."""
    box = faces(pack, photograph)[0].box
    centre = ((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2)
    image = Image.fromarray(photograph).rotate(-degrees, Image.Resampling.BICUBIC, center=centre)
    return np.asarray(image, np.uint8)
