"""Faces of a film as bytes: all that an answer says comes back, in few bytes, and nothing else is kept."""

import numpy as np
import pytest

from mien.face.types import Answer, Box, Detection, Face, Features, Gaze, Pose, Quality, Verdict, Years
from mien.video.packing import EMOTIONS, VERDICTS, pack, unpack

RANDOM = np.random.default_rng(1)


def face(features: Features | None = None) -> Face:
    x, y = RANDOM.uniform(0, 1800, 2)
    points = RANDOM.normal((x + 50, y + 60), 20, (5, 2)).astype(np.float32)
    quality = Quality(*RANDOM.uniform(0, 100, 3))
    detection = Detection(Box(x, y, x + 100, y + 120), points, float(RANDOM.uniform(0.6, 1)))
    return Face(detection, Pose(*RANDOM.uniform(-90, 90, 3)), quality, (), features=features or Features())


def full() -> Features:
    answers: dict[str, Answer | None] = {
        name: Verdict(bool(RANDOM.integers(2)), float(RANDOM.uniform(0.5, 1))) for name in VERDICTS
    }
    answers |= {"age_range": Years(30, 38), "emotions": dict(zip(EMOTIONS, RANDOM.dirichlet([1] * 8), strict=True))}
    answers |= {"eye_direction": Gaze(1.0, 2.0, 0.9), "face_occluded": Verdict(False, 0.9)}
    points = RANDOM.normal(500, 50, (30, 2)).astype(np.float32)
    return Features(answers, points, Pose(1.0, 2.0, 3.0), meshed=True)


def numbers(found: Face) -> list[float]:
    box = found.box
    return [
        box.x1, box.y1, box.x2, box.y2, found.detection.confidence, found.pose.roll, found.pose.yaw, found.pose.pitch,
        found.quality.brightness, found.quality.sharpness, *found.detection.landmarks.ravel().tolist(),
    ]  # fmt: skip


def test_places_and_times_come_back() -> None:
    seen = [(500 * place, face()) for place in range(40)]
    back = unpack(pack(seen, measured=False))
    assert [at for at, _ in back] == [at for at, _ in seen]
    for (_, one), (_, other) in zip(seen, back, strict=True):
        assert numbers(other) == pytest.approx(numbers(one), rel=1e-6)
        assert other.features == Features()


def test_attributes_come_back_but_for_the_two_that_a_film_has_not() -> None:
    features = full()
    ((_, back),) = unpack(pack([(7, face(features))], measured=True))
    answers = back.features.answers
    assert set(answers) == set(features.answers) - {"eye_direction", "face_occluded"}
    for name in VERDICTS:
        was, now = features.answers[name], answers[name]
        assert isinstance(was, Verdict)
        assert isinstance(now, Verdict)
        assert now.value == was.value
        assert now.confidence == pytest.approx(was.confidence)
    assert answers["age_range"] == Years(30, 38)
    assert answers["emotions"] == pytest.approx(features.answers["emotions"])
    assert back.features.landmarks is not None
    assert np.array_equal(back.features.landmarks, np.asarray(features.landmarks))
    assert back.features.pose == features.pose


def test_what_is_unknown_stays_unknown() -> None:
    some = Features({"smile": None, "age_range": None, "emotions": {"happy": 0.75, "sad": 0.25}}, meshed=True)
    ((_, back),) = unpack(pack([(0, face(some))], measured=True))
    assert back.features.landmarks is None
    assert back.features.pose is None
    assert back.features.meshed
    assert back.features.answers["emotions"] == {"happy": 0.75, "sad": 0.25}
    assert [name for name, answer in back.features.answers.items() if answer is not None] == ["emotions"]


def test_no_face_is_no_bytes_to_speak_of() -> None:
    assert unpack(pack([], measured=True)) == []


@pytest.mark.parametrize(("measured", "most"), [(False, 85), (True, 410)])
def test_a_face_takes_few_bytes(measured: bool, most: int) -> None:
    seen = [(500 * place, face(full() if measured else None)) for place in range(200)]
    assert len(pack(seen, measured=measured)) / len(seen) < most
