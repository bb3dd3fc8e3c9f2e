"""Faces followed over samples: one index a person, whoever crosses, leaves, comes back, or takes another's place."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from mien.face.types import Box, Crop, Detection, Embedding, Face, Pose, Quality
from mien.video.tracks import Tracker

DIMENSION = 64


class People:
    """Generated people: each has a look and an embedding, which every picture changes a little.

    An embedding is found again by the first pixel of a crop, which numbers the pictures.
    """

    def __init__(self) -> None:
        self._chance = np.random.default_rng(7)
        self._looks = [self._look() for _ in range(40)]
        self._vectors = self._chance.normal(size=(40, DIMENSION))
        self._embeddings: list[Embedding] = []
        self.embedded = 0

    def face(self, who: int, x: float, y: float = 100, size: float = 100, *, noise: float = 0.3, sharp: float = 80,
             yaw: float = 0, changed: float = 0, sure: float = 0.99) -> Face:  # fmt: skip
        """A face; `noise` is that of its embedding, `changed` of its look, both in shares of what is the person's."""
        vector = self._vectors[who] + noise * self._chance.normal(size=DIMENSION)
        length = 0.5 if noise > 3 else 1.0  # a doubtful face is trusted less (`face.trust`)
        self._embeddings.append((length * vector / np.linalg.norm(vector)).astype(np.float16).astype(np.float32))
        look = (1 - changed) * self._looks[who] + changed * self._look()
        crop = np.repeat(np.clip(look, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        number = len(self._embeddings) - 1
        crop[0, 0] = (number // 65_536, number // 256 % 256, number % 256)
        landmarks = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) * size + (x, y)
        found = Detection(Box(x, y, x + size, y + size), landmarks.astype(np.float32), sure)
        return Face(found, Pose(0, yaw, 0), Quality(50, sharp, 50), (Crop(crop),))

    def embed(self, faces: Sequence[Face]) -> Embedding:
        self.embedded += len(faces)
        numbers = [face.crops[0].straight[0, 0].astype(int) @ (65_536, 256, 1) for face in faces]
        return np.stack([self._embeddings[number] for number in numbers])

    def _look(self) -> Any:
        return cv2.resize(self._chance.uniform(0, 255, (6, 6)), (112, 112), interpolation=cv2.INTER_LINEAR)


def similarity(scores: Any, _: Any) -> Any:
    """Strangers score near 0 ± 0.125 here: 80 is four deviations, as in a pack."""
    return np.interp(scores, [-1, 0, 0.15, 0.3, 0.4, 0.47, 0.55, 1], [0, 10, 20, 40, 60, 80, 90, 100])


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def tracker(people: People) -> Tracker:
    return Tracker(people.embed, similarity)


def test_a_person_that_moves_keeps_the_index_and_is_seldom_embedded(people: People, tracker: Tracker) -> None:
    for step in range(40):
        assert tracker.add(500 * step, [people.face(3, 100 + 20 * step), people.face(4, 900, 300)]) == [0, 1]
    assert people.embedded == 2


def test_a_person_that_jumps_is_known_by_the_embedding(people: People, tracker: Tracker) -> None:
    assert tracker.add(0, [people.face(3, 100)]) == [0]
    assert tracker.add(500, [people.face(3, 1200, 600, 180, changed=0.5)]) == [0]


def test_two_people_that_cross_keep_theirs(people: People, tracker: Tracker) -> None:
    for step in range(21):
        left, right = people.face(1, 100 + 50 * step), people.face(2, 1100 - 50 * step, 105)
        shown = [left, right] if abs(step - 10) > 1 else [right]  # the one behind is hidden
        expected = [0, 1] if abs(step - 10) > 1 else [1]
        assert tracker.add(500 * step, shown) == expected, step


def test_another_person_in_the_same_place_is_another(people: People, tracker: Tracker) -> None:
    """A cut of the film between two people who sit alike."""
    for step in range(12):
        assert tracker.add(500 * step, [people.face(5 + step // 3 % 2, 400)]) == [step // 3 % 2]


def test_a_person_that_comes_back_is_the_same(people: People, tracker: Tracker) -> None:
    assert tracker.add(0, [people.face(1, 100), people.face(2, 500)]) == [0, 1]
    for step in range(1, 60):
        assert tracker.add(500 * step, [people.face(2, 500)]) == [1]
    assert tracker.add(30_000, [people.face(2, 500), people.face(1, 900, 40, changed=0.4)]) == [1, 0]
    assert tracker.add(60_000, [people.face(9, 900, 40)]) == [2]


def test_a_turning_head_stays_its_person(people: People, tracker: Tracker) -> None:
    """From the side an embedding says little, but the place and half of the look are still the same."""
    assert tracker.add(0, [people.face(1, 100)]) == [0]
    for step in range(1, 6):
        turned = people.face(1, 100 + 5 * step, noise=1.2, yaw=12.0 * step, changed=0.15)
        assert tracker.add(500 * step, [turned]) == [0]


def test_a_half_hidden_face_is_whose_it_was_or_nobodys(people: People, tracker: Tracker) -> None:
    tracker.add(0, [people.face(1, 100)])
    half = people.face(1, 110, noise=2.5, sharp=10, yaw=60, changed=0.7, sure=0.4)
    assert tracker.add(500, [half]) == [0]
    assert tracker.add(1000, [people.face(2, 700, sure=0.4), people.face(1, 120)]) == [-1, 0]
    assert list(tracker.tracks) == [0]


def test_two_tracks_that_turn_out_to_be_one_person_are_joined(people: People, tracker: Tracker) -> None:
    assert tracker.add(0, [people.face(1, 100)]) == [0]
    assert tracker.add(10_000, [people.face(1, 700, noise=6, sharp=10, size=80)]) == [1]  # too blurred to be known
    assert tracker.add(10_500, [people.face(1, 705, noise=0.2, sharp=90)]) == [0]
    assert (tracker.same(1), tracker.became, list(tracker.tracks)) == (0, {1: 0}, [0])


def test_who_is_seen_together_is_never_one_person(people: People, tracker: Tracker) -> None:
    twin = [people.face(1, 100), people.face(1, 600)]
    assert tracker.add(0, twin) == [0, 1]
    for step in range(1, 10):
        assert tracker.add(500 * step, [people.face(1, 100, sharp=80 + step), people.face(1, 600)]) == [0, 1]


def test_the_best_seen_face_is_kept(people: People, tracker: Tracker) -> None:
    for step, (size, yaw, sharp) in enumerate([(40, 0, 40), (60, 0, 50), (120, 0, 90), (120, 50, 90), (60, 0, 60)]):
        tracker.add(500 * step, [people.face(1, 100, size=size, yaw=yaw, sharp=sharp, changed=0.1)])
    assert tracker.tracks[0].best[0].at_ms == 1000


def test_a_tracker_goes_on_from_its_state(people: People, tracker: Tracker) -> None:
    tracker.add(0, [people.face(1, 100), people.face(2, 500)])
    tracker.add(10_000, [people.face(1, 700, noise=6, sharp=10, size=80)])
    tracker.add(10_500, [people.face(1, 705, noise=0.2, sharp=90)])
    state = tracker.state()
    again = Tracker.restored(state, people.embed, similarity)
    assert again.state() == state
    shown = [people.face(2, 510), people.face(1, 709), people.face(3, 1200)]
    assert tracker.add(11_000, shown) == again.add(11_000, shown) == [1, 0, 3]
    assert again.same(2) == 0


def test_many_people_need_more_similarity(people: People, tracker: Tracker) -> None:
    for who in range(40):
        assert tracker.add(5_000 * who, [people.face(who, 100)]) == [who]
    for who in range(40):
        assert tracker.add(5_000 * (40 + who), [people.face(who, 100)]) == [who]


def test_after_a_cut_a_place_tells_nothing(people: People, tracker: Tracker) -> None:
    """Who takes a person's place must be as like as who comes back, not only as like as who stays."""
    assert tracker.add(0, [people.face(0, 100)]) == [0]
    like = people.face(0, 100, noise=1.8, changed=1.0)  # as like as a stranger may be by chance
    state = tracker.state()
    assert tracker.add(500, [like], is_cut=True) == [1]
    assert Tracker.restored(state, people.embed, similarity).add(500, [like]) == [0]
    assert tracker.add(1000, [people.face(0, 100)], is_cut=True) == [0], "who comes back is known by the embedding"
