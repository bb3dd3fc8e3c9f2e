"""Judges whether a face wears glasses, and dark ones."""

from mien.face.attributes.evidence import Evidence
from mien.face.attributes.hidden import dark_glasses
from mien.face.attributes.verdicts import judged
from mien.face.types import Verdict

_SLOPE, _BIAS = 1.761, -0.582


def eyeglasses(evidence: Evidence) -> Verdict:
    """Judges by the sign of rims, bridge and lenses; dark glasses are glasses as well."""
    return judged(_SLOPE * evidence.sign("eyeglasses") + _BIAS)


def sunglasses(evidence: Evidence) -> Verdict:
    """Judges by the sign of dark lenses over the eyes."""
    return judged(dark_glasses(evidence))
