"""Turns measures into verdicts with the probability that they are right."""

from math import exp, log

from mien.face.types import Verdict

_FARTHEST = 50.0  # of a logit, so that no power overflows


def judged(logit: float) -> Verdict:
    """Returns yes for a logit above 0, and the probability that this is right."""
    share = probability(logit)
    return Verdict(share >= 0.5, max(share, 1 - share))


def probability(logit: float) -> float:
    """Returns the probability of a logit, 0–1."""
    return 1 / (1 + exp(-min(max(logit, -_FARTHEST), _FARTHEST)))


def logit(share: float) -> float:
    """Returns the logit of a probability that a network gives, which may be 0 or 1."""
    return log((share + 1e-6) / (1 - share + 1e-6))
