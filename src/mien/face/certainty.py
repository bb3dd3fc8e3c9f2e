"""The probability that what a detector takes for a face is one: the Confidence of an answer."""

from dataclasses import dataclass, replace
from math import log

import numpy as np

from mien.face.attributes.verdicts import probability
from mien.face.types import Detection, Face

# Where the mesh was looked for and finds no face, the odds of one are a twelfth: it rejects nine in ten photographs of
# animals and things that detectors take for faces, and one in ten true faces of so low a score.
_NO_MESH = -2.5
_DOUBTFUL = 0.95  # the certainty below which the mesh is asked; a clear face behind a hand may have none


@dataclass(frozen=True, slots=True)
class Certainty:
    """A monotone map from a detector's score to the probability of a face, through measured pairs.

    Attributes:
        scores: rising, 0–1; none for a detector whose score is taken for the probability.
        logits: of the probabilities there.
    """

    scores: tuple[float, ...] = ()
    logits: tuple[float, ...] = ()

    @classmethod
    def through(cls, pairs: tuple[tuple[float, float], ...]) -> "Certainty":
        """Returns the map through pairs of a score and a probability, 0–1."""
        return cls(tuple(score for score, _ in pairs), tuple(_logit(chance) for _, chance in pairs))

    def judged(self, detection: Detection) -> Detection:
        """Returns a detection with the probability in place of the score."""
        if not self.scores:
            return detection
        logit = float(np.interp(detection.confidence, self.scores, self.logits))
        return replace(detection, confidence=probability(logit))


AS_SCORED = Certainty()  # takes the score for the probability


def confidence(face: Face) -> float:
    """Returns the probability that it is a face, 0–1; less where its mesh was looked for and is not there."""
    found = face.detection.confidence
    if found < _DOUBTFUL and face.features.meshed and face.features.landmarks is None:
        return probability(_logit(found) + _NO_MESH)
    return found


def _logit(chance: float) -> float:
    return log(chance / (1 - chance))
