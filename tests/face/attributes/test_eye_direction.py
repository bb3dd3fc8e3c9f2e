"""The direction of the eyes from the irises of a mesh."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.face.attributes.eye_direction import eye_direction
from mien.face.attributes.head_pose import HEAD, POINTS
from mien.face.types import Gaze
from tests.face.attributes.networks import evidence, mesh


def face(lower: float = 0.0) -> NDArray[np.float64]:
    """The canonical head, facing the camera, its irises moved down by a share of an eye's width."""
    points = np.zeros((478, 3))
    points[list(POINTS), :2] = HEAD[:, :2] * 11 + 128
    for outer, inner, iris, upper, under in ((33, 133, 468, 159, 145), (263, 362, 473, 386, 374)):
        middle, width = (points[outer] + points[inner]) / 2, abs(points[outer, 0] - points[inner, 0])
        down = np.array([0, width, 0])
        points[iris] = middle + (lower - 0.06) * down
        points[upper], points[under] = middle - 0.17 * down, middle + 0.17 * down
    return points


def gaze(lower: float = 0.0, **shapes: float) -> Gaze:
    found = eye_direction(evidence(mesh=mesh(face(lower), **shapes)))
    assert found is not None
    return found


def test_eyes_that_look_straight_ahead_have_a_direction_near_zero() -> None:
    found = gaze()
    assert (found.yaw, found.pitch) == pytest.approx((0, 0), abs=4)
    assert 0.5 < found.confidence < 1


def test_a_look_to_the_right_of_the_picture_is_a_positive_yaw() -> None:
    """The person's own left: the left eye looks out, the right eye in."""
    assert gaze(eyeLookOutLeft=0.6, eyeLookInRight=0.6).yaw > 15
    assert gaze(eyeLookInLeft=0.6, eyeLookOutRight=0.6).yaw < -15


def test_irises_that_lie_lower_look_down() -> None:
    assert gaze(lower=0.1).pitch < gaze().pitch - 8 < gaze(lower=-0.1).pitch - 8


def test_closed_eyes_and_small_faces_have_none() -> None:
    assert eye_direction(evidence(mesh=mesh(face(), eyeBlinkLeft=0.8, eyeBlinkRight=0.8))) is None
    assert eye_direction(evidence(eyes=20, mesh=mesh(face()))) is None
    assert eye_direction(evidence(mesh=mesh(face()), shown={"eyes_hidden": 6.0})) is None


@pytest.mark.parametrize(("yaw", "least", "most"), [(0, 0.8, 0.8), (20, 0.8, 0.8), (32, 0.55, 0.75), (60, 0.5, 0.5)])
def test_it_is_less_certain_the_farther_the_head_is_turned(yaw: float, least: float, most: float) -> None:
    points = face()
    turn = np.radians(yaw)
    points[list(POINTS), 0] = (HEAD[:, 0] * np.cos(turn) - HEAD[:, 2] * np.sin(turn)) * 11 + 128
    found = eye_direction(evidence(mesh=mesh(points)))
    assert found is not None
    assert least <= found.confidence <= most
