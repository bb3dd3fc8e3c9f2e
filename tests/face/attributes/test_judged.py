"""What each attribute makes of its evidence: which way it leans, when it cannot tell, and what it runs."""

from collections.abc import Callable

import numpy as np
import pytest

from mien.face.attributes import glasses, hair
from mien.face.attributes.age_range import age_range
from mien.face.attributes.emotions import emotions
from mien.face.attributes.evidence import Evidence
from mien.face.attributes.eyes_open import eyes_open
from mien.face.attributes.face_occluded import face_occluded
from mien.face.attributes.gender import gender
from mien.face.attributes.hidden import dark_glasses
from mien.face.attributes.measures import MEASURES
from mien.face.attributes.mouth_open import mouth_open
from mien.face.attributes.smile import smile
from mien.face.attributes.verdicts import judged
from mien.face.types import Closeup, Verdict
from tests.face.attributes.networks import PIXELS, PLACING, POINTS, answers, bare, evidence, mesh, networks

Judge = Callable[[Evidence], Verdict | None]
HAPPY, SAD = answers(0.1, 0.7, 0.1, 0.05, 0.05), answers(0.1, 0.02, 0.8, 0.04, 0.04)


def ages(years: int) -> list[float]:
    return [float(age == years) for age in range(81)]


@pytest.mark.parametrize("logit", [-60.0, -2.0, 0.0, 2.0, 60.0])
def test_a_verdict_is_at_least_as_likely_as_not(logit: float) -> None:
    found = judged(logit)
    assert found.value == (logit >= 0)
    assert found.confidence == pytest.approx(1 / (1 + np.exp(-abs(logit))))


@pytest.mark.parametrize(
    ("judge", "sign"),
    [(glasses.eyeglasses, "eyeglasses"), (glasses.sunglasses, "sunglasses"), (hair.beard, "beard"),
     (hair.mustache, "mustache")],
)  # fmt: skip
def test_a_clear_sign_is_believed_and_a_missing_one_too(judge: Judge, sign: str) -> None:
    shown, missing = judge(evidence(mesh=mesh(), shown={sign: 6.0})), judge(evidence(mesh=mesh()))
    assert shown is not None
    assert missing is not None
    assert (shown.value, missing.value) == (True, False)
    assert min(shown.confidence, missing.confidence) > 0.9


