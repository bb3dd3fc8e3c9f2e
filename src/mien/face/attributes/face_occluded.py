"""Judges whether something hides a part of the face."""

from mien.face.attributes.evidence import Evidence, UnclearError
from mien.face.attributes.hidden import eyes_hidden, masked, mouth_hidden
from mien.face.attributes.verdicts import judged
from mien.face.types import Verdict

_BARE = -4.0  # the logit of a hidden mouth below which no mask is looked for: most bare faces, and no masked one


def face_occluded(evidence: Evidence) -> Verdict:
    """Judges by whatever is likeliest: a mask, or something over mouth or eyes; even odds at least without a mesh."""
    try:
        mouth, eyes = mouth_hidden(evidence), eyes_hidden(evidence)
    except UnclearError:
        return judged(max(masked(evidence), 0.0))
    hidden = max(mouth, eyes)
    return judged(hidden if mouth < _BARE else max(hidden, masked(evidence)))
