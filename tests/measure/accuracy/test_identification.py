"""Identification on galleries with known answers."""

import numpy as np
import pytest

from mien.measure.accuracy import comparison, identification, verification
from tests.measure.accuracy.folders import drawn


def found(
    embeddings: np.ndarray, people: np.ndarray, sizes: tuple[int, ...], apart: tuple[tuple[int, int], ...] = ()
) -> dict[tuple[int, float], identification.Identification]:
    strangers = comparison.impostors(embeddings, people, apart)
    rows = identification.identify(
        embeddings,
        people,
        sizes,
        mates=comparison.mates(embeddings, people),
        fitted=verification.tail(strangers),
        left_out=apart,
    )
    return {(row.size, row.fpir): row for row in rows}


def test_people_who_are_far_apart_are_never_missed() -> None:
    embeddings, people = drawn(40, 3, spread=0.05)
    rows = found(embeddings, people, (10, 40))
    assert all(row.fnir == 0 for row in rows.values())
    assert not any(row.extrapolated for row in rows.values())


def test_people_without_likeness_are_always_missed() -> None:
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((120, 64)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    assert found(embeddings, np.repeat(np.arange(40), 3), (40,))[40, 0.01].fnir > 0.95


def test_the_bar_lets_in_the_share_of_strangers_it_says() -> None:
    """Held against a brute-force count over everyone as a stranger to all others."""
    embeddings, people = drawn(100, 1, seed=3)
    cosines = embeddings @ embeddings.T
    np.fill_diagonal(cosines, -1)
    best = cosines.max(axis=1)
    row = found(embeddings, people, (100,))[100, 0.1]
    assert (best > row.cosine).mean() == pytest.approx(0.1, abs=0.011)
    assert np.isnan(row.fnir)  # nobody has a second photo


def test_a_mate_must_be_first_and_above_the_bar() -> None:
    """Four people on axes of their own; the third's photos differ, and the fourth's looks like the first."""
    axes = np.eye(6, dtype=np.float32)
    embeddings = np.stack([axes[0], axes[0], axes[1], axes[1], axes[2], axes[4], axes[3], axes[0]])
    people = np.repeat(np.arange(4), 2)
    searches = identification._search(embeddings, people, (4,), (), np.random.default_rng(0))
    known = searches.enrolled[:, 0]
    missed = searches.mate <= searches.strangers[:, 0]
    by_person = {who: float(missed[known & (searches.people == who)].mean()) for who in range(4)}
    assert by_person[1] == 0
    assert by_person[2] == by_person[3] == 1


def test_a_larger_gallery_needs_a_higher_bar_and_misses_more() -> None:
    embeddings, people = drawn(200, 3, spread=1.2)
    rows = found(embeddings, people, (10, 50, 200, 10_000, 1_000_000))
    for fpir in identification.FPIRS:
        bars = [rows[size, fpir].cosine for size in (10, 50, 200, 10_000, 1_000_000)]
        misses = [rows[size, fpir].fnir for size in (10, 50, 200, 10_000, 1_000_000)]
        assert bars == sorted(bars)
        assert misses == sorted(misses)
    assert [rows[size, 0.01].extrapolated for size in (200, 10_000)] == [False, True]


def test_extrapolation_comes_near_to_what_more_people_give() -> None:
    embeddings, people = drawn(2000, 2, seed=5, spread=1.0)
    few = people < 400
    told = found(embeddings[few], people[few], (400, 2000))[2000, 0.01]
    seen = found(embeddings, people, (2000,))[2000, 0.01]
    assert told.extrapolated and not seen.extrapolated
    assert told.cosine == pytest.approx(seen.cosine, abs=0.03)
    assert told.fnir == pytest.approx(seen.fnir, abs=0.15)  # the slope is steep here


def test_every_person_weighs_the_same() -> None:
    weights = identification.equal_weights(np.array([5, 5, 5, 7]))
    assert weights.tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_people_who_are_not_compared_are_no_strangers_to_each_other() -> None:
    """A person filed under two names would raise the bar for all."""
    embeddings, people = drawn(50, 2, seed=8)
    embeddings[people == 1] = embeddings[people == 0]
    assert found(embeddings, people, (50,))[50, 0.01].cosine == pytest.approx(1, abs=1e-5)
    assert found(embeddings, people, (50,), ((0, 1),))[50, 0.01].cosine < 0.9
