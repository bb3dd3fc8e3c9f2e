"""Sessions acted by geometry: a face that is half an ellipsoid, or a picture of it on a plane, before a pinhole camera.

A screen beside the camera lights what it faces and is near. Lengths are in mm; x right, y down, z away from the camera.
"""

from dataclasses import dataclass
from functools import cached_property
from random import Random

import numpy as np
from numpy.typing import NDArray

from mien.liveness.challenge import LIGHT, Challenge, make
from mien.liveness.flashes import lights
from mien.liveness.movement import BLINKS
from mien.liveness.seen import Seen
from mien.liveness.skin import _PLACES, CELLS
from mien.liveness.told import Shown, Told

Values = NDArray[np.float64]

AXES = np.array([75.0, 100.0, 75.0])
FOCAL, SIZE = 540.0, (480, 640)
STILL, MOVES, HOLDS, AFTER = 600, 1800, 900, 300  # ms
START = 1_700_000_000_000
FIVE = np.array([(-31.0, -25.0), (31.0, -25.0), (0.0, 15.0), (-25.0, 50.0), (25.0, 50.0)])


def similarity(score: float, same: float) -> float:
    """Returns 80 for a cosine of 0.4 and 99 for one of 0.5, nearly as packs do."""
    return float(np.interp(score / same, [0.0, 0.4, 0.5, 1.0], [0.0, 80.0, 99.0, 100.0]))


@dataclass(frozen=True)
class Actor:
    """What is before the camera, and what it does.

    Attributes:
        flat: it is a picture of the face.
        ground: how far what is beside it lies behind it; 0 for a print with its own ground.
        blinks: whether it does.
        nearer: whether it comes into the oval.
        strength: light of the screen on it in the oval, in shares of other light.
        lit_as: the colours that fall on it, if not those of the challenge.
        noise: of the colours, 0–255.
        jitter: of the mesh, in pixels.
        lively: how much the mouth moves.
        living: what the networks say.
        faces: in each frame.
        stripes: of a screen.
        swapped: whether another person takes over half-way.
        every_ms: distance of the frames.
    """

    flat: bool = False
    ground: float = 1200.0
    blinks: bool = True
    nearer: bool = True
    strength: float = 0.2
    lit_as: Challenge | None = None
    noise: float = 0.5
    jitter: float = 0.3
    lively: float = 1.0
    living: float = 0.98
    faces: int = 1
    stripes: float | None = 16.0
    swapped: bool = False
    every_ms: int = 100

    @cached_property
    def points(self) -> Values:
        """The mesh in space, (478, 3), about the middle of the face."""
        random = np.random.default_rng(5)
        across = 0.93 * np.sqrt(random.random(478)) * np.exp(2j * np.pi * random.random(478))
        places = np.column_stack([across.real, across.imag])
        places[list(CELLS)] = (2 * _PLACES - 1) * 0.93
        outside = np.maximum(np.hypot(*places.T), 0.93) / 0.93
        places /= outside[:, None]
        return np.column_stack([places * AXES[:2], -AXES[2] * np.sqrt(1 - (places**2).sum(axis=1))])

    @cached_property
    def facing(self) -> Values:
        """Unit vectors out of the surface at its points."""
        if self.flat:
            return np.tile([0.0, 0.0, -1.0], (478, 1))
        out = self.points / AXES**2
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True))


def session(seed: int, kind: str = LIGHT) -> Challenge:
    return make(kind, "2.0.0" if kind == LIGHT else "1.0.0", *SIZE, Random(seed))


def told(challenge: Challenge) -> Told:
    """What an honest client says."""
    at, shown = STILL + MOVES + HOLDS, []
    for index, flash in enumerate(challenge.colors):
        shown.append(Shown(index, flash.red, flash.green, flash.blue, START + at))
        at += flash.downscroll_ms + flash.flat_ms
    end = START + at + AFTER
    return Told(START, end, colors=tuple(shown), asked_ms=START - 900, received_ms=end + 300)


