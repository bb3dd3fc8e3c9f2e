"""The depth of a face that comes nearer, which no flat picture has."""

from dataclasses import replace

import numpy as np
import pytest

from mien.liveness import life
from mien.liveness.challenge import MOVEMENT
from mien.liveness.depth import Depth, depth
from mien.liveness.seen import Seen
from tests.liveness.acted import AXES, FOCAL, SIZE, Actor, act, session

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


@pytest.mark.parametrize("jitter", [0.3, 2.0])
@pytest.mark.parametrize("strength", [0.0, 0.05, 0.2])
def test_a_flat_picture_shows_none_however_it_is_tilted(strength: float, jitter: float) -> None:
    found = depth(tilted(act(replace(STIFF, flat=True, jitter=jitter), session(3)), strength))
    assert found is not None and abs(found.shown) < 0.06


@pytest.mark.parametrize("jitter", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_depth_shown_is_the_width_of_a_face_by_its_distance(seed: int, jitter: float) -> None:
    challenge = session(seed)
    found = depth(act(replace(STIFF, jitter=jitter), challenge, seed))
    near = FOCAL * 2 * AXES[0] / (challenge.oval.width * 0.94) + AXES[2] / 2 - AXES[2] / 2  # of the middle of the face
    assert found is not None and found.grows > 1.5
    assert found.shown == pytest.approx(0.93 * 2 * AXES[0] / near, rel=0.35)


def test_a_picture_whose_depth_seems_to_change_is_not_sure_of_it() -> None:
    """The mesh takes the tilt of some pictures for a depth that comes and goes."""
    seen = act(replace(STIFF, flat=True), session(3))
    bulging = []
    for number, each in enumerate(seen):
        assert each.mesh is not None and each.box is not None
        middle, nearer = each.mesh.mean(axis=0), number / len(seen)
        part = (0.3 * nearer + 0.2 * np.sin(number / 3)) * -(each.mesh[:, 2:] - middle[2]) / np.ptp(each.mesh[:, 0])
        mesh = each.mesh + np.hstack([part * (each.mesh - middle)[:, :2], np.zeros((len(each.mesh), 1))])
        bulging.append(replace(each, mesh=mesh))
    found, steady = depth(bulging), depth(act(STIFF, session(3)))
    assert found is not None and steady is not None
    assert found.shown > 0.1 and found.shown - found.error < 0.08
    assert steady.shown - steady.error > 0.16
    scored = [
        next(each for each in life.clues(film, None, session(3, MOVEMENT)) if each.name == "depth")
        for film in (bulging, seen)
    ]
    assert scored[1].score < 0.1 and scored[0].score < 0.4


def test_before_a_wide_camera_less_depth_is_a_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face fills the oval from farther away there, and shows less of it."""
    portrait = replace(session(3, MOVEMENT), width=360, height=480)
    wide = [replace(portrait, width=width, height=height) for width, height in ((640, 480), (720, 1280))]
    assert [each.away for each in (portrait, *wide)] == pytest.approx([1, 4 / 3, 4 / 3])
    monkeypatch.setattr(life, "depth", lambda _: Depth(0.12, 0.02, 1.6))
    seen = act(STIFF, session(3))
    scores = [
        next(each.score for each in life.clues(seen, None, asked) if each.name == "depth")
        for asked in (portrait, *wide)
    ]
    assert scores[0] < 0.6 and min(scores[1:]) > 0.7


def test_a_face_that_stays_where_it_is_tells_nothing() -> None:
    found = depth(act(replace(STIFF, nearer=False), session(3)))
    assert found is not None and found.grows < 1.05


def test_few_meshes_tell_nothing() -> None:
    seen = act(STIFF, session(3))
    assert depth([*seen[:8], *(replace(each, mesh=None) for each in seen[8:])]) is None
