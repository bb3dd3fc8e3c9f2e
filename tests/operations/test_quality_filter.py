"""The quality filter: what a stricter one keeps a looser one keeps, and every reason can be met."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.face.types import Box, Detection, Face, Pose, Quality
from mien.operations.quality_filter import goodness, reasons

FILTERS = ("NONE", "LOW", "AUTO", "MEDIUM", "HIGH")  # from the loosest to the strictest
REASONS = (
    "EXTREME_POSE", "LOW_BRIGHTNESS", "LOW_SHARPNESS", "LOW_CONFIDENCE", "SMALL_BOUNDING_BOX", "LOW_FACE_QUALITY",
)  # fmt: skip


def face(
    *, confidence: float = 0.95, side: float = 200, yaw: float = 0, pitch: float = 0, brightness: float = 50,
    sharpness: float = 80, contrast: float = 40,
) -> Face:  # fmt: skip
    """A good face but for what is named."""
    detection = Detection(Box(0, 0, side, side * 1.3), np.zeros((5, 2), np.float32), confidence)
    return Face(detection, Pose(0, yaw, pitch), Quality(brightness, sharpness, contrast), ())


percent, degrees = st.floats(0, 100), st.floats(-90, 90)
anyone = st.builds(
    face, confidence=st.floats(0.5, 1), side=st.floats(1, 200), yaw=degrees, pitch=degrees,
    brightness=percent, sharpness=percent, contrast=percent,
)  # fmt: skip


@given(face=anyone)
def test_what_a_stricter_filter_keeps_a_looser_one_keeps(face: Face) -> None:
    kept = [not reasons(face, name) for name in FILTERS]
    assert kept == sorted(kept, reverse=True)


@given(face=anyone)
def test_none_keeps_everyone(face: Face) -> None:
    assert reasons(face, "NONE") == []


@pytest.mark.parametrize("name", FILTERS)
def test_a_good_face_passes_every_filter(name: str) -> None:
    assert reasons(face(), name) == []


@pytest.mark.parametrize(("stricter", "looser"), list(zip(FILTERS[1:], FILTERS, strict=False)))
def test_each_filter_refuses_someone_the_next_looser_one_keeps(stricter: str, looser: str) -> None:
    faces = [face(sharpness=sharpness / 4) for sharpness in range(200)]
    assert any(reasons(each, stricter) and not reasons(each, looser) for each in faces)


POOR = {
    "EXTREME_POSE": face(yaw=-80),
    "LOW_BRIGHTNESS": face(brightness=2),
    "LOW_SHARPNESS": face(sharpness=1),
    "LOW_CONFIDENCE": face(confidence=0.1),
    "SMALL_BOUNDING_BOX": face(side=12),
    "LOW_FACE_QUALITY": face(contrast=2),
}


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("name", FILTERS[1:])
def test_every_reason_can_be_met_alone_under_every_filter(reason: str, name: str) -> None:
    assert reasons(POOR[reason], name) == [reason]


def test_a_pitch_is_a_pose_too() -> None:
    assert reasons(face(pitch=80), "LOW") == reasons(face(pitch=-80), "LOW") == ["EXTREME_POSE"]


def test_a_face_may_have_several_reasons() -> None:
    dark_and_small = face(brightness=1, side=5, contrast=1)
    assert set(reasons(dark_and_small, "AUTO")) == {"LOW_BRIGHTNESS", "SMALL_BOUNDING_BOX", "LOW_FACE_QUALITY"}


@pytest.mark.parametrize("worse", [face(sharpness=20), face(confidence=0.7), face(yaw=50)])
def test_a_face_worse_seen_is_dropped_first(worse: Face) -> None:
    assert goodness(worse) < goodness(face())


def test_the_pose_that_is_given_is_judged() -> None:
    assert reasons(face(yaw=80), "AUTO", Pose(0, 60, 0)) == []
    assert reasons(face(yaw=60), "AUTO", Pose(0, 80, 0)) == ["EXTREME_POSE"]


def test_high_does_not_refuse_a_face_of_the_size_that_aws_advises() -> None:
    assert reasons(face(side=50), "HIGH") == []
