"""Measures verification: the true accept rate (TAR) at given false accept rates (FAR)."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mien.measure.accuracy.comparison import BINS, Impostors, Mates

FARS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
DRAWS = 200  # bootstrap samples
INTERVAL = (2.5, 97.5)  # percentiles
FITTED = 20  # quantiles to which the tail is fitted
FITTED_PAIRS = 300  # impostor pairs above the lowest quantile, if 1e-3 of all would be fewer
LEAST_ABOVE = 10  # impostor pairs above the highest quantile
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Rate:
    """The figures at one false accept rate.

    Attributes:
        far: the false accept rate.
        cosine: the threshold; a pair above it is accepted.
        tar: 0–1, the weighted share of same-person pairs above the threshold.
        low: the lower end of the 95% interval of `tar`.
        high: the upper end.
        extrapolated: whether the threshold is that of the fitted tail, for lack of impostor pairs.
    """

    far: float
    cosine: float
    tar: float
    low: float
    high: float
    extrapolated: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """A normal distribution fitted to the upper end of the impostors' cosines.

    Cosines of strangers are sums over many nearly independent dimensions. On a normal quantile plot, the part below
    FAR 1e-3 is straight (`benchmarks/README.md`, "Unknown means unknown").
    """

    mean: float
    deviation: float

    def threshold(self, far: float) -> float:
        """Returns the cosine that a share `far` of the pairs exceeds; at most 1 - 1e-5."""
        return min(self.mean - self.deviation * _NORMAL.inv_cdf(far), 1 - 1e-5)


def tail(impostors: Impostors) -> Tail:
    """Fits the tail by least squares on the normal quantile plot, weighting each quantile by the pairs above it.

    The FITTED quantiles range from FAR 1e-3 (more in a small folder) to that of the LEAST_ABOVE highest pairs.
    """
    most = float(np.clip(FITTED_PAIRS / impostors.total, 1e-3, 0.1))
    fars = np.geomspace(min(max(LEAST_ABOVE / impostors.total, 1e-9), most / 2), most, FITTED)
    quantiles = np.array([-_NORMAL.inv_cdf(float(far)) for far in fars])
    thresholds = np.array([impostors.threshold(float(far)) for far in fars])
    slope, intercept = np.polyfit(quantiles, thresholds, 1, w=np.sqrt(fars))
    return Tail(float(intercept), max(float(slope), 1e-6))


def tar(mates: Mates, threshold: float) -> float:
    """Returns the weighted share of same-person pairs above a threshold, 0–1; NaN without pairs."""
    total = float(mates.weights.sum())
    return float(mates.weights[mates.cosines > threshold].sum()) / total if total else float("nan")


def rates(impostors: Impostors, mates: Mates, people: NDArray[np.int64], fars: tuple[float, ...] = FARS) -> list[Rate]:
    """Returns the thresholds and TARs at false accept rates, with bootstrap intervals.

    Args:
        impostors: pairs of two people.
        mates: pairs of one person.
        people: int64 (F,), the person of each embedding.
        fars: the false accept rates.
    """
    fitted = tail(impostors)
    beyond = [impostors.total * far < 1 for far in fars]
    thresholds = [
        fitted.threshold(far) if over else impostors.threshold(far) for far, over in zip(fars, beyond, strict=True)
    ]
    drawn = _bootstrap(impostors, mates, people, fars, thresholds)
    low, high = np.nanpercentile(drawn, INTERVAL, axis=0) if len(mates.cosines) else np.full((2, len(fars)), np.nan)
    return [
        Rate(far, thresholds[i], tar(mates, thresholds[i]), float(low[i]), float(high[i]), beyond[i])
        for i, far in enumerate(fars)
    ]


def _bootstrap(
    impostors: Impostors, mates: Mates, people: NDArray[np.int64], fars: tuple[float, ...], thresholds: list[float]
) -> NDArray[np.float64]:
    """Returns the TARs of DRAWS folders sampled by drawing as many people with replacement.

    The result is float64 (DRAWS, len(fars)), NaN where no person with a pair was drawn. A person drawn c times weighs
    c-fold in their same-person pairs, and a pair of two people weighs the product of their counts. The threshold is
    computed again for each draw if the kept tail reaches it; otherwise it stays.
    """
    random = np.random.default_rng(0)
    names, owners = np.unique(people, return_inverse=True)
    photos = np.bincount(owners)
    index = np.zeros(int(names.max()) + 1 if len(names) else 0, np.int64)
    index[names] = np.arange(len(names))
    one, other = index[people[impostors.faces]].T
    ours = index[mates.people]
    whole = len(impostors.cosines) == impostors.total
    rising = -mates.cosines
    drawn = np.empty((DRAWS, len(fars)))
    for row in range(DRAWS):
        times = random.multinomial(len(names), np.full(len(names), 1 / len(names))).astype(np.float64)
        # a pair of `--pairs` may have one owner; it weighs as often as that person was drawn
        each = np.cumsum(np.where(one == other, times[one], times[one] * times[other]))
        total = each[-1] if whole else ((times @ photos) ** 2 - ((times * photos) ** 2).sum()) / 2
        passing = np.concatenate([[0.0], np.cumsum(times[ours] * mates.weights)])
        for column, far in enumerate(fars):
            place = int(np.searchsorted(each, total * far, side="right"))
            inside = place < len(each) and total * far >= 1
            threshold = float(impostors.cosines[place]) if inside else thresholds[column]
            above = int(np.searchsorted(rising, -threshold, side="left"))
            drawn[row, column] = passing[above] / passing[-1] if passing[-1] else np.nan
    return drawn


@dataclass(frozen=True, slots=True)
class Curve:
    """The ROC curve: for falling thresholds, the shares of impostor and same-person pairs above.

    Attributes:
        fars: float64 (N,), rising.
        tars: float64 (N,), rising.
    """

    fars: NDArray[np.float64]
    tars: NDArray[np.float64]


def curve(impostors: Impostors, mates: Mates, points: int = 400) -> Curve:
    """Returns points of the ROC curve at logarithmically spaced false accept rates, from one pair to all."""
    fars = np.geomspace(1 / max(impostors.total, 2), 1, points)
    passing = np.concatenate([[0.0], np.cumsum(mates.weights)])
    thresholds = np.array([impostors.threshold(float(far)) for far in fars])
    above = np.searchsorted(-mates.cosines, -thresholds, side="left")
    return Curve(fars, passing[above] / max(float(passing[-1]), 1e-12))


def equal_error(found: Curve) -> float:
    """Returns the equal error rate (EER): where FAR equals the false reject rate."""
    gap = np.abs(found.fars - (1 - found.tars))
    at = int(np.argmin(gap))
    return float((found.fars[at] + 1 - found.tars[at]) / 2)


def density(impostors: Impostors, mates: Mates, bins: int = 200) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the shares of impostor and same-person pairs in `bins` equal parts of cosines -1 … 1."""
    strangers = impostors.histogram.reshape(bins, BINS // bins).sum(axis=1)
    places = np.clip(((mates.cosines.astype(np.float64) + 1) * bins / 2).astype(int), 0, bins - 1)
    ours = np.bincount(places, mates.weights, minlength=bins)
    return strangers / max(strangers.sum(), 1), ours / max(float(ours.sum()), 1e-12)
