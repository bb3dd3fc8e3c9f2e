"""Blinks, and what looks like one."""

from dataclasses import replace

import numpy as np

from mien.liveness.decide import decide
from mien.liveness.movement import BLINKS, blink
from mien.liveness.seen import Seen
from tests.liveness.acted import Actor, act, session, similarity, told

STIFF = Actor(lively=0.0, blinks=False)


def swinging(seen: list[Seen]) -> list[Seen]:
    """All features seem to move, lids among them, as in a picture that is tilted to and fro."""
    found = []
    for each in seen:
        assert each.blendshapes is not None
        by = 0.12 * (1 + np.sin(each.at_ms / 400)) * np.linspace(0, 1, len(each.blendshapes))
        by[list(BLINKS)] = by.max() / 2
        found.append(replace(each, blendshapes=(each.blendshapes + by).astype(np.float32)))
    return found


def test_lids_that_shut_are_seen() -> None:
    open_, shuts = (blink(act(each, session(3))) for each in (STIFF, replace(STIFF, blinks=True)))
    assert open_ is not None and shuts is not None
    assert open_ < 0.05 and shuts > 0.5


def test_a_picture_that_is_tilted_does_not_blink() -> None:
    challenge = session(3)
    seen = swinging(act(STIFF, challenge))
    found = {each.name: each for each in decide(challenge, told(challenge), seen, similarity).evidence}
    assert found["movement"].score < 0.2


def test_few_frames_tell_nothing() -> None:
    seen = act(STIFF, session(3))
    assert blink([*seen[:8], *(replace(each, blendshapes=None) for each in seen[8:])]) is None
