"""Groups that may be a user, and users that may be one person, compared as a search compares users."""

import numpy as np
import pytest

from mien.operations.user_changes import combine
from mien.people import suggestions
from mien.people.suggestions import alike, combined
from tests.people.generated import CALIBRATION, DIMENSION, drawn, grouping


def test_a_groups_vector_is_that_of_a_user_with_its_faces() -> None:
    vectors, owners = drawn([1, 2, 7, 30])
    wanted = np.stack([combine(vectors[owners == each]) for each in range(4)])
    means = np.stack([vectors[owners == each].mean(axis=0) for each in range(4)])
    lengths = np.array([np.linalg.norm(vectors[owners == each], axis=1).mean() for each in range(4)])
    np.testing.assert_allclose(combined(means, lengths), wanted, atol=1e-6)


@pytest.mark.parametrize("block", [2048, 7])
def test_the_most_similar_come_first(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(suggestions, "_TOGETHER", block)
    vectors, _ = drawn([2] * 30, spread=0.8)
    scores = np.triu(vectors @ vectors.T, 1)
    near = [(score, place) for place, score in np.ndenumerate(scores) if score >= CALIBRATION.score(60)]
    wanted = sorted(near, reverse=True)
    found = alike(vectors, vectors, CALIBRATION, 60, 1000, once=True)
    assert [*zip(found.ones.tolist(), found.others.tolist(), strict=True)] == [place for _, place in wanted]
    np.testing.assert_allclose(
        found.similarities, CALIBRATION.similarity(np.array([score for score, _ in wanted])), rtol=1e-5
    )
    few = alike(vectors, vectors, CALIBRATION, 60, 3, once=True)
    assert few.similarities.tolist() == found.similarities[:3].tolist()


def test_groups_are_suggested_for_their_users() -> None:
    vectors, owners = drawn([6] * 12 + [1] * 20, seed=3)
    known = np.arange(len(vectors)) % 2 == 0  # half of the faces have a user
    users = np.stack([combine(vectors[known & (owners == each)]) for each in range(6)])
    made = grouping(vectors[~known], keys=np.flatnonzero(~known))
    _, labels = made.groups()
    found = made.suggestions(labels, users, 80, 100)
    assert set(found.groups.others.tolist()) == set(range(6))
    np.testing.assert_array_equal(owners[found.groups.ones], found.groups.others)
    assert (np.diff(found.groups.similarities) <= 0).all()
    assert len(found.users.ones) == 0


def test_two_users_of_one_person_are_suggested() -> None:
    vectors, owners = drawn([6, 6, 6], seed=4)
    parts = [(0, 0), (1, 0), (2, 0), (1, 1)]
    users = np.stack([combine(vectors[np.flatnonzero(owners == person)[half::2]]) for person, half in parts])
    found = grouping(vectors[:0]).suggestions(np.empty(0, np.int64), users, 80, 100)
    assert [*zip(found.users.ones.tolist(), found.users.others.tolist(), strict=True)] == [(1, 3)]
    assert len(found.groups.ones) == 0


def test_there_may_be_nobody() -> None:
    none = np.empty((0, DIMENSION), np.float32)
    found = grouping(none).suggestions(np.empty(0, np.int64), none, 80, 100)
    assert (len(found.groups.ones), len(found.users.ones)) == (0, 0)
