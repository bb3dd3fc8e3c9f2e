"""Finds faces that lie, hang or stand on their head: looks again, turned, where a detector is in doubt.

A detector trained on upright faces also reports turned ones, with a lower score, but places eyes and mouth as if they
were upright, so that their crops show nothing that could be recognised. The score is the sign: see
`benchmarks/README.md`, "Turned pictures". A face below it is drawn at eight turns on one small canvas. One that looks
better turned is drawn again until it stands upright, and so is the face as it was found: of equal drawings the one with
the higher score is right. A picture without an upright face is looked at turned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mien.engine.session import Session
from mien.face.detect import MOST_FACES, Detector, Finder
from mien.face.halves import Halves
from mien.face.looks import LARGE, SETTLED, Looks
from mien.face.types import Detection
from mien.face.view import roll, stretched

TILTED = 40.0  # degrees of roll beyond SETTLED at which no score is certain, because landmarks lag behind a tilt
TILT = 15.0  # degrees of roll from which an unsure face is drawn upright
OVER = 30.0  # degrees of roll, as a face looks best, beyond which it is not upright
BESIDE = 0.36  # the least area of a doubted face in a small picture, as a share of the least certain one there
MOST_DOUBTED, MOST_HINTS, MOST_TURNED = 8, 2, 12  # of a picture, that are drawn turned: found, hinted, found turned
LEAST_TURNED = 0.75  # the least score of a face that is found only turned, or that looks upright
GAIN = 0.08  # what the score of an unsure face must gain for it to be replaced, if the two were not drawn alike
FAIR_GAIN = 0.01  # what it must gain for it to be turned over, if they were
TURNED_OVER = 60.0  # degrees between two rolls of one face, of which one must be wrong
SAME_FACE = 0.3  # a turned face and another one that overlap more are one face
INSIDE = 0.7  # so are two of which one has more than this share of its box in the other


@dataclass(frozen=True, slots=True)
class Turned:
    """A finder that looks turned with a finder of upright faces.

    Attributes:
        finder: finds upright faces.
        small: the same network over a canvas of `looks.SMALL` pixels; None for a finder of several networks.
        sure: the score from which a face is certainly upright; 0 for a finder whose scores do not tell.
    """

    finder: Finder
    small: Detector | None
    sure: float

    @property
    def looks(self) -> Looks:
        """What the finder sees of an image turned."""
        return Looks(self.finder, self.small)

    @property
    def canvas(self) -> int:
        """The canvas of the finder (see `Finder.canvas`)."""
        return self.finder.canvas

    @property
    def sessions(self) -> dict[str, Session]:
        """The networks of the finder and its small canvas (see `Finder.sessions`)."""
        return self.finder.sessions | ({"small": self.small.narrow} if self.small else {})

    def through(self, sessions: Mapping[str, Session]) -> "Turned":
        """Returns the same with other sessions (see `Finder.through`)."""
        finder = self.finder.through({name: sessions[name] for name in self.finder.sessions})
        small = self.small and replace(self.small, wide=sessions["small"], narrow=sessions["small"])
        return replace(self, finder=finder, small=small)

    def detect(self, image: Halves, width: int, height: int) -> list[Detection]:
        """Detects faces (see `Finder.detect`)."""
        return self.hinted(image, width, height)[0]

    def hinted(self, image: Halves, width: int, height: int) -> tuple[list[Detection], list[Detection]]:
        """Detects faces, and returns the finder's hints with them (see `Finder.hinted`)."""
        found, hints = self.finder.hinted(image, width, height)
        certain = min((face.box.area for face in found if not self._is_doubted(face)), default=0.0)
        doubted = [face for face in found if self._is_doubted(face) and _is_worth(face, certain, width, height)]
        apart = sorted(hints, key=lambda face: -face.confidence)[:MOST_HINTS] if self.sure and found else []
        if certain and not doubted and not apart:
            return found, hints
        rows, columns = image.full.shape[:2]
        across, down = columns / width, rows / height
        kept, moved, stands = list(found), list[Detection](), certain > 0
        doubted = doubted[:MOST_DOUBTED]
        for number, face in enumerate(doubted + apart):
            seen = stretched(face, across, down)
            best = self._best(image, seen, once=certain > 0)
            if best is seen:
                stands = stands or number < len(doubted)
            elif best:
                moved.append(best)
                kept = [each for each in kept if each is not face]
        others = self._elsewhere(image, self._turns(moved, stands))
        if not (moved or others):
            return found, hints
        back = [[stretched(face, 1 / across, 1 / down) for face in faces] for faces in (moved, others)]
        return self._joined(kept, *back), hints

    def _is_doubted(self, face: Detection) -> bool:
        """Returns whether a face may be turned: it has a low score, or one that is low for its tilt."""
        tilt = max(abs(roll(face.landmarks)) - SETTLED, 0.0)
        return face.confidence < self.sure + (1 - self.sure) * tilt / TILTED

    def _best(self, image: Halves, face: Detection, *, once: bool = False) -> Detection | None:
        """Returns a doubted face as it was drawn upright, itself if it stands upright, or None if it is not clear.

        Args:
            image: the image.
            face: the face, in pixels of the image.
            once: whether to draw its turns only on the small canvas.
        """
        if face.confidence >= self.sure:  # then its tilt is doubted, not where its eyes are
            drawn = self.looks.settled(image, face)
            return drawn if drawn and drawn.confidence > face.confidence - GAIN else face
        best: Detection | None = None
        for look in (self.looks.wheel, self.looks.large_wheel)[: 1 if once else 2]:
            seen = look(image, face)
            if seen and seen.confidence >= LEAST_TURNED and _tilt(seen) <= OVER and _tilt(face) <= TILT:
                return face
            drawn = seen and self.looks.settled(image, seen)
            if drawn and (best is None or drawn.confidence > best.confidence):
                best = drawn
            if best and best.confidence >= self.sure:
                return best
        if best is None or best.confidence < LEAST_TURNED:
            return None
        rival = self.looks.settled(image, face) or face
        if _apart_by(best, rival) > TURNED_OVER:
            return best if best.confidence >= rival.confidence + FAIR_GAIN else face
        return max(best, rival, key=lambda each: each.confidence)

    def _turns(self, moved: Sequence[Detection], stands: bool) -> list[int]:
        """Returns the quarter turns, in degrees, at which to look at the whole picture.

        Args:
            moved: the faces that were drawn upright.
            stands: whether a face of the picture stands upright as it was found.
        """
        if not stands and not any(face.confidence >= self.sure for face in moved):
            return [90, 180, 270]
        return sorted({round(roll(face.landmarks) / 90) * 90 % 360 for face in moved} - {0})

    def _elsewhere(self, image: Halves, turns: Sequence[int]) -> list[Detection]:
        """Returns the faces of the whole picture at quarter turns, in degrees clockwise."""
        faces, unclear = list[Detection](), list[Detection]()
        for drawn, face in self.looks.whole(image, turns):
            if drawn.confidence >= LEAST_TURNED:
                (unclear if self._is_doubted(drawn) else faces).append(face)
        asked = [face for face in _distinct(faces + unclear) if any(face is each for each in unclear)]
        return _distinct(faces + [self._best(image, face) or face for face in asked[:MOST_TURNED]])

    def _joined(
        self, found: Sequence[Detection], moved: Sequence[Detection], others: Sequence[Detection]
    ) -> list[Detection]:
        """Returns all faces, one of each place, the largest first.

        Args:
            found: the faces as they were found.
            moved: those that were drawn upright since.
            others: those of the whole picture turned; where one was found as well, the better stands.
        """
        better = [face for face in others if all(self._is_better(face, each) for each in found if _is_same(face, each))]
        new = _distinct([*moved, *better])
        kept = [face for face in found if not any(_is_same(face, each) for each in new)]
        return sorted(kept + new, key=lambda face: -face.box.area)[:MOST_FACES]

    def _is_better(self, turned: Detection, found: Detection) -> bool:
        """Returns whether a face is rather as it was seen in the whole picture turned than as it was found."""
        gain = turned.confidence - found.confidence
        if _apart_by(turned, found) <= TURNED_OVER:
            return gain > -GAIN
        return gain >= GAIN or (gain > 0 and turned.confidence >= self.sure)


def _is_worth(face: Detection, certain: float, width: int, height: int) -> bool:
    """Returns whether to look turned at a doubted face beside an upright one of the area `certain`, 0 for none.

    A face that the frame cuts, or a smaller one in a small picture, has a low score for this reason.
    """
    if not certain:
        return True
    least = 0.0 if max(width, height) > LARGE else BESIDE * certain
    whole = min(face.box.x1, face.box.y1, width - face.box.x2, height - face.box.y2) >= 0
    return whole and face.box.area >= least


def _distinct(faces: Sequence[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: -face.confidence):
        if not any(_is_same(face, other) for other in kept):
            kept.append(face)
    return kept


def _is_same(face: Detection, other: Detection) -> bool:
    overlap = face.box.overlap(other.box)
    inside = overlap / (1 + overlap) * (face.box.area + other.box.area) / min(face.box.area, other.box.area)
    return overlap > SAME_FACE or inside > INSIDE


def _tilt(face: Detection) -> float:
    return abs(roll(face.landmarks))


def _apart_by(face: Detection, other: Detection) -> float:
    """Returns the degrees between the rolls of two faces, 0–180."""
    return abs((roll(face.landmarks) - roll(other.landmarks) + 180) % 360 - 180)
