"""What is measured of a face: only what is wanted, once, and nothing of a face that is not clear."""

from dataclasses import replace

import numpy as np
import pytest

from mien.engine.session import Outputs, Pixels, Runtime
from mien.face.attributes import measures
from mien.face.attributes.evidence import Evidence
from mien.face.attributes.measures import MESH, lacks, measured
from mien.face.types import Box, Detection, Face, Pose, Quality, Verdict
from tests.face.attributes.networks import closeup, mesh, networks

FACE = Face(
    Detection(Box(0, 0, 100, 100), np.zeros((5, 2), np.float32), 0.9),
    Pose(0, 0, 0),
    Quality(50, 50, 50),
    (),
    closeup(),
)


def test_the_mesh_gives_all_landmarks_and_the_pose() -> None:
    found = measured(FACE, networks(mesh=mesh()), {MESH})
    assert found.closeup is None
    assert found.features.landmarks is not None
    assert found.features.landmarks.shape == (30, 2)
    assert found.features.pose is not None
    assert lacks(FACE, {MESH})
    assert not lacks(found, {MESH})


def test_where_the_mesh_shows_no_face_nothing_is_measured() -> None:
    found = measured(FACE, networks(mesh=mesh(presence=-2.0)), {MESH}).features
    assert (found.landmarks, found.pose, found.meshed) == (None, None, True)


def test_what_is_known_is_not_measured_again() -> None:
    known = measured(FACE, networks(mesh=mesh()), {MESH})
    again = measured(replace(known, closeup=closeup()), networks(), {MESH})
    assert again.features == known.features


def test_nothing_is_judged_of_a_face_of_few_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(evidence: Evidence) -> Verdict:
        return Verdict(True, 0.9)

    monkeypatch.setattr(measures, "MEASURES", {"smile": judge})
    assert measured(FACE, networks(), {"smile"}).features.answers == {"smile": Verdict(True, 0.9)}
    small = replace(FACE, closeup=closeup(eyes=measures.LEAST_EYES - 1))
    assert measured(small, networks(), {"smile"}).features.answers == {"smile": None}


def test_a_mesh_that_shows_no_face_is_run_once() -> None:
    runs = []

    class Counted:
        shape = (256, 256, 3)
        shapes = (shape,)

        def describe(self) -> Runtime:
            raise AssertionError

        def run(self, pixels: Pixels) -> Outputs:
            runs.append(1)
            return mesh(presence=-2.0).run(pixels)

        def release(self) -> None:
            raise AssertionError

    wanted = {MESH, "mouth_open", "eye_direction", "beard", "sunglasses"}
    found = measured(FACE, networks(mesh=Counted()), wanted).features
    assert set(found.answers.values()) == {None}
    assert runs == [1]
