"""The probability that what a detector takes for a face is one: the Confidence of an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, log

import numpy as np

from mien.engine.session import Session
from mien.face.attributes.verdicts import probability
from mien.face.detect import Detector
from mien.face.halves import Halves
from mien.face.types import Detection, Face
from mien.face.view import View, roll, stretched

# Where the mesh was looked for and finds no face, the odds of one are a twelfth: it rejects nine in ten photographs of
# animals and things that detectors take for faces, and one in ten true faces of so low a score.
_NO_MESH = -2.5
_DOUBTFUL = 0.95  # the certainty below which the mesh is asked; a clear face behind a hand may have none

_CLEAR = 0.999  # the certainty from which a face is not looked at again
_SURROUND = 1.25  # the side of what is looked at again, in longer sides of the face's box
_OFF = 0.25  # how far beside the middle the same face may be found again, in longer sides of its box
_UNMEASURED = ((0.0, 0.7), (0.5, 0.99), (1.0, 0.999))  # how far from the least score to 1, and the probability there
_LEAST_AGAIN = 0.05  # the least score that counts when a face is looked at again


@dataclass(frozen=True, slots=True)
class Certainty:
    """A monotone map from a detector's score to the probability of a face, through measured pairs.

    A face of a low score is looked at again, alone on a small canvas, and the mean of both scores is mapped: a true
    face that was small, or filled the picture, is then seen as the network knows faces best, and a thing that was taken
    for a face at one size is seldom taken for one at another.

    Attributes:
        scores: rising, 0–1; none for a detector whose score is taken for the probability.
        logits: of the probabilities there.
        closer: the same network over a small canvas; None for a detector that does not look again.
    """

    scores: tuple[float, ...] = ()
    logits: tuple[float, ...] = ()
    closer: Detector | None = None

    @classmethod
    def through(cls, pairs: tuple[tuple[float, float], ...], closer: Detector | None = None) -> "Certainty":
        """Returns the map through pairs of a score and a probability, 0–1."""
        looking = closer and replace(closer, least_score=_LEAST_AGAIN)
        return cls(tuple(score for score, _ in pairs), tuple(_logit(chance) for _, chance in pairs), looking)

    def wrapped(self, sessions: Mapping[str, Session]) -> "Certainty":
        """Returns the same with other sessions (see `Finder.through`)."""
        if not self.closer:
            return self
        return replace(self, closer=replace(self.closer, wide=sessions["small"], narrow=sessions["small"]))

    def judged(self, found: Sequence[Detection], image: Halves, width: int, height: int) -> list[Detection]:
        """Returns detections with the probability in place of the score.

        Args:
            found: the detections, in pixels of the full-resolution image.
            image: the image at any scale.
            width: columns of the full-resolution image.
            height: rows of the full-resolution image.
        """
        if not self.scores:
            return list(found)
        rows, columns = image.full.shape[:2]
        chances = [self._chance(each.confidence) for each in found]
        for number, (each, chance) in enumerate(zip(found, chances, strict=True)):
            if self.closer and chance < _CLEAR:
                again = look_again(self.closer, image, stretched(each, columns / width, rows / height))
                chances[number] = self._chance((each.confidence + again) / 2)
        return [replace(each, confidence=chance) for each, chance in zip(found, chances, strict=True)]

    def _chance(self, score: float) -> float:
        return probability(float(np.interp(score, self.scores, self.logits)))


AS_SCORED = Certainty()  # takes the score for the probability


def unmeasured(least_score: float) -> tuple[tuple[float, float], ...]:
    """Returns pairs for a detector that nobody measured, by the least score that counts as a face for it.

    The publisher's bar decides what is a face, so that AUTO refuses nothing above it, and a score above the middle
    between the bar and 1 is near certain: portraits lie there with every detector that was measured.
    """
    return tuple((least_score + way * (1 - least_score), chance) for way, chance in _UNMEASURED)


def look_again(closer: Detector, image: Halves, face: Detection) -> float:
    """Returns the score of a face that is drawn alone and upright on a small canvas; 0 where it is not found there."""
    box, side = face.box, closer.canvas
    longer = max(box.width, box.height, 1.0)
    step = _SURROUND * longer / side
    view = View((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, step, roll(face.landmarks), side, side)
    seen = closer.detect(Halves(view.draw(image)), side, side)
    near = _OFF * longer / step
    return max((each.confidence for each in seen if _off(each, side) < near), default=0.0)


def _off(face: Detection, side: int) -> float:
    """Returns how far the middle of a face is from that of a square canvas, in pixels."""
    box = face.box
    return hypot((box.x1 + box.x2 - side) / 2, (box.y1 + box.y2 - side) / 2)


def confidence(face: Face) -> float:
    """Returns the probability that it is a face, 0–1; less where its mesh was looked for and is not there."""
    found = face.detection.confidence
    if found < _DOUBTFUL and face.features.meshed and face.features.landmarks is None:
        return probability(_logit(found) + _NO_MESH)
    return found


def _logit(chance: float) -> float:
    return log(chance / (1 - chance))
