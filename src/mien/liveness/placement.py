"""Whether the face came nearer and fills the oval that was asked for, alone.

A face is measured as AWS's client does (`generateBboxFromLandmarks` in `@aws-amplify/ui-react-liveness`), so that
client and server mean one thing by a face that fills the oval.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.liveness.challenge import RATIO, Challenge
from mien.liveness.finding import Evidence, ramp
from mien.liveness.seen import Seen
from mien.liveness.told import Rectangle, Told

_EYES, _HEIGHT = 2.0, 1.8  # weights of the eyes' distance and of eyes to mouth in the width of a face, from that client
_BEGINS_MS, _ENDS_MS = 500, 500  # how much of a film shows the face where it began, and where it ended
_OVERLAPS, _GROWS, _ALONE = (0.36, 0.54), (1.02, 1.15), (0.70, 0.95)  # scored 0 and 1


def placement(challenge: Challenge, told: Told, seen: Sequence[Seen]) -> list[Evidence]:
    """Returns evidence on where the face is; `seen` has frames with faces only."""
    late = in_oval(told, seen)
    overlap = float(
        np.percentile(
            [_overlap(measured(each.landmarks), challenge) for each in late if each.landmarks is not None], 60
        )
    )
    early = [each for each in seen if each.at_ms <= seen[0].at_ms + _BEGINS_MS]
    sizes = [float(np.median([size(each) for each in frames])) for frames in (early, late)]
    grows = sizes[1] / max(sizes[0], 1e-6)
    alone = float(np.mean([each.faces == 1 for each in seen]))
    shares = [width / challenge.oval.width for width in sizes]
    return [
        Evidence("oval", ramp(overlap, *_OVERLAPS), f"The face overlaps the oval by {overlap:.0%}."),
        Evidence(
            "nearer",
            ramp(grows, *_GROWS),
            f"The face grows from {shares[0]:.0%} of the oval's width to {shares[1]:.0%}.",
        ),
        Evidence("alone", ramp(alone, *_ALONE), f"It is the only face in {alone:.0%} of the frames."),
    ]


def in_oval(told: Told, seen: Sequence[Seen]) -> list[Seen]:
    """Returns the frames in which the face should be in the oval: since the first colour, or the last of the film."""
    if told.colors and told.video_start_ms is not None:
        since = told.colors[0].at_ms - told.video_start_ms
        late = [each for each in seen if each.at_ms >= since]
        if late:
            return late
    return [each for each in seen if each.at_ms >= seen[-1].at_ms - _ENDS_MS]


def measured(landmarks: NDArray[np.floating]) -> Rectangle:
    """Returns the rectangle around a face by its five landmarks."""
    left, right, nose, *mouth = np.asarray(landmarks, np.float64)
    eyes = (left + right) / 2
    down = np.linalg.norm(eyes - np.mean(mouth, axis=0))
    width = float(_EYES * np.linalg.norm(right - left) + _HEIGHT * down) / 2
    x, y = (eyes + nose) / 2
    return x - width / 2, y - RATIO * width / 2, x + width / 2, y + RATIO * width / 2


def size(seen: Seen) -> float:
    """Returns the width of the face in a frame by its landmarks, 0 where there is none."""
    if seen.landmarks is None:
        return 0.0
    left, _, right, _ = measured(seen.landmarks)
    return right - left


def _overlap(face: Rectangle, challenge: Challenge) -> float:
    """Returns intersection over union of a face and the rectangle around the oval."""
    oval, (x1, y1, x2, y2) = challenge.oval, face
    y1, y2 = max(y1, 0.0), min(y2, float(challenge.height))
    across = min(x2, oval.center_x + oval.width / 2) - max(x1, oval.center_x - oval.width / 2)
    down = min(y2, oval.center_y + oval.height / 2) - max(y1, oval.center_y - oval.height / 2)
    common = max(across, 0.0) * max(down, 0.0)
    return common / max((x2 - x1) * (y2 - y1) + oval.width * oval.height - common, 1e-6)
