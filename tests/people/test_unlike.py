"""The faces of a user that were given the wrong name come first."""

import numpy as np

from mien.people.unlike import resemblance, unlike
from tests.people.generated import drawn


def test_a_planted_face_comes_first() -> None:
    for seed in range(20):
        vectors, owners = drawn([3 + seed, 1, 1], seed=seed)
        user = np.flatnonzero(owners < 2)
        order = unlike(vectors[user])
        assert owners[user[order[0]]] == 1
        np.testing.assert_array_equal(np.sort(order), np.arange(len(user)))


def test_several_of_one_stranger_come_first() -> None:
    vectors, owners = drawn([10, 3], seed=1)
    assert set(owners[unlike(vectors)[:3]]) == {1}


def test_resemblance_is_the_mean_score_with_the_others() -> None:
    vectors, _ = drawn([6])
    scores = vectors @ vectors.T
    wanted = [np.delete(scores[row], row).mean() for row in range(6)]
    np.testing.assert_allclose(resemblance(vectors), wanted, atol=1e-6)


def test_one_face_and_none() -> None:
    vectors, _ = drawn([1])
    assert unlike(vectors).tolist() == [0]
    assert resemblance(vectors)[0] > 0.99
    assert unlike(vectors[:0]).tolist() == []
