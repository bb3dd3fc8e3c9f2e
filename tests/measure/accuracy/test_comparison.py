"""All against all in tiles gives what comparing pair by pair gives, in memory that stays small."""

import itertools

import numpy as np
import pytest

from mien.measure.accuracy import comparison
from tests.measure.accuracy.folders import drawn


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "TILE", 7)
    monkeypatch.setattr(comparison, "LEAST_TAIL", 50)


def test_tiles_give_what_pair_by_pair_gives() -> None:
    embeddings, people = drawn(11, 3)
    mixed = np.random.default_rng(1).permutation(len(people))
    embeddings, people = embeddings[mixed], people[mixed]
    apart = ((0, 1), (4, 2))
    expected = []
    for one, other in itertools.combinations(range(len(people)), 2):
        pair = {int(people[one]), int(people[other])}
        if len(pair) == 2 and pair not in ({0, 1}, {2, 4}):
            expected.append((float(embeddings[one] @ embeddings[other]), (one, other)))
    expected.sort(key=lambda each: -each[0])
    found = comparison.impostors(embeddings, people, apart)
    assert found.total == len(expected) == 33 * 32 // 2 - 33 - 18
    assert found.histogram.sum() == found.total
    assert len(found.cosines) == 50
    np.testing.assert_allclose(found.cosines, [cosine for cosine, _ in expected[:50]], atol=1e-6)
    assert {tuple(pair) for pair in found.faces.tolist()} == {pair for _, pair in expected[:50]}


def test_a_bar_is_exact_in_the_tail_and_near_beyond_it() -> None:
    embeddings, people = drawn(40, 4)
    found = comparison.impostors(embeddings, people)
    same = people[:, None] == people
    cosines = np.sort((embeddings @ embeddings.T)[np.triu(~same)])[::-1]
    for far in (0.001, 0.002, 0.1, 0.5, 0.9):
        assert found.threshold(far) == pytest.approx(cosines[int(far * len(cosines) + 1e-9)], abs=3 / comparison.BINS)
    assert found.threshold(1) == -1
    assert int((cosines > found.threshold(0.002)).sum()) == int(0.002 * len(cosines))


def test_a_person_with_many_pairs_weighs_as_one_with_twenty() -> None:
    _, few = drawn(1, 3)
    _, many = drawn(1, 30)
    people = np.concatenate([few, many + 1])
    embeddings = drawn(1, len(people))[0]
    found = comparison.mates(embeddings, people)
    assert len(found.cosines) == 3 + 435
    assert found.weights[found.people == 0].sum() == pytest.approx(3)
    assert found.weights[found.people == 1].sum() == pytest.approx(20)
    assert (np.diff(found.cosines) <= 0).all()
    np.testing.assert_array_equal(people[found.faces[:, 0]], found.people)


def test_of_a_person_with_very_many_pairs_a_sample_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings, people = drawn(1, 60)
    whole = comparison.mates(embeddings, people)
    monkeypatch.setattr(comparison, "MOST_OF_ONE", 1000)
    found = comparison.mates(embeddings, people)
    assert len(found.cosines) == 1000
    assert found.weights.sum() == pytest.approx(20)
    assert (found.faces[:, 0] != found.faces[:, 1]).all()
    assert found.cosines.mean() == pytest.approx(whole.cosines.mean(), abs=0.02)


def test_people_with_a_photo_each_have_no_mates() -> None:
    found = comparison.mates(*drawn(5, 1))
    assert len(found.cosines) == 0


def test_named_pairs_are_compared_and_no_others() -> None:
    embeddings, people = drawn(4, 2)
    pairs = np.array([[0, 1], [0, 2], [4, 5], [6, 1]])
    same = np.array([True, False, True, False])
    strangers, ours = comparison.named_pairs(embeddings, people, pairs, same)
    assert strangers.total == 2
    assert sorted(strangers.cosines) == pytest.approx(
        sorted(float(embeddings[a] @ embeddings[b]) for a, b in pairs[~same])
    )
    assert sorted(ours.people) == [0, 2]
    assert ours.weights.tolist() == [1, 1]
