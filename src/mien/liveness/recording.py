"""Whether a film is a camera's, made after the challenge was known: by its times, and by what changes in it."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from mien.liveness.finding import Evidence, ramp
from mien.liveness.seen import Seen
from mien.liveness.told import Told

_EARLY_MS = (1500.0, 300.0)  # how much longer than its session a film may be; scored 0 and 1, as all below
_RATE, _GAP_MS, _FROZEN = (4.0, 7.0), (1500.0, 700.0), (0.6, 0.3)
_APART_MS = (4000.0, 1500.0)  # between the film's length, and what the client says it is
_STILL = 0.01  # what a colour changes, of 255, in two frames that are one picture


def recording(told: Told, seen: Sequence[Seen]) -> Evidence:
    """Returns evidence on a film; `seen` has all of its frames that were looked at."""
    times = np.array([each.at_ms for each in seen], np.float64)
    length = float(times[-1] - times[0])
    gaps = np.diff(times)
    rate = 1000 * len(gaps) / max(length, 1.0)
    found = [
        (ramp(rate, *_RATE), f"It has {rate:.0f} frames a second."),
        (ramp(float(gaps.max()), *_GAP_MS), f"It has a gap of {gaps.max():.0f} ms."),
        (ramp(_frozen(seen), *_FROZEN), f"{_frozen(seen):.0%} of its frames are the picture before them."),
    ]
    if told.asked_ms is not None and told.received_ms is not None:
        early = length - (told.received_ms - told.asked_ms)
        found.append((ramp(early, *_EARLY_MS), f"It began {early:.0f} ms before the challenge was known."))
    if told.video_start_ms is not None and told.video_end_ms is not None:
        apart = abs(length - (told.video_end_ms - told.video_start_ms))
        found.append((ramp(apart, *_APART_MS), f"Its length differs by {apart:.0f} ms from what the client says."))
    score, why = min(found)
    said = f"It has {rate:.0f} frames a second, and was made after the challenge was known." if score == 1 else why
    return Evidence("film", score, said)


def _frozen(seen: Sequence[Seen]) -> float:
    """Returns the share of frames in which not even the noise of a camera changes."""
    known = [each.colours for each in seen if each.colours is not None and np.isfinite(each.colours).any()]
    if len(known) < 2:
        return 0.0
    changes = [np.max(np.nan_to_num(np.abs(one - other))) for one, other in pairwise(known)]
    return float(np.mean(np.array(changes) < _STILL))
