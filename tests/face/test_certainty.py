"""The probability of a face: from the detector's score, from a second look, and from a mesh that is there or not."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from mien.face.certainty import AS_SCORED, Certainty, confidence, look_again, unmeasured
from mien.face.halves import Halves
from mien.face.types import Box, Detection, Face, Features, Pose, Quality
from mien.measure.accuracy.angles import Drawn
from mien.operations.quality_filter import BARS
from mien.packs.load import Pack
from mien.packs.manifest import catalogue
from mien.packs.specs import CascadeSpec, DetectorSpec
from tests import photos

PAIRS = ((0.6, 0.5), (0.9, 0.9), (0.95, 0.999))
PIXEL = Halves(np.zeros((100, 100, 3), np.uint8))
Taken = Callable[[], photos.Photo]
PORTRAITS: list[Taken] = [photos.astronaut, photos.hopper]


def scored(score: float) -> Detection:
    return Detection(Box(0, 0, 100, 100), np.zeros((5, 2), np.float32), score)


def face(chance: float, features: Features | None = None) -> Face:
    return Face(scored(chance), Pose(0, 0, 0), Quality(50, 50, 50), (), features=features or Features())


def chance(certainty: Certainty, score: float) -> float:
    (judged,) = certainty.judged([scored(score)], PIXEL, 100, 100)
    return judged.confidence


def found(pack: Pack, pixels: photos.Pixels) -> list[Face]:
    return pack.pipeline.find(Drawn(np.ascontiguousarray(pixels)), embedded=False)


def cats() -> Iterator[photos.Pixels]:
    """Yields parts of a photograph of a cat at many sizes."""
    cat = photos.pixels(photos.inside("skimage", "data/chelsea.png").read_bytes())
    random = np.random.default_rng(0)
    for share in random.uniform(0.3, 1, 40):
        rows, columns = (int(share * each) for each in cat.shape[:2])
        y, x = (random.integers(0, whole - part + 1) for whole, part in zip(cat.shape, (rows, columns), strict=False))
        yield photos.resized(cat[y : y + rows, x : x + columns], random.uniform(120, 480) / columns)


@pytest.mark.parametrize(("score", "expected"), [(0.5, 0.5), (0.6, 0.5), (0.75, 0.75), (0.9, 0.9), (0.99, 0.999)])
def test_it_leads_through_the_pairs_and_between_them_by_the_odds(score: float, expected: float) -> None:
    assert chance(Certainty.through(PAIRS), score) == pytest.approx(expected)


def test_without_pairs_the_score_is_the_probability() -> None:
    assert chance(AS_SCORED, 0.7) == 0.7


def test_a_doubtful_face_without_a_mesh_is_hardly_one() -> None:
    missing, there = Features(meshed=True), Features(meshed=True, landmarks=np.zeros((30, 2), np.float32))
    assert confidence(face(0.7)) == confidence(face(0.7, there)) == 0.7
    assert confidence(face(0.7, missing)) < 0.2
    assert confidence(face(0.99, missing)) == 0.99


@pytest.mark.parametrize("photo", PORTRAITS)
@pytest.mark.parametrize("surround", [1.0, 1.2, 1.6, 2.4])
@pytest.mark.parametrize("side", [100, 250, 700])
def test_a_portrait_is_certain_however_tightly_it_is_cut(pack: Pack, photo: Taken, surround: float, side: int) -> None:
    pixels, box = photo().pixels, photo().face
    x, y, reach = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, surround * max(box.width, box.height) / 2
    top, left = max(round(y - reach), 0), max(round(x - reach), 0)
    tight = pixels[top : round(y + reach), left : round(x + reach)]
    assert found(pack, photos.resized(tight, side / min(tight.shape[:2])))[0].detection.confidence >= 0.99


def test_a_cat_is_not_certain(pack: Pack) -> None:
    seen = [each.detection.confidence for cat in cats() for each in found(pack, cat)]
    assert len(seen) >= 5
    assert max(seen) < 0.9
    assert np.mean(np.array(seen) < BARS["AUTO"].confidence / 100) >= 0.5


@pytest.mark.parametrize("photo", PORTRAITS)
@pytest.mark.parametrize("quarters", range(4))
def test_a_true_face_scores_alike_when_it_is_looked_at_again_and_a_thing_does_not(
    pack: Pack, photo: Taken, quarters: int
) -> None:
    closer = pack.pipeline.certainty.closer
    assert closer is not None
    pixels = np.ascontiguousarray(np.rot90(photo().pixels, quarters))
    first = found(pack, pixels)[0].detection
    assert look_again(closer, Halves(pixels), first) > 0.85
    beside = Box(*(each + 1.5 * first.box.width for each in (first.box.x1, first.box.y1, first.box.x2, first.box.y2)))
    assert look_again(closer, Halves(pixels), replace(first, box=beside)) < 0.5


def test_only_a_doubtful_face_is_looked_at_again(pack: Pack) -> None:
    certain = pack.pipeline.certainty
    pixels = photos.astronaut().pixels
    (first,) = found(pack, pixels)
    height, width = pixels.shape[:2]

    def judged(score: float) -> float:
        (one,) = certain.judged([replace(first.detection, confidence=score)], Halves(pixels), width, height)
        return one.confidence

    assert judged(0.94) == chance(replace(certain, closer=None), 0.94)
    assert judged(0.87) > chance(replace(certain, closer=None), 0.87)


@pytest.mark.parametrize("name", ["retail", "duo", "sface"])
def test_a_portraits_score_is_near_certain_and_an_animals_is_not(name: str) -> None:
    detector = catalogue()[name].detector
    certain = Certainty.through(detector.certainty)
    assert chance(certain, 0.943) >= 0.9995
    assert chance(certain, 0.89) >= 0.99
    assert chance(certain, 0.87) < 0.9


@pytest.mark.parametrize("least", [0.02, 0.5, 0.9])
def test_a_detector_that_nobody_measured_has_no_face_refused_by_auto(least: float) -> None:
    certain = Certainty.through(unmeasured(least))
    assert 100 * chance(certain, least) > BARS["MEDIUM"].confidence
    assert chance(certain, (least + 1) / 2) == pytest.approx(0.99)
    assert chance(certain, 1.0) > chance(certain, 0.99) > 0.99


def test_pairs_that_do_not_rise_are_refused() -> None:
    for name in ("retail", "dlib"):
        detector = catalogue()[name].detector
        for pairs in (((0.6, 0.5), (0.6, 0.7)), ((0.6, 0.5), (0.7, 0.4))):
            with pytest.raises(ValueError, match="must rise"):
                replaced(detector, pairs)


def replaced(detector: DetectorSpec | CascadeSpec, pairs: tuple[tuple[float, float], ...]) -> object:
    given = {name: getattr(detector, name) for name in detector.__struct_fields__}
    return type(detector)(**{**given, "certainty": pairs})
