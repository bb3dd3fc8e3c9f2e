"""Faces followed from look to look before a camera."""

import numpy as np

from mien.video.continuity import Following
from mien.video.visits import Sight
from tests.video.test_visits import CALIBRATION, face


def at(x: float, who: int | None = None, seed: int = 0) -> Sight:
    """A face at this place from the left; of nobody in particular where it is unclear."""
    return Sight((x, 0.3, 0.1, 0.2), None if who is None else face(who, seed))


def test_two_people_who_cross_keep_their_tracks() -> None:
    following, tracks = Following(CALIBRATION), []
    for step, x in enumerate(np.linspace(0.1, 0.8, 15)):
        faces = [at(float(x), 1, step), at(float(0.9 - x), 2, step)]
        found = following.add(step / 4, faces if step % 2 else faces[::-1])
        tracks.append(found if step % 2 else found[::-1])
    assert tracks == [tracks[0]] * 15


def test_an_unclear_face_is_followed_by_its_place() -> None:
    following = Following(CALIBRATION)
    assert following.add(0.0, [at(0.1, 1), at(0.6, 2)]) == [1, 2]
    assert following.add(0.25, [at(0.62), at(0.11)]) == [2, 1]
    assert following.add(0.5, [at(0.13, 1, 5), at(0.64, 2, 5)]) == [1, 2]


def test_a_fast_face_is_followed_by_whom_it_looks_like() -> None:
    following = Following(CALIBRATION)
    assert following.add(0.0, [at(0.1, 1)]) == following.add(0.25, [at(0.5, 1, 3)]) == [1]


def test_another_person_at_the_place_is_another_track() -> None:
    following = Following(CALIBRATION)
    assert following.add(0.0, [at(0.1, 1)]) == [1]
    assert following.add(0.25, [at(0.1, 2)]) == [2]


def test_a_face_unseen_for_long_is_not_waited_for() -> None:
    following = Following(CALIBRATION)
    following.add(0.0, [at(0.1)])
    assert following.add(1.9, [at(0.1)]) == [1]
    assert following.add(4.0, [at(0.1)]) == [2]
    assert len(following._tracks) == 1
