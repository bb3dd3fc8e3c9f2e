"""One piece of evidence, and how a measured value becomes its score."""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that a session is decided by.

    Attributes:
        name: of the kind of evidence.
        score: 0–1; what is below 0.5 speaks against a living person.
        sentence: what was seen, with the numbers, in plain English.
    """

    name: str
    score: float
    sentence: str


def ramp(value: float, low: float, high: float) -> float:
    """Returns 0 at `low` and beyond, 1 at `high` and beyond, and a straight line between; 0 for what is not known."""
    if not isfinite(value):
        return 0.0
    return min(1.0, max(0.0, (value - low) / (high - low)))
