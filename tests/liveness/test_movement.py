"""What moves in a face."""

from dataclasses import replace

from mien.liveness.movement import movement
from tests.liveness.acted import Actor, act, session

STIFF = Actor(lively=0.0, blinks=False)


def test_lids_that_shut_are_seen() -> None:
    open_, shuts = (movement(act(each, session(3))) for each in (STIFF, replace(STIFF, blinks=True)))
    assert open_ is not None and shuts is not None
    assert open_.blink < 0.05 and shuts.blink > 0.5 and open_.mimics < 0.1 < shuts.mimics


def test_few_frames_tell_nothing() -> None:
    seen = act(STIFF, session(3))
    assert movement([*seen[:8], *(replace(each, blendshapes=None) for each in seen[8:])]) is None
