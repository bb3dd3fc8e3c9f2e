"""Intervals of shares of pairs: as wide as draws of people vary, and honest about few pairs."""

import numpy as np
import pytest

from mien.measure.accuracy import comparison, intervals


def test_wilsons_interval_is_the_published_one() -> None:
    assert intervals.wilson(0.0, 29) == pytest.approx((0.0, 0.117), abs=5e-4)  # Newcombe 1998, table I
    assert intervals.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert intervals.wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-4)


@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_the_interval_of_strangers_covers_the_true_share(spread: float) -> None:
    """Draws of people whose faces are more or less like any other's: 95% of the intervals hold the share of all."""
    random, bar, inside, widths = np.random.default_rng(3), 6e-4, 0, []
    true = bar * np.exp(spread**2)  # the mean of the product of two log-normal factors is e^(spread²/2) each
    for _ in range(300):
        likeness = np.exp(spread * random.standard_normal(300))
        hits = np.triu(random.random((300, 300)) < np.minimum(bar * np.outer(likeness, likeness), 1), 1)
        hits |= hits.T
        found = intervals.of_strangers(hits.sum(axis=1), np.full(300, 299))
        inside += found.low <= true <= found.high
        widths.append((found.high - found.low) / found.value)
    assert inside / 300 > 0.85, "intervals are too narrow"
    assert inside / 300 < 0.995 or np.median(widths) < 2, "intervals are too wide"


def test_people_with_many_false_matches_widen_the_interval() -> None:
    even = intervals.of_strangers(np.full(300, 10), np.full(300, 299))
    one = intervals.of_strangers(np.array([299, *[1] * 299]) * 5, np.full(300, 1495))
    assert one.high / one.value > 1.5 * even.high / even.value


def test_no_false_match_is_not_a_rate_of_zero() -> None:
    found = intervals.of_strangers(np.zeros(200, np.int64), np.full(200, 199))
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(3.84 / 19_900, rel=0.01)


def test_mates_are_as_many_as_their_people() -> None:
    """Two hundred pairs of ten people tell no more than ten people."""
    found = intervals.of_mates(np.array([20.0] * 5 + [0.0] * 5), np.full(10, 20.0))
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx(intervals.wilson(0.5, 10), abs=0.02)
    assert intervals.of_mates(np.full(50, 3.0), np.full(50, 3.0)).low == pytest.approx(0.929, abs=2e-3)


def test_without_pairs_there_is_no_share() -> None:
    for found in (intervals.of_strangers(np.zeros(1), np.zeros(1)), intervals.of_mates(np.zeros(0), np.zeros(0))):
        assert np.isnan([found.value, found.low, found.high]).all()


def test_strangers_are_counted_by_person() -> None:
    random = np.random.default_rng(1)
    vectors = random.standard_normal((50, 8)).astype(np.float32)
    people = random.integers(0, 20, 50)
    people[:20] = np.arange(20)
    (above,), compared = comparison.strangers_above(vectors, people, [2.0])
    expected, pairs = np.zeros(20, np.int64), np.zeros(20, np.int64)
    for one in range(50):
        for other in range(50):
            if people[one] != people[other]:
                pairs[people[one]] += 1
                expected[people[one]] += vectors[one] @ vectors[other] >= 2.0
    assert (above == expected).all() and above.sum() > 0
    assert (compared == pairs).all()
