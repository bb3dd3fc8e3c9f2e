"""Judges whether a face has a beard or a mustache; stubble is none."""

from mien.face.attributes.evidence import Evidence
from mien.face.attributes.hidden import mouth_hidden
from mien.face.attributes.verdicts import judged
from mien.face.types import Verdict

_BEARD, _BEARD_BIAS = 1.179, 1.066
_MUSTACHE, _MUSTACHE_BIAS = 1.236, 2.158


def beard(evidence: Evidence) -> Verdict | None:
    """Judges by the sign of hair on the chin; None where mouth and chin are hidden."""
    return None if mouth_hidden(evidence) > 0 else judged(_BEARD * evidence.sign("beard") + _BEARD_BIAS)


def mustache(evidence: Evidence) -> Verdict | None:
    """Judges by the sign of hair on the upper lip; None where it is hidden."""
    return None if mouth_hidden(evidence) > 0 else judged(_MUSTACHE * evidence.sign("mustache") + _MUSTACHE_BIAS)
