"""The thirty landmarks that are taken from a mesh."""

import numpy as np
import pytest

from mien.face.attributes import thirty
from mien.face.landmarks import MEAN
from tests.face.attributes.networks import evidence, mesh


def test_they_stand_in_the_order_of_aws() -> None:
    assert tuple(thirty.POINTS) == tuple(MEAN)


def test_they_lie_in_the_picture() -> None:
    points = np.zeros((478, 3))
    points[33], points[263], points[468] = (60, 100, 0), (160, 100, 0), (80, 101, 0)
    found = thirty.landmarks(evidence(mesh=mesh(points)).mesh)
    assert found["leftPupil"] == pytest.approx((2 * 80 + 100, 2 * 101 + 50), abs=25)
