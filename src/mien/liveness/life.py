"""Whether what did it is alive: five clues, none of which is certain, weighed together.

Each clue shifts the odds by at most what it is worth: a blink says more for a living face than its absence says against
one, and what the networks take for a living face may still be a good print.
"""

from collections.abc import Mapping, Sequence
from math import exp

import numpy as np

from mien.liveness.challenge import LIGHT, Challenge
from mien.liveness.depth import Depth, depth
from mien.liveness.finding import Evidence, ramp
from mien.liveness.flashes import Flashes
from mien.liveness.movement import blink
from mien.liveness.seen import Seen
from mien.liveness.skin import FRONT, SIDES

NETWORKS, MOVES, SKIN, DEPTH, STRIPES, LIFE = (
    "networks", "movement", "light on the skin", "depth", "stripes", "life",
)  # fmt: skip
# By how much each clue shifts the logarithm of the odds: against a living face at a score of 0, and for it at 1.
WORTH: Mapping[str, tuple[float, float]] = {
    NETWORKS: (-7.0, 1.0), MOVES: (-1.5, 3.0), SKIN: (-3.5, 2.5), DEPTH: (-4.5, 3.0),
    STRIPES: (-5.0, 0.0),
}  # fmt: skip
_LIVE = 1  # the class of living faces of the networks
_LIVES, _BLINKS = (0.1, 0.6), (0.10, 0.35)  # scored 0 and 1, as all below
_CURVES, _GROUNDS, _DEEP = (1.12, 1.40), (1.0, 0.5), (0.08, 0.16)
_STRIPES, _LEAST_CELLS = (45.0, 28.0), 0.6
_GROWS = (1.15, 1.4)  # how much nearer a face must come for its depth to tell nothing, and all
_FARTHEST = 4 / 3  # by which the depth that a camera of 4:3 or 16:9 shows is enlarged; beyond that noise would count
_UNSURE = 0.35  # of a depth that may be a face's or a flat picture's


def clues(seen: Sequence[Seen], found: Flashes | None, challenge: Challenge) -> list[Evidence]:
    """Returns the clues that a film gives; that of the light only where the challenge had colours."""
    given = [
        _networks(seen),
        _movement(blink(seen)),
        _depth(depth(seen), min(challenge.away, _FARTHEST)),
        *_stripes(seen),
    ]
    return [*given, _skin(found)] if challenge.kind == LIGHT else given


def life(found: Sequence[Evidence]) -> Evidence:
    """Weighs the clues."""
    odds = 0.0
    for each in found:
        against, pro = WORTH[each.name]
        odds += against + (pro - against) * each.score
    names = [each.name for each in sorted(found, key=lambda each: each.score) if each.score < 0.5]
    said = f"Against a living face: {', '.join(names)}." if names else "All clues are those of a living face."
    return Evidence(LIFE, 1 / (1 + exp(-odds)), said)


def _networks(seen: Sequence[Seen]) -> Evidence:
    live = [float(each.living[_LIVE]) for each in seen if each.living is not None]
    if not live:
        return Evidence(NETWORKS, 0.5, "The networks that tell a living face did not look.")
    middle = float(np.median(live))
    return Evidence(NETWORKS, ramp(middle, *_LIVES), f"The networks take it for a living face by {middle:.0%}.")


def _movement(shut: float | None) -> Evidence:
    if shut is None:
        return Evidence(MOVES, 0.0, "Too few frames show the face well enough to see it move.")
    return Evidence(MOVES, ramp(shut, *_BLINKS), f"Its lids shut for a moment by {shut:.0%}.")


def _depth(found: Depth | None, away: float) -> Evidence:
    if found is None:
        return Evidence(DEPTH, 0.0, "Too few frames show the face well enough to see its depth.")
    told = ramp(found.grows, *_GROWS)
    least, most = (ramp(away * (found.shown + error), *_DEEP) for error in (-found.error, found.error))
    said = (
        f"Coming nearer {found.grows:.2f} times, it shows a depth of {found.shown:.2f} ± {found.error:.2f}; "
        "a flat picture has none."
    )
    return Evidence(DEPTH, told * (least + _UNSURE * (most - least)) + (1 - told) * _UNSURE, said)


def _stripes(seen: Sequence[Seen]) -> list[Evidence]:
    found = [each.stripes for each in seen if each.stripes is not None]
    if not found:
        return []
    middle = float(np.median(found))
    said = f"A regular pattern stands out of its skin by {middle:.0f}; those of screens do by 40 or more."
    return [Evidence(STRIPES, ramp(middle, *_STRIPES), said)]


def _skin(found: Flashes | None) -> Evidence:
    if found is None or found.strength <= 0:
        return Evidence(SKIN, 0.0, "No light of the screen is found on the face.")
    parts = [each[np.isfinite(each)] for each in np.split(found.cells, [len(FRONT)])]
    if min(len(each) for each in parts) < _LEAST_CELLS * min(len(FRONT), len(SIDES)):
        return Evidence(SKIN, 0.5, "The face is burnt out, so that the light of the screen is not seen on all of it.")
    front, sides = (float(np.median(each)) for each in parts)
    curve = front / sides if sides > 0 else 10.0
    score = ramp(curve, *_CURVES)
    said = f"Its front is lit {min(curve, 10.0):.1f} times as much as its sides"
    if np.isfinite(found.ground):
        score *= ramp(found.ground, *_GROUNDS)
        said += f", and the ground {max(found.ground, 0.0):.0%} as much as the face"
    return Evidence(SKIN, score, said + ".")