def lids(gap: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A mesh whose eyes are 40 pixels wide and open by a gap."""
    points = POINTS.copy()
    for left, upper, lower in ((80, (159, 158, 160), (145, 153, 144)), (140, (386, 385, 387), (374, 380, 373))):
        points[[33, 133] if left == 80 else [362, 263], :2] = (left, 100), (left + 40, 100)
        points[list(upper), :2], points[list(lower), :2] = (left + 20, 100 - gap / 2), (left + 20, 100 + gap / 2)
    return points


def test_shut_eyes_are_not_open() -> None:
    closed = mesh(lids(2), eyeBlinkLeft=0.7, eyeBlinkRight=0.7)
    shut = eyes_open(evidence(mesh=closed, shown={"eyes_shut": 5.0}))
    seeing = eyes_open(evidence(mesh=mesh(lids(12), eyeBlinkLeft=0.1, eyeBlinkRight=0.1), shown={"eyes_shut": -5.0}))
    assert shut is not None
    assert seeing is not None
    assert (shut.value, seeing.value) == (False, True)
    assert min(shut.confidence, seeing.confidence) > 0.9


@pytest.mark.parametrize(("gap", "blink"), [(2, 0.1), (12, 0.7)])
def test_lids_and_blendshape_both_count(gap: float, blink: float) -> None:
    def shut(gap: float, blink: float) -> float:
        found = eyes_open(
            evidence(mesh=mesh(lids(gap), eyeBlinkLeft=blink, eyeBlinkRight=blink), shown={"eyes_shut": 2.0})
        )
        assert found is not None
        return 1 - found.confidence if found.value else found.confidence

    assert shut(12, 0.1) < shut(gap, blink) < shut(2, 0.7)


def test_dark_glasses_are_darker_than_the_cheeks() -> None:
    dark = PIXELS.copy()
    dark[80:130] = 20
    points = np.full((478, 3), 200.0)
    points[[159, 145, 386, 374, 27, 23, 257, 253, 33, 133, 263, 362, 110, 339, 28, 258]] = 100.0

    def worn(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
        seen = Evidence(Closeup(pixels, PLACING, 80.0), networks(mesh=mesh(points), shown={"sunglasses": 2.0}))
        return dark_glasses(seen)

    assert worn(dark) > 2
    assert worn(PIXELS) < 0


@pytest.mark.parametrize("sign", ["sunglasses", "eyes_hidden"])
def test_hidden_eyes_are_neither_open_nor_shut(sign: str) -> None:
    assert eyes_open(evidence(mesh=mesh(), shown={sign: 6.0, "eyes_shut": 8.0})) is None


@pytest.mark.parametrize("judge", [hair.beard, hair.mustache, mouth_open, smile, emotions])
def test_nothing_is_said_of_a_hidden_mouth(judge: Judge) -> None:
    assert judge(evidence(mesh=mesh(), emotions=HAPPY, shown={"mouth_hidden": 6.0})) is None


@pytest.mark.parametrize(("gap", "is_open"), [(2.0, False), (30.0, True)])
def test_a_mouth_is_open_by_the_gap_of_the_lips(gap: float, is_open: bool) -> None:
    points = POINTS.copy()
    points[[61, 291, 13, 14], :2] = (100, 180), (160, 180), (130, 180), (130, 180 + gap)
    found = mouth_open(evidence(mesh=mesh(points)))
    assert found is not None
    assert found.value == is_open
    assert found.confidence > 0.95


def test_a_smile_is_a_happy_face_with_a_wide_mouth_and_raised_corners() -> None:
    points = POINTS.copy()
    points[[33, 263, 61, 291], :2] = (80, 100), (180, 100), (105, 180), (160, 180)
    both = smile(evidence(mesh=mesh(points, mouthSmileLeft=0.8, mouthSmileRight=0.8), emotions=HAPPY))
    none = smile(evidence(mesh=mesh(points), emotions=SAD))
    assert both is not None
    assert none is not None
    assert (both.value, none.value) == (True, False)


def test_emotions_add_up_to_one_and_what_is_not_measured_is_near_none() -> None:
    found = emotions(evidence(mesh=mesh(), emotions=SAD))
    assert found is not None
    assert sum(found.values()) == pytest.approx(1)
    assert max(found, key=lambda name: found[name]) == "sad"
    assert [*found][5:] == ["fear", "disgust", "confusion"]
    assert max(found[name] for name in [*found][5:]) < 0.01


def test_emotions_need_no_mesh() -> None:
    found = emotions(evidence(mesh=mesh(presence=-3.0), emotions=SAD))
    assert found is not None
    assert max(found, key=lambda name: found[name]) == "sad"


def test_gender_says_less_of_a_child() -> None:
    grown, child = (
        gender(evidence(mesh=mesh(), gender=answers(0.05, 0.95), age=answers(*ages(years)))) for years in (30, 4)
    )
    assert grown.value
    assert grown.confidence > 0.85 > child.confidence


@pytest.mark.parametrize(("years", "low", "high"), [(0, 0, 2), (25, 21, 32), (80, 70, 88)])
def test_an_age_lies_between_two(years: int, low: int, high: int) -> None:
    found = age_range(evidence(mesh=mesh(), age=answers(*ages(years))))
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize("sign", ["sunglasses", "eyes_hidden", "mouth_hidden"])
def test_what_hides_eyes_or_mouth_occludes(sign: str) -> None:
    assert face_occluded(evidence(mesh=mesh(), mask=bare(), shown={sign: 6.0})).value
    assert not face_occluded(evidence(mesh=mesh(), mask=bare())).value


def test_no_mask_is_looked_for_where_the_mouth_is_clearly_seen() -> None:
    """The mask network takes as long as the others but the mesh; here it may not run."""
    assert not face_occluded(evidence(mesh=mesh(), shown={"mouth_hidden": -6.0})).value
    assert face_occluded(evidence(mesh=mesh(), mask=bare(masked=0.95), shown={"mouth_hidden": 0.0})).value


def test_a_mask_occludes_though_the_mesh_finds_no_face() -> None:
    masked = face_occluded(evidence(mesh=mesh(presence=-3.0), mask=bare(masked=0.95)))
    assert masked.value
    assert masked.confidence > 0.9
    assert face_occluded(evidence(mesh=mesh(presence=-3.0), mask=bare())) == Verdict(True, 0.5)


def test_every_measure_is_tried_here() -> None:
    tried = {age_range, emotions, eyes_open, face_occluded, gender, mouth_open, smile, glasses.eyeglasses,
             glasses.sunglasses, hair.beard, hair.mustache}  # fmt: skip
    assert {each for name, each in MEASURES.items() if name != "eye_direction"} == tried
