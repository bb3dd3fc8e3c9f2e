"""What a person is told to do otherwise."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mien.liveness.advice import ADVICE
from mien.liveness.decide import decide
from mien.liveness.movement import BLINKS
from mien.liveness.seen import Seen
from tests.liveness.acted import Actor, act, session, similarity, told


def lit(factor: float) -> Callable[[Seen], Seen]:
    return lambda each: replace(each, colours=np.clip(factor * np.asarray(each.colours), 0, 255).astype(np.float32))


def shut(each: Seen) -> Seen:
    shapes = np.array(each.blendshapes)
    shapes[list(BLINKS)] = 0.8
    return replace(each, blendshapes=shapes)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda each: each if each.at_ms % 3 == 0 and each.at_ms % 200 else Seen(each.at_ms), "face_not_visible"),
        (lambda each: replace(each, faces=2), "face_not_visible"),
        (lambda each: replace(each, mesh=None, blendshapes=None), "face_obstruction_detected"),
        (lambda each: replace(each, at_ms=10 * each.at_ms), "low_video_quality_detected"),
        (lambda each: replace(each, landmarks=np.asarray(each.landmarks) + 300), "face_not_aligned"),
        (shut, "eyes_closed_detected"),
        (lit(0.25), "low_lighting_detected"),
        (lit(3.0), "high_lighting_detected"),
    ],
)
def test_a_condition_is_told(change: Callable[[Seen], Seen], code: str) -> None:
    challenge = session(3)
    seen = [change(each) for each in act(Actor(), challenge)]
    assert code in dict(decide(challenge, told(challenge), seen, similarity).feedback)


def test_a_good_film_needs_no_advice() -> None:
    challenge = session(3)
    assert decide(challenge, told(challenge), act(Actor(), challenge), similarity).feedback == ()


def test_advice_fits_aws() -> None:
    assert len(ADVICE) <= 10 and all(1 <= len(each) <= 512 for each in ADVICE.values())
