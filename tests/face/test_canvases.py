"""A wide or tall picture is drawn on a part of the canvas, and shows the same faces there as on all of it."""

from dataclasses import replace

import numpy as np
import pytest

from mien.engine.session import Session
from mien.face.pipeline import Pipeline
from mien.face.quality import eye_distance
from mien.face.types import Face
from mien.measure.accuracy.angles import Drawn
from mien.packs.load import Pack
from tests import photos

SHAPES = [(1920, 1080), (1080, 1920), (2400, 1000), (1000, 2400), (3840, 2160)]
PLACES = [(0.1, 0.1), (0.5, 0.5), (0.95, 1.0), (0.5, 1.0)]  # the last at the edge beyond which the canvas is cut


class Seen:
    """A session that notes the shapes of its inputs, and takes only some."""

    def __init__(self, session: Session, shapes: list[tuple[int, int, int]]) -> None:
        self._session, self.shapes = session, shapes
        self.inputs: set[tuple[int, ...]] = set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def run(self, pixels: photos.Pixels) -> object:
        self.inputs.add(pixels.shape[1:])
        return self._session.run(pixels)


def through(pack: Pack, *, parts: bool) -> tuple[Pipeline, dict[str, Seen]]:
    """The pipeline with the detector's networks noted; without parts, all pictures lie on the whole canvas."""
    sessions = pack.pipeline.detector.sessions
    noted = {name: Seen(each, [*each.shapes] if parts else [each.shape]) for name, each in sessions.items()}
    return replace(pack.pipeline, detector=pack.pipeline.detector.through(noted)), noted  # type: ignore[arg-type]


def scene(size: tuple[int, int], place: tuple[float, float], photo: photos.Pixels) -> photos.Pixels:
    """A photograph of half the shorter side on grey."""
    factor = min(size) / 2 / max(photo.shape[:2])
    small = photos.resized(photo, factor)
    ground = np.full((size[1], size[0], 3), 90, np.uint8)
    x, y = (round(share * (side - own)) for share, side, own in zip(place, size, small.shape[1::-1], strict=True))
    ground[y : y + small.shape[0], x : x + small.shape[1]] = small
    return ground


@pytest.mark.parametrize("size", SHAPES)
def test_the_same_faces_are_found(pack: Pack, size: tuple[int, int]) -> None:
    part, noted = through(pack, parts=True)
    whole, square = through(pack, parts=False)
    for number, place in enumerate(PLACES):
        photo = (photos.hopper, photos.astronaut)[number % 2]().pixels
        pixels = scene(size, place, photo)
        found, expected = (each.find(Drawn(pixels)) for each in (part, whole))
        assert len(found) == len(expected) == 1
        assert_same(found[0], expected[0])
        (vector,), (other,) = part.embed(found), whole.embed(expected)
        assert float(vector @ other) > 0.98 * float(np.linalg.norm(vector) * np.linalg.norm(other))
    assert {shape for shape in noted["wide"].inputs if shape[:2] != (640, 640)}
    assert square["wide"].inputs == {(640, 640, 3)}


def assert_same(face: Face, other: Face) -> None:
    assert face.detection.box.overlap(other.detection.box) > 0.95
    off = np.abs(face.detection.landmarks - other.detection.landmarks).max()
    assert off < 0.04 * eye_distance(other.detection.landmarks)
    assert abs(face.detection.confidence - other.detection.confidence) < 0.02
