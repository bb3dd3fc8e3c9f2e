"""Judges what hides eyes and mouth: a hand, an object, a mask, dark glasses."""

from math import log

import cv2
import numpy as np

from mien.face.attributes.evidence import Evidence

_SIGN, _SIGN_BIAS = 1.168, -2.522  # of both signs; fitted on masks, and on faces that nothing hides
_DARK, _DARKER, _DARK_BIAS = 0.923, 3.277, -3.132
_MASK, _MASK_BIAS = 1.440, -1.126
_LEAST = 1e-4
_AROUND_EYES = (159, 145, 386, 374, 27, 23, 257, 253, 33, 133, 263, 362, 110, 339, 28, 258)
_CHEEKS = (50, 280, 205, 425, 101, 330)


def dark_glasses(evidence: Evidence) -> float:
    """Returns the logit of dark glasses over the eyes."""
    return _DARK * evidence.sign("sunglasses") + _DARKER * _darkness(evidence) + _DARK_BIAS


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


def _darkness(evidence: Evidence) -> float:
    """Returns how much darker the eyes and their lids are than the cheeks, as the logarithm of a ratio."""
    luma = cv2.GaussianBlur(cv2.cvtColor(evidence.portrait.pixels, cv2.COLOR_RGB2GRAY), (0, 0), 2.0)
    places = np.clip(np.round(evidence.mesh.points[:, :2]).astype(int), 0, len(luma) - 1)
    eyes, cheeks = (
        float(luma[places[list(points), 1], places[list(points), 0]].mean()) for points in (_AROUND_EYES, _CHEEKS)
    )
    return log((cheeks + 8) / (eyes + 8))
