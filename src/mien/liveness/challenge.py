"""What a person is asked to do in a liveness session: bring the face into an oval, and hold it while colours flash.

The values are those that AWS's client (`@aws-amplify/ui-react-liveness`) expects and that AWS's servers were seen to
send. Which oval and which colours come is not known before a session, so that no film made earlier fits them.
"""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

LIGHT, MOVEMENT = "FaceMovementAndLightChallenge", "FaceMovementChallenge"
KINDS = {LIGHT: ("1.0.0", "2.0.0"), MOVEMENT: ("1.0.0",)}  # the kinds of challenge and their versions

RATIO = 1.618  # height of the oval by its width
_STATIC = 0.8  # width of the oval in the middle by which the client judges how far away a face is (`Bars.distance`)
_WIDTHS = (0.72, 0.8)  # of an oval, in widths of a picture of 3:4 as high as the video
_CENTRES = (7 / 16, 9 / 16)  # of ovals, in widths and heights of the video
_FAR = 0.28  # the eyes' distance in widths of the oval above which a face is too near to begin; AWS's is 0.32

_BLACK_MS, _SCROLL_MS = 75, 475
_FLASHES = 7  # after the black one
_BRIGHT = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255))


@dataclass(frozen=True, slots=True)
class Oval:
    """Where the face belongs, in pixels of the video as it is recorded, which is not mirrored."""

    center_x: float
    center_y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Flash:
    """A colour that scrolls over the screen from its top, and then stays.

    Attributes:
        red, green, blue: 0–255.
        downscroll_ms: how long it takes to cover the screen.
        flat_ms: how long it then covers it.
    """

    red: int
    green: int
    blue: int
    downscroll_ms: int
    flat_ms: int


@dataclass(frozen=True, slots=True)
class Bars:
    """By what the client judges a face before it goes on; ratios 0–1, named as in AWS's ChallengeConfig.

    Attributes:
        detection: least score of its face detector.
        distance: the eyes' distance, in widths of an oval in the middle, that a face may have at most to begin.
        oval_iou: least overlap of the face with the oval.
        oval_ratio: height of the oval by its width.
        oval_iou_side: AWS's OvalIouWidthThreshold and OvalIouHeightThreshold, which the client does not use.
        face_iou_side: how far a face may reach beyond the oval, in its widths and heights, and still count as in it.
        fit_ms: how long a person has to bring the face into the oval.
    """

    detection: float = 0.75
    distance: float = _FAR
    oval_iou: float = 0.55
    oval_ratio: float = RATIO
    oval_iou_side: float = 0.25
    face_iou_side: float = 0.15
    fit_ms: int = 15_000


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one session asks for.

    Attributes:
        kind: LIGHT or MOVEMENT.
        version: one of its KINDS.
        width, height: of the video, in pixels.
        oval: where the face belongs.
        colors: in their order, the first of them black; none for MOVEMENT.
        bars: of the client.
    """

    kind: str
    version: str
    width: int
    height: int
    oval: Oval
    colors: tuple[Flash, ...] = ()
    bars: Bars = Bars()

    @property
    def away(self) -> float:
        """How much farther away than before a camera of 3:4 a face fills the oval, if the long sides see as much."""
        return max(self.width, self.height) / (4 / 3 * min(self.width, 0.75 * self.height))


def make(kind: str, version: str, video_width: int, video_height: int, random: Random) -> Challenge:
    """Draws a challenge.

    Args:
        kind: LIGHT or MOVEMENT.
        version: one of its KINDS.
        video_width: in pixels.
        video_height: in pixels.
        random: for a session, `secrets.SystemRandom()`, so that it cannot be foreseen.

    Raises:
        ValueError: there is no such challenge.
    """
    if version not in KINDS.get(kind, ()):
        raise ValueError(f"There is no challenge {kind} {version}.")
    share = random.uniform(*_WIDTHS)
    width = int(share * min(video_width, 0.75 * video_height))
    oval = Oval(
        _centre(video_width, width, random),
        _centre(video_height, int(width * RATIO), random),
        width,
        int(width * RATIO),
    )
    # a narrower oval is entered by a face that is farther away, so it must begin farther away to come nearer as much
    bars = Bars(distance=_FAR * share / _STATIC)
    colors = _flashes(random) if kind == LIGHT else ()
    return Challenge(kind, version, video_width, video_height, oval, colors, bars)


def _centre(length: int, side: int, random: Random) -> float:
    """Returns where an oval lies along one side of the video, within it and near its middle."""
    low, high = (min(max(share * length, side / 2), length - side / 2) for share in _CENTRES)
    return round(random.uniform(low, high))


def _flashes(random: Random) -> tuple[Flash, ...]:
    """Draws colours of which each differs from the one before, and each channel changes three times or more."""
    while True:
        drawn = [random.choice(_BRIGHT)]
        while len(drawn) < _FLASHES:
            drawn.append(random.choice([each for each in _BRIGHT if each != drawn[-1]]))
        changes = [sum(one[channel] != other[channel] for one, other in pairwise(drawn)) for channel in range(3)]
        if min(changes) >= 3:
            return (Flash(0, 0, 0, 0, _BLACK_MS), *(Flash(*each, _SCROLL_MS, 0) for each in drawn))
