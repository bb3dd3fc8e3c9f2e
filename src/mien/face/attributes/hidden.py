"""Judges what hides eyes and mouth: a hand, an object, a mask, dark glasses."""

from math import log

from mien.face.attributes.evidence import Evidence

_SIGN, _SIGN_BIAS = 1.168, -2.522  # of both signs; fitted on masks, and on faces that nothing hides
_DARK, _DARKER, _DARK_BIAS = 0.923, 3.277, -3.132
_MASK, _MASK_BIAS = 1.440, -1.126
_LEAST = 1e-4


def dark_glasses(evidence: Evidence) -> float:
    """Returns the logit of dark glasses over the eyes."""
    return _DARK * evidence.sign("sunglasses") + _DARKER * evidence.darkness + _DARK_BIAS


def eyes_hidden(evidence: Evidence) -> float:
    """Returns the logit of something that hides the eyes."""
    return max(_SIGN * evidence.sign("eyes_hidden") + _SIGN_BIAS, dark_glasses(evidence))


def mouth_hidden(evidence: Evidence) -> float:
    """Returns the logit of something that hides the mouth."""
    return _SIGN * evidence.sign("mouth_hidden") + _SIGN_BIAS


def masked(evidence: Evidence) -> float:
    """Returns the logit of a mask, by the mask network, which needs no mesh."""
    mask, bare = evidence.mask
    return _MASK * log((mask + _LEAST) / (bare + _LEAST)) + _MASK_BIAS
