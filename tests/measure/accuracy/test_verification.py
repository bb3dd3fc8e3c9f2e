"""TAR, FAR, intervals and the fitted tail, on scores with known answers."""

from statistics import NormalDist

import numpy as np
import pytest

from mien.measure.accuracy import comparison, verification
from mien.measure.accuracy.comparison import Impostors, Mates
from tests.measure.accuracy.folders import drawn


def impostors(cosines: list[float] | np.ndarray) -> Impostors:
    scores = np.sort(np.asarray(cosines, np.float32))[::-1]
    faces = np.stack([np.arange(len(scores)) % 50, 50 + np.arange(len(scores)) % 50], axis=1)
    return Impostors(len(scores), comparison.binned(scores), scores, faces)


def mates(cosines: list[float], people: list[int], weights: list[float] | None = None) -> Mates:
    order = np.argsort(-np.array(cosines))
    return Mates(
        np.array(cosines, np.float32)[order], np.array(people)[order],
        np.array(weights or [1.0] * len(cosines))[order], np.zeros((len(cosines), 2), np.int64),
    )  # fmt: skip


EVEN = impostors(np.arange(1000) / 1000)  # one pair in a hundred lies above 0.989, one in a thousand above 0.998


def test_a_share_far_of_the_impostors_lies_above_the_bar() -> None:
    for far in (0.001, 0.01, 0.1, 0.25):
        assert (EVEN.cosines > EVEN.threshold(far)).mean() == pytest.approx(far)
    assert EVEN.threshold(0.01) == pytest.approx(0.989)


def test_tar_is_the_weighted_share_above_the_bar() -> None:
    pairs = mates([0.9, 0.6, 0.3, 0.2], [0, 0, 1, 1], [1, 1, 3, 5])
    assert verification.tar(pairs, 0.5) == pytest.approx(0.2)
    assert verification.tar(pairs, 0.25) == pytest.approx(0.5)
    assert verification.tar(pairs, -1) == 1
    assert verification.tar(pairs, 0.95) == 0


def test_a_pair_at_the_bar_does_not_pass() -> None:
    assert verification.tar(mates([0.5, 0.25], [0, 1]), 0.25) == 0.5


def test_each_rate_has_its_bar_and_its_tar() -> None:
    people = np.arange(100)
    ours = mates([0.999, 0.995, 0.95, 0.5], [1, 2, 3, 4])
    at_hundred, at_thousand = verification.rates(EVEN, ours, people, (0.01, 0.001))
    assert (at_hundred.tar, at_thousand.tar) == (0.5, 0.25)
    assert at_hundred.cosine == pytest.approx(0.989)
    assert not at_hundred.extrapolated


def test_a_rate_below_one_pair_is_extrapolated_and_says_so() -> None:
    (found,) = verification.rates(EVEN, mates([0.9], [1]), np.arange(100), (1e-4,))
    assert found.extrapolated
    assert found.cosine > EVEN.threshold(1e-3)


def test_an_interval_is_a_point_where_everyone_is_alike() -> None:
    people = np.arange(100)
    found = verification.rates(EVEN, mates([0.9999] * 50, list(range(50))), people, (0.01,))[0]
    assert (found.low, found.tar, found.high) == (1, 1, 1)


def test_an_interval_is_as_wide_as_people_differ() -> None:
    """Half of 200 people pass: the standard error of the share is √(¼ / 200) = 3.5 points."""
    strangers = impostors(np.linspace(0, 0.5, 1000))
    ours = mates([0.9] * 100 + [-0.5] * 100, list(range(200)))
    found = verification.rates(strangers, ours, np.arange(200), (0.01,))[0]
    assert found.tar == 0.5
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 200), rel=0.2)


def test_people_are_drawn_and_not_pairs() -> None:
    """The same pairs, but of ten people with twenty each: the interval is that of ten draws."""
    strangers = impostors(np.linspace(0, 0.5, 1000))
    cosines = [0.9] * 100 + [-0.5] * 100
    many = verification.rates(strangers, mates(cosines, list(range(200))), np.arange(200), (0.01,))[0]
    few = verification.rates(
        strangers, mates(cosines, [number // 20 for number in range(200)]), np.arange(200), (0.01,)
    )[0]
    assert few.high - few.low > 3 * (many.high - many.low) > 0


def test_an_interval_holds_what_other_people_give() -> None:
    """TARs of folders drawn again fall into the interval of one folder about as often as it promises."""
    embeddings, people = drawn(150, 4, spread=1.4, seed=1)
    interval = verification.rates(
        comparison.impostors(embeddings, people), comparison.mates(embeddings, people), people, (1e-3,)
    )[0]
    assert interval.low < interval.tar < interval.high
    inside = 0
    for seed in range(2, 22):
        other, owners = drawn(150, 4, spread=1.4, seed=seed)
        bar = comparison.impostors(other, owners).threshold(1e-3)
        inside += interval.low <= verification.tar(comparison.mates(other, owners), bar) <= interval.high
    assert inside >= 12


def test_the_tail_of_a_normal_distribution_is_found() -> None:
    found = verification.tail(impostors(np.random.default_rng(0).normal(0.05, 0.1, 300_000)))
    for far in (1e-3, 1e-5, 1e-7):
        assert found.threshold(far) == pytest.approx(0.05 - 0.1 * NormalDist().inv_cdf(far), abs=0.012)


def test_the_bar_of_a_tail_stays_below_one() -> None:
    assert verification.Tail(0.5, 0.3).threshold(1e-9) < 1


def test_the_curve_rises_from_few_to_all() -> None:
    found = verification.curve(EVEN, mates([0.999, 0.5, 0.1], [0, 1, 2]))
    assert (np.diff(found.fars) > 0).all()
    assert (np.diff(found.tars) >= 0).all()
    assert found.tars[-1] == pytest.approx(1)
    assert verification.equal_error(found) == pytest.approx(
        0.4, abs=0.12
    )  # a third fails above 0.5, half the pairs pass


def test_the_histograms_are_shares() -> None:
    strangers, ours = verification.density(EVEN, mates([0.9, 0.1], [0, 1], [3, 1]))
    assert strangers.sum() == pytest.approx(1)
    assert ours.max() == pytest.approx(0.75)
