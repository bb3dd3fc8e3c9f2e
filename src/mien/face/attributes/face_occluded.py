"""Judges whether something hides a part of the face."""

from mien.face.attributes.evidence import Evidence, UnclearError
from mien.face.attributes.hidden import eyes_hidden, masked, mouth_hidden
from mien.face.attributes.verdicts import judged
from mien.face.types import Verdict


def face_occluded(evidence: Evidence) -> Verdict:
    """Judges by whatever is likeliest: a mask, or something over mouth or eyes; even odds at least without a mesh."""
    mask = masked(evidence)
    try:
        return judged(max(mask, mouth_hidden(evidence), eyes_hidden(evidence)))
    except UnclearError:
        return judged(max(mask, 0.0))
