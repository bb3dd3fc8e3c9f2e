"""The thirty landmarks that are taken from a mesh."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.face.attributes import thirty
from mien.face.landmarks import MEAN
from tests.face.attributes.networks import evidence, mesh


def test_they_stand_in_the_order_of_aws() -> None:
    assert tuple(thirty.POINTS) == tuple(MEAN)


def placed(points: NDArray[np.float64], yaw: float = 0.0) -> dict[str, NDArray[np.float32]]:
    found = thirty.thirty(evidence(mesh=mesh(points)).mesh, yaw)
    return dict(zip(MEAN, found, strict=True))


def face() -> NDArray[np.float64]:
    """A mesh with eyes 100 pixels of the closeup apart, its other points between them."""
    points = np.full((478, 3), 128.0)
    points[33], points[263] = (78, 100, 0), (178, 100, 0)
    return points


def test_a_pupil_is_the_middle_of_an_iris_in_pixels_of_the_picture() -> None:
    points = face()
    points[468] = (90, 101, 0)
    assert placed(points)["leftPupil"] == pytest.approx((2 * 90 + 100, 2 * 101 + 50), abs=0.01)


def test_both_sides_of_a_face_are_moved_alike() -> None:
    found, middle = placed(face()), 2 * 128 + 100
    for name in ("mouthLeft", "noseLeft", "upperJawlineLeft", "midJawlineLeft"):
        left, right = found[name], found[name.replace("Left", "Right")]
        assert (middle - left[0], left[1]) == pytest.approx((right[0] - middle, right[1]), abs=0.01)
    turned = placed(face(), 40.0), placed(face(), -40.0)
    one, other = turned[0]["midJawlineLeft"], turned[1]["midJawlineRight"]
    assert (middle - one[0], one[1]) == pytest.approx((other[0] - middle, other[1]), abs=0.01)
    assert one[1] > found["midJawlineLeft"][1] + 5


def test_a_point_is_moved_along_the_eyes_however_the_face_lies() -> None:
    upright, lying = face(), face()
    lying[33], lying[263] = (128, 78, 0), (128, 178, 0)  # by a quarter, clockwise
    still, turned = placed(upright)["chinBottom"], placed(lying)["chinBottom"]
    assert still[1] - (2 * 128 + 50) == pytest.approx(0.036 * 200, abs=0.01)
    assert turned[0] - (2 * 128 + 100) == pytest.approx(-0.036 * 200, abs=0.01)
