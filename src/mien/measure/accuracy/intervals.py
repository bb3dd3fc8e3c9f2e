"""95% confidence intervals of a share of pairs. People are drawn at random, not pairs: one person is in many.

The interval is Wilson's (1927), which also holds for few pairs and for none. Its sample size is the number of
independent pairs that would vary as much as these do from one draw of people to the next, by a jackknife over people
(Korn & Graubard 1998 do the same for surveys by households).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)

Counts = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of pairs, 0–1, and its interval; NaN without pairs."""

    value: float
    low: float
    high: float


def of_strangers(above: Counts, compared: Counts) -> Share:
    """Returns the share of pairs of two people that are above a bar.

    Args:
        above: (P,), for each person the pairs with any other that are above the bar, so that each pair counts twice.
        compared: (P,), for each person all pairs with any other.
    """
    pairs, share = compared.sum() / 2, _share(above, compared)
    independent = share * (1 - share) / max(float(pairs), 1)
    # what is due to pairs rather than to people, a jackknife counts twice (Efron & Stein 1981)
    excess = _jackknife(above / 2, compared / 2, 2) / independent - 1 if independent else 1.0
    return Share(share, *wilson(share, pairs / max(excess, 1.0)))


def of_mates(above: Counts, compared: Counts) -> Share:
    """Returns the share of pairs of one person that are above a bar.

    Args:
        above: (P,), for each person the weight of their pairs above the bar.
        compared: (P,), for each person the weight of all their pairs.
    """
    share, variance = _share(above, compared), _jackknife(above, compared, 1)
    people = float(np.count_nonzero(compared))
    return Share(share, *wilson(share, share * (1 - share) / variance if variance else people))


def wilson(share: float, size: float) -> tuple[float, float]:
    """Returns Wilson's interval of a share, 0–1, of `size` independent trials; NaN without trials."""
    if not size > 0:
        return float("nan"), float("nan")
    middle = (share + _Z**2 / (2 * size)) / (1 + _Z**2 / size)
    reach = _Z / (1 + _Z**2 / size) * (share * (1 - share) / size + _Z**2 / (4 * size**2)) ** 0.5
    low = 0.0 if share == 0 else max(float(middle - reach), 0.0)
    return low, 1.0 if share == 1 else min(float(middle + reach), 1.0)


def _share(above: Counts, compared: Counts) -> float:
    total = float(compared.sum())
    return float(above.sum()) / total if total else float("nan")


def _jackknife(above: Counts, compared: Counts, of: int) -> float:
    """Returns the variance of the share over draws of people, each left out once with their pairs.

    Args:
        above: as above, but each pair counts once.
        compared: likewise.
        of: the number of people who share a pair.
    """
    pairs, hits = of * compared, of * above
    left = compared.sum() - pairs
    without = (above.sum() - hits)[left > 0] / left[left > 0]
    return float((len(without) - 1) * without.var()) if len(without) else 0.0