def act(actor: Actor, challenge: Challenge, seed: int = 1) -> list[Seen]:
    """Returns what the frames of a session show."""
    random = np.random.default_rng(seed)
    said, oval = told(challenge), challenge.oval
    length = (said.video_end_ms or 0) - START
    people = [np.random.default_rng(number).normal(size=64) for number in (1, 2)]
    seen = []
    for at in range(0, length, actor.every_ms):
        part = np.clip((at - STILL) / MOVES, 0, 1) if actor.nearer else 0.0
        wide = oval.width * (0.52 + 0.42 * part)  # of the face
        away = FOCAL * 2 * AXES[0] / wide + AXES[2] / 2
        middle = np.array([SIZE[0] / 2, SIZE[1] / 2]) * (1 - part) + np.array([oval.center_x, oval.center_y]) * part
        mesh, landmarks = _projected(actor, away, middle, at, random)
        closely = at % 500 < actor.every_ms
        other = int(actor.swapped and part > 0.9)
        shapes = np.full(52, 0.05, np.float32) + random.normal(0, 0.005, 52).astype(np.float32)
        shapes[list(BLINKS)] += 0.6 * float(actor.blinks and at % 2500 in range(1200, 1450))
        box = (*mesh[:, :2].min(axis=0), *mesh[:, :2].max(axis=0))
        seen.append(
            Seen(
                at,
                actor.faces,
                (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
                landmarks.astype(np.float32),
                (people[other] + random.normal(0, 0.4, 64)).astype(np.float32) if closely else None,
                mesh,
                shapes,
                _colours(actor, challenge, at - 60, away, random),
                np.array([(1 - actor.living) / 2, actor.living, (1 - actor.living) / 2], np.float32)
                if closely
                else None,
                actor.stripes,
            )
        )
    return seen


def _projected(
    actor: Actor, away: float, middle: Values, at: int, random: np.random.Generator
) -> tuple[Values, Values]:
    """Returns the mesh (478, 3) and the five landmarks in pixels."""
    whole = np.vstack(
        [actor.points, np.column_stack([FIVE, -AXES[2] * np.sqrt(1 - (FIVE**2 / AXES[:2] ** 2).sum(axis=1))])]
    )
    if actor.flat:  # what a camera 700 mm away saw, on a plane
        whole = np.column_stack([whole[:, :2] * 700 / (700 + whole[:, 2:]), np.zeros(len(whole))])
    else:
        whole = whole + np.column_stack(
            [np.zeros(len(whole)), actor.lively * 1.5 * np.sin(at / 300) * (whole[:, 1] > 30), np.zeros(len(whole))]
        )
    places = FOCAL * whole[:, :2] / (away + whole[:, 2:]) + middle
    places = places + random.normal(0, actor.jitter, places.shape)
    depth = actor.points[:, 2:] * FOCAL / away  # as the mesh network sees it, in a picture as well
    return np.hstack([places[:478], depth]), places[478:]


def _colours(
    actor: Actor, challenge: Challenge, at: int, away: float, random: np.random.Generator
) -> NDArray[np.float32]:
    """Returns what `skin.colours` would measure."""
    played = actor.lit_as or challenge
    light = lights(played, told(played), np.array([float(at)]))[0] if played.colors else 0.3
    light = np.nan_to_num(np.broadcast_to(light, 3), nan=0.3)
    places = actor.points[list(CELLS)] + (0, 0, away)
    if actor.flat:
        places[:, 2] = away
    ways = -places / np.linalg.norm(places, axis=1, keepdims=True)
    meets = (
        np.clip((ways * actor.facing[list(CELLS)]).sum(axis=1), 0, None) * (300 / np.linalg.norm(places, axis=1)) ** 2
    )
    beside = (300 / (away + actor.ground)) ** 2
    lit = actor.strength * np.append(meets, [beside, beside])
    linear = np.array([0.35, 0.22, 0.17]) * (1 + lit[:, None] * light)
    return np.asarray(255 * linear ** (1 / 2.2) + random.normal(0, actor.noise, linear.shape), np.float32)
