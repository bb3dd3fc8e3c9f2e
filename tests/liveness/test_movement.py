"""What moves in a face that no flat picture can show."""

from dataclasses import replace

import numpy as np
import pytest

from mien.liveness.movement import movement
from mien.liveness.seen import Seen
from tests.liveness.acted import SIZE, Actor, act, session

STIFF = Actor(lively=0.0, blinks=False)


def tilted(seen: list[Seen], strength: float) -> list[Seen]:
    """Bends each frame as the tilting of a flat picture would, by a projective map that changes over time."""
    found = []
    for each in seen:
        assert each.mesh is not None
        x, y = (each.mesh[:, :2] - np.array(SIZE) / 2).T / 300
        a, b = strength * np.sin(each.at_ms / 700), strength * np.cos(each.at_ms / 900)
        far = 1 + a * x + b * y
        mesh = np.column_stack([300 * x / far + SIZE[0] / 2, 300 * y / far + SIZE[1] / 2, each.mesh[:, 2]])
        found.append(replace(each, mesh=mesh))
    return found


@pytest.mark.parametrize("strength", [0.0, 0.05, 0.2])
def test_a_flat_picture_shows_no_depth_however_it_is_tilted(strength: float) -> None:
    found = movement(tilted(act(replace(STIFF, flat=True), session(3)), strength))
    assert found is not None and found.parallax < 3


@pytest.mark.parametrize("seed", range(3))
def test_a_face_that_comes_nearer_shows_its_depth(seed: int) -> None:
    near, far = (movement(act(each, session(seed), seed)) for each in (STIFF, replace(STIFF, nearer=False)))
    assert near is not None and far is not None
    assert near.parallax > 7 and far.parallax < 3


def test_lids_that_shut_are_seen() -> None:
    open_, shuts = (movement(act(each, session(3))) for each in (STIFF, replace(STIFF, blinks=True)))
    assert open_ is not None and shuts is not None
    assert open_.blink < 0.05 and shuts.blink > 0.5 and open_.mimics < 0.1 < shuts.mimics


def test_few_meshes_tell_nothing() -> None:
    seen = act(STIFF, session(3))
    assert movement([*seen[:8], *(replace(each, mesh=None) for each in seen[8:])]) is None
