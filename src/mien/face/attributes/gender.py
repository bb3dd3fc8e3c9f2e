"""Judges whether a face looks like a man's or a woman's; of a child it says little."""

from mien.face.attributes.evidence import Evidence
from mien.face.attributes.verdicts import judged, logit
from mien.face.types import Verdict

# Fitted: the network's logit counts less of the young, whose gender it guesses, and old women look like men to it.
_SLOPE, _BIAS = 0.683, 0.06
_OLD, _BY_YEAR = 45.0, -0.0307
_GROWN, _YOUNG_SLOPE, _YOUNG_BIAS = 20.0, 0.675, -0.47


def gender(evidence: Evidence) -> Verdict:
    """Judges the gender (True = male) by the gender network, corrected by the age that the other network gives."""
    years = evidence.years
    young = min(max((_GROWN - years) / _GROWN, 0.0), 1.0)
    slope = _SLOPE * (1 - _YOUNG_SLOPE * young)
    shift = _BIAS + _YOUNG_BIAS * young + _BY_YEAR * max(years - _OLD, 0.0)
    return judged(slope * logit(evidence.male) + shift)
