"""The pose of the head from its mesh: the angles of a head that was turned by known ones."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.face.attributes import head_pose
from mien.face.types import Pose

LEVEL = head_pose.angles(head_pose.HEAD[:, :2]).pitch  # of the canonical head, which does not look straight ahead


def seen(roll: float, yaw: float, pitch: float, distance: float = 1e6) -> NDArray[np.float64]:
    """The head's points in a picture: it nods, then turns, then tilts. Its unit is a centimetre."""
    a, b, c = np.radians([roll, -yaw, -pitch])
    tilt = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    turn = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    nod = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    places = head_pose.HEAD @ (tilt @ turn @ nod).T
    return np.asarray(places[:, :2] / (places[:, 2:] + distance) * distance * 11 + 400, np.float64)


@pytest.mark.parametrize(
    ("roll", "yaw", "pitch"),
    [(0, 0, 0), (0, 40, 0), (0, -60, 0), (0, 0, 25), (0, 0, -30), (170, 20, -10), (-90, -35, 15)],
)  # fmt: skip
def test_the_angles_are_those_that_the_head_was_turned_by(roll: float, yaw: float, pitch: float) -> None:
    found = head_pose.angles(seen(roll, yaw, pitch))
    assert (found.roll, found.yaw, found.pitch - LEVEL) == pytest.approx((roll, yaw, pitch), abs=0.01)


def test_a_near_camera_moves_the_angles_by_a_few_degrees() -> None:
    found = head_pose.angles(seen(10, 30, -10, distance=60))
    assert (found.roll, found.yaw, found.pitch - LEVEL) == pytest.approx((10, 30, -10), abs=7)


def test_the_signs_are_those_of_a_pose() -> None:
    """Roll turns clockwise, yaw to the right side of the picture, and a pitch above 0 looks up."""
    upright = seen(0, 0, 0)
    right, up, clockwise = seen(0, 20, 0), seen(0, 0, 20), seen(20, 0, 0)
    assert right[0, 0] > right.mean(axis=0)[0] + 5  # the nose
    assert up[0, 1] - up[1:5, 1].mean() < upright[0, 1] - upright[1:5, 1].mean()
    assert clockwise[2, 1] > clockwise[1, 1]  # the eye on the right lies lower
    assert isinstance(head_pose.angles(right), Pose)
