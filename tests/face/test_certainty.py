"""The probability of a face: from the detector's score, and from a mesh that is or is not there."""

import numpy as np
import pytest

from mien.face.certainty import AS_SCORED, Certainty, confidence
from mien.face.types import Box, Detection, Face, Features, Pose, Quality
from mien.packs.manifest import catalogue
from mien.packs.specs import DetectorSpec

PAIRS = ((0.6, 0.5), (0.9, 0.9), (0.95, 0.999))


def scored(score: float) -> Detection:
    return Detection(Box(0, 0, 100, 100), np.zeros((5, 2), np.float32), score)


def face(chance: float, features: Features | None = None) -> Face:
    return Face(scored(chance), Pose(0, 0, 0), Quality(50, 50, 50), (), features=features or Features())


@pytest.mark.parametrize(("score", "chance"), [(0.5, 0.5), (0.6, 0.5), (0.75, 0.75), (0.9, 0.9), (0.99, 0.999)])
def test_it_leads_through_the_pairs_and_between_them_by_the_odds(score: float, chance: float) -> None:
    assert Certainty.through(PAIRS).judged(scored(score)).confidence == pytest.approx(chance)


def test_without_pairs_the_score_is_the_probability() -> None:
    assert AS_SCORED.judged(scored(0.7)).confidence == 0.7


def test_a_doubtful_face_without_a_mesh_is_hardly_one() -> None:
    missing, there = Features(meshed=True), Features(meshed=True, landmarks=np.zeros((30, 2), np.float32))
    assert confidence(face(0.7)) == confidence(face(0.7, there)) == 0.7
    assert confidence(face(0.7, missing)) < 0.2
    assert confidence(face(0.99, missing)) == 0.99


@pytest.mark.parametrize("name", ["retail", "duo", "sface"])
def test_a_portraits_score_is_near_certain_and_an_animals_is_not(name: str) -> None:
    detector = catalogue()[name].detector
    assert isinstance(detector, DetectorSpec)
    certain = Certainty.through(detector.certainty)
    assert certain.judged(scored(0.943)).confidence >= 0.999
    assert certain.judged(scored(0.922)).confidence >= 0.99
    assert certain.judged(scored(0.899)).confidence < 0.9


def test_pairs_that_do_not_rise_are_refused() -> None:
    detector = catalogue()["retail"].detector
    assert isinstance(detector, DetectorSpec)
    for pairs in (((0.6, 0.5), (0.6, 0.7)), ((0.6, 0.5), (0.7, 0.4))):
        with pytest.raises(ValueError, match="must rise"):
            replace_certainty(detector, pairs)


def replace_certainty(detector: DetectorSpec, pairs: tuple[tuple[float, float], ...]) -> DetectorSpec:
    given = {name: getattr(detector, name) for name in detector.__struct_fields__}
    return DetectorSpec(**{**given, "certainty": pairs})
