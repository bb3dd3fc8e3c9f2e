"""A crowded face has a shorter vector, all others keep theirs, and one bar then holds for both."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mien.face.crowd import Crowd

SIZE = 64


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def drawn(count: int, seed: int, around: NDArray[np.floating] | float = 0.0) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).normal(size=(count, SIZE)) + around)


ALIKE = 6 * unit(np.ones((1, SIZE)))  # where a group lies that the network sees as alike
CROWD = Crowd.of(drawn(200, 1, ALIKE), np.zeros(SIZE, np.float32), 10, 0.45, 1.5)


def test_usual_faces_keep_their_length_and_crowded_ones_do_not() -> None:
    usual, crowded = CROWD.shortened(drawn(300, 2)), CROWD.shortened(drawn(300, 3, ALIKE))
    np.testing.assert_allclose(np.linalg.norm(usual, axis=1), 1, atol=1e-6)
    assert np.quantile(np.linalg.norm(crowded, axis=1), 0.75) < 0.95


def test_a_vector_keeps_its_direction() -> None:
    vectors = drawn(300, 4, ALIKE)
    np.testing.assert_allclose(unit(CROWD.shortened(vectors)), vectors, atol=1e-6)


def test_strangers_of_the_crowded_group_match_less_often_than_before() -> None:
    """At the bar that one in 1,000 pairs of usual strangers reaches."""

    def above(vectors: NDArray[np.float32], bar: float) -> float:
        return float(((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)] > bar).mean())

    usual, crowded = drawn(600, 5), drawn(600, 6, ALIKE)
    bar = float(np.quantile((usual @ usual.T)[np.triu_indices(600, 1)], 0.999))
    assert above(crowded, bar) > 0.3
    assert above(CROWD.shortened(crowded), bar) < 0.5 * above(crowded, bar)
    assert above(CROWD.shortened(usual), bar) == pytest.approx(0.001, abs=1e-4)


def test_what_all_faces_share_does_not_make_a_face_crowded() -> None:
    shared = 4 * unit(np.ones((1, SIZE)))[0]
    usual, crowd = drawn(100, 7, shared), drawn(200, 8, shared)
    middle = np.asarray(drawn(5000, 9, shared).mean(axis=0))
    about, plain = (Crowd.of(crowd, each, 10, 0.0, 1.0) for each in (middle, np.zeros_like(middle)))
    assert about.crowdedness(usual).mean() < plain.crowdedness(usual).mean()
    bare = Crowd.of(drawn(200, 8), 0 * middle, 10, 0.0, 1.0).crowdedness(drawn(100, 7)).mean()
    assert about.crowdedness(usual).mean() == pytest.approx(bare, abs=0.05)


@given(seed=st.integers(0, 2**32 - 1), strength=st.floats(0, 5), usual=st.floats(-1, 1))
def test_lengths_are_within_their_bounds(seed: int, strength: float, usual: float) -> None:
    crowd = Crowd.of(drawn(20, 1, ALIKE), np.zeros(SIZE, np.float32), 5, usual, strength)
    lengths = np.linalg.norm(crowd.shortened(drawn(4, seed)), axis=1)
    assert (lengths > 0).all()
    assert (lengths <= 1 + 1e-6).all()


def test_a_crowd_too_small_for_its_nearest_is_refused() -> None:
    with pytest.raises(ValueError, match="no 10 nearest"):
        Crowd.of(drawn(9, 1), np.zeros(SIZE, np.float32), 10, 0.2, 1)


def test_a_group_may_be_nearer_than_its_cosines_say() -> None:
    """As where the crowd holds few of a group: what is added to its faces is only added to those like them."""
    few, many = drawn(20, 10, -ALIKE), drawn(200, 11, ALIKE)
    plain, added = (
        Crowd.of(np.concatenate([few, many]), np.zeros(SIZE, np.float32), 10, 0.5, 1.5, nearer=nearer)
        for nearer in ((), ((20, 0.1),))
    )
    rare, usual = drawn(100, 12, -ALIKE), drawn(100, 13, ALIKE)
    np.testing.assert_allclose(added.crowdedness(rare), plain.crowdedness(rare) + 0.1, atol=1e-5)
    np.testing.assert_array_equal(added.crowdedness(usual), plain.crowdedness(usual))
    with pytest.raises(ValueError, match="a crowd of 20 faces has no 21"):
        Crowd.of(few, np.zeros(SIZE, np.float32), 10, 0.5, 1.5, nearer=((21, 0.1),))
