"""Faces are found however they lie, with eyes and mouth where they are; upright ones as without looking turned."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mien.face.halves import Halves
from mien.face.looks import SMALL
from mien.face.pipeline import Pipeline
from mien.face.turned import Turned
from mien.face.types import Face
from mien.measure.accuracy.angles import Drawn, Turn, turned
from mien.packs.load import Pack
from tests import photos

ANGLES = range(0, 360, 15)
Taken = Callable[[], photos.Photo]


def finder(pack: Pack) -> Turned:
    found = pack.pipeline.detector
    assert isinstance(found, Turned)
    return found


def find(pack: Pack, pixels: photos.Pixels) -> list[Face]:
    return pack.pipeline.find(Drawn(np.ascontiguousarray(pixels)))


def upright(pack: Pack) -> Pipeline:
    """The pipeline that does not look turned."""
    return replace(pack.pipeline, detector=finder(pack).finder)


def counted(pack: Pack) -> tuple[Turned, list[int]]:
    """The finder, and a list to which every run of a network adds the side of its canvas."""
    runs: list[int] = []

    class Counting:
        def __init__(self, session: object) -> None:
            self._session = session

        def __getattr__(self, name: str) -> object:
            return getattr(self._session, name)

        def run(self, pixels: photos.Pixels) -> object:
            runs.append(pixels.shape[1])
            return self._session.run(pixels)  # type: ignore[attr-defined]

    sessions = {name: Counting(session) for name, session in finder(pack).sessions.items()}
    return finder(pack).through(sessions), runs  # type: ignore[arg-type]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("photo", [photos.astronaut, photos.hopper])
def test_a_face_is_found_at_every_angle(pack: Pack, photo: Taken, kept: bool) -> None:
    (still,) = find(pack, photo().pixels)
    vector = pack.pipeline.embed([still])[0]
    for degrees in ANGLES:
        pixels, matrix = turned(photo().pixels, Turn(degrees, kept))
        face = find(pack, pixels)[0]
        expected = still.detection.landmarks @ matrix[:, :2].T + matrix[:, 2]
        eyes = np.hypot(*(expected[1] - expected[0]))
        assert np.hypot(*(face.detection.landmarks - expected).T).mean() < 0.2 * eyes, degrees
        assert abs((face.pose.roll - still.pose.roll - degrees + 180) % 360 - 180) < 12, degrees
        assert (face.box.x1 < expected[:, 0]).all() and (expected[:, 0] < face.box.x2).all()
        assert (face.box.y1 < expected[:, 1]).all() and (expected[:, 1] < face.box.y2).all()
        assert pack.calibration.similarity(pack.pipeline.embed([face])[0] @ vector) > 99, degrees


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_quarter_turn_turns_the_box(pack: Pack, degrees: int) -> None:
    still = find(pack, photos.hopper().pixels)[0].box
    pixels, _ = turned(photos.hopper().pixels, Turn(degrees, True))
    (face,) = find(pack, pixels)
    expected = (still.width, still.height) if degrees == 180 else (still.height, still.width)
    assert (face.box.width, face.box.height) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_faces_of_one_picture_lie_in_different_ways(pack: Pack, degrees: int) -> None:
    lying, _ = turned(photos.astronaut().pixels, Turn(degrees, True))
    standing = photos.hopper().pixels
    found, other = find(pack, photos.beside(lying, standing))[:2]
    assert found.box.x1 > lying.shape[1] and abs(found.pose.roll) < 10
    assert abs((other.pose.roll - degrees + 180) % 360 - 180) < 15


@pytest.mark.parametrize("factor", [0.5, 1.0])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_face_that_lies_is_found_beside_a_sure_one(pack: Pack, degrees: int, factor: float) -> None:
    lying, _ = turned(photos.hopper().pixels, Turn(degrees, True))
    picture = photos.beside(photos.resized(lying, factor), photos.resized(photos.astronaut().pixels, factor))
    found, _ = sorted(find(pack, picture), key=lambda face: face.box.x1)
    assert found.box.x2 < lying.shape[1] * factor
    assert abs((found.pose.roll - degrees + 180) % 360 - 180) < 12


def test_a_face_that_only_hints_at_itself_is_found(pack: Pack) -> None:
    lying, _ = turned(photos.hopper().pixels, Turn(90, True))
    assert len(upright(pack).find(Drawn(photos.beside(lying, photos.astronaut().pixels)))) == 1


@pytest.mark.parametrize("degrees", [45, 90, 180, 270])
@pytest.mark.parametrize("factor", [0.25, 0.5, 3.0])
def test_small_and_large_faces_are_found_turned(pack: Pack, degrees: int, factor: float) -> None:
    pixels, _ = turned(photos.resized(photos.astronaut().pixels, factor), Turn(degrees, True))
    (face,) = find(pack, pixels)
    assert abs((face.pose.roll - degrees + 180) % 360 - 180) < 12


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_face_that_fills_the_frame_is_found_turned(pack: Pack, degrees: int) -> None:
    box = photos.hopper().face
    close = photos.hopper().pixels[int(box.y1) : int(box.y2), int(box.x1) : int(box.x2)]
    (face,) = find(pack, turned(close, Turn(degrees, True))[0])
    assert abs((face.pose.roll - degrees + 180) % 360 - 180) < 12


@pytest.mark.parametrize("photo", [photos.astronaut, photos.hopper])
def test_an_upright_face_is_found_as_without_looking_turned(pack: Pack, photo: Taken) -> None:
    with_it, without = find(pack, photo().pixels), upright(pack).find(Drawn(photo().pixels))
    assert [face.detection.confidence for face in with_it] == [face.detection.confidence for face in without]
    np.testing.assert_array_equal(with_it[0].crops[0].straight, without[0].crops[0].straight)


def test_an_upright_face_costs_no_further_run(pack: Pack) -> None:
    counting, runs = counted(pack)
    image = Halves(photos.hopper().pixels)
    rows, columns = image.full.shape[:2]
    counting.detect(image, columns, rows)
    once = list(runs)
    runs.clear()
    replace(counting, sure=0.0).finder.detect(image, columns, rows)
    assert once == runs


def test_a_picture_without_faces_is_looked_at_once_for_each_quarter(pack: Pack) -> None:
    counting, runs = counted(pack)
    nothing = Halves(np.zeros((480, 640, 3), np.uint8))
    counting.finder.detect(nothing, 640, 480)
    once = len(runs)
    runs.clear()
    assert counting.detect(nothing, 640, 480) == []
    assert len(runs) <= 4 * once
    assert SMALL not in runs


def test_textures_have_no_faces_however_they_are_turned(pack: Pack) -> None:
    random = np.random.default_rng(1)
    for scale in (1, 3, 9, 27, 81):
        coarse = random.integers(0, 256, (480 // scale + 1, 640 // scale + 1, 3)).astype(np.uint8)
        assert find(pack, np.kron(coarse, np.ones((scale, scale, 1), np.uint8))[:480, :640]) == []
