"""The kinds of films: what each living sequence and each attack is, for any person."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import cv2
import numpy as np

from benchmarks.liveness.films import (
    EPOCH,
    MOVES_MS,
    STILL_MS,
    Scene,
    play,
    recorded,
    told,
)  # fmt: skip
from benchmarks.liveness.people import Photographed
from benchmarks.liveness.scene import Person, Screen, Shot, View
from mien.liveness.challenge import LIGHT, MOVEMENT, Challenge, make
from mien.liveness.told import Told

SIZE = (360, 480)


@dataclass
class Take:
    """A film as it is received: WebM, what was asked, and what the client says."""

    film: bytes
    challenge: Challenge
    told: Told


Cast = Any  # Photographed or Filmed
Make = Callable[[Cast, Cast, int], Take]  # who it is, somebody else, a seed


def living(strength: float = 0.25, kind: str = LIGHT, screen: Screen | None = None, noise: float = 2.0) -> Make:
    """A living person who does what is asked."""

    def made(actor: Cast, _: Cast, seed: int) -> Take:
        challenge = _asked(seed, kind)
        return _take(Scene(actor, replace(screen or Screen(), strength=strength), noise=noise), challenge, seed)

    return made


def printed(kind: str = LIGHT, strength: float = 0.25, cut: bool = False, tilt: float = 6.0, soft: bool = True) -> Make:
    """A photograph on paper that is moved before the camera: a rectangle, or cut out around the face as a mask."""

    def made(actor: Cast, _: Cast, seed: int) -> Take:
        held = _still(actor, seed, tilt)
        before = _cut_out(held) if cut else _on_paper if soft else Scene.before
        scene = Scene(held, Screen(strength=strength), flat=True, before=before)
        return _take(scene, _asked(seed, kind), seed)

    return made


def screened(kind: str = LIGHT, moire: float = 0.08, own: bool = True) -> Make:
    """A film of a living person, shown on a screen: with the colours of its own session, or none, and a moiré."""

    def made(actor: Cast, _: Cast, seed: int) -> Take:
        challenge = _asked(seed, kind)
        other = make(LIGHT, "2.0.0", *SIZE, Random(seed + 999)) if own else replace(challenge, colors=())

        pitch = Random(seed).uniform(0.8, 1.2)  # of the screen, in pixels of the camera

        def after(frame: np.ndarray, seconds: float) -> np.ndarray:
            return _moire(frame, seconds, moire, pitch)

        scene = Scene(actor, Screen(strength=0.25), shown=replace(other, oval=challenge.oval), after=after)
        return _take(scene, challenge, seed)

    return made


def replayed(kind: str = LIGHT) -> Make:
    """Frames that were really filmed from a screen, moved as a plane into the oval, with a weak reflection."""

    def made(actor: Cast, _: Cast, seed: int) -> Take:
        return _take(Scene(_Flat(actor, seed, 3.0), Screen(strength=0.08), flat=True), _asked(seed, kind), seed)

    return made


def swapped(actor: Cast, other: Cast, seed: int) -> Take:
    """One person comes into the oval, and another one is lit by the colours."""
    return _take(Scene(_Swap(actor, other, (STILL_MS + MOVES_MS + 400) / 1000)), _asked(seed), seed)


def two(actor: Cast, other: Cast, seed: int) -> Take:
    """Another person's face is beside the living one."""
    face = other.person

    def before(shot: Shot, _: float) -> Shot:
        box = np.concatenate([face.mesh[:, :2].min(axis=0), face.mesh[:, :2].max(axis=0)]).astype(int)
        head = face.pixels[max(0, box[1] - 20) : box[3] + 10, max(0, box[0] - 8) : box[2] + 8]
        side = int(0.3 * shot.frame.shape[1])
        head = cv2.resize(head, (side, int(side * head.shape[0] / head.shape[1])), interpolation=cv2.INTER_AREA)
        frame = shot.frame.copy()
        frame[10 : 10 + head.shape[0], 4 : 4 + side] = head
        return replace(shot, frame=frame)

    return _take(Scene(actor, before=before), _asked(seed), seed)


def distant(actor: Cast, _: Cast, seed: int) -> Take:
    """A living person who never comes nearer."""
    return _take(Scene(actor, nearer=False), _asked(seed), seed)


def elsewhere(actor: Cast, _: Cast, seed: int) -> Take:
    """A living person who comes nearer at another place than asked, as in a film of another session."""
    challenge = _asked(seed)
    oval = challenge.oval
    aside = replace(oval, center_x=oval.center_x + 0.42 * oval.width * (1 if seed % 2 else -1))
    return replace(_take(Scene(actor), replace(challenge, oval=aside), seed), challenge=challenge)


def another_session(actor: Cast, _: Cast, seed: int) -> Take:
    """A living person, lit by the colours of another session."""
    challenge = _asked(seed)
    other = make(LIGHT, "2.0.0", *SIZE, Random(seed + 5000))
    return _take(Scene(actor, shown=replace(other, oval=challenge.oval)), challenge, seed)


def dark(actor: Cast, _: Cast, seed: int) -> Take:
    """A living person whose screen shows no colours at all."""
    return _take(Scene(actor, Screen(strength=0.0)), _asked(seed), seed)


def injected(actor: Cast, other: Cast, seed: int) -> Take:
    """A film that was finished before the challenge was known, in the right colours by chance."""
    take = living()(actor, other, seed)
    asked = take.told.video_end_ms or EPOCH
    return replace(take, told=replace(take.told, asked_ms=asked - 3000, received_ms=asked + 300))


def computed(face_only: bool) -> Make:
    """A still photograph that a program enlarges into the oval and tints in the right colours: a virtual camera."""

    def made(actor: Cast, _: Cast, seed: int) -> Take:
        scene = Scene(_still(actor, seed, 0.0), Screen(strength=0.25), flat=True, noise=1.0)
        if face_only:
            scene = replace(scene, before=_cut_out(scene.actor))
        return _take(scene, _asked(seed), seed)

    return made


def frozen(actor: Cast, _: Cast, seed: int) -> Take:
    """One frame of a living face in the oval, all the time."""
    return _take(Scene(_Pasted(actor.at(0.7)), nearer=False, noise=0.0, flat=True), _asked(seed), seed)


def animated(actor: Cast, _: Cast, seed: int) -> Take:
    """A photograph that a program animates, with blinks, and enlarges as a plane; it knows nothing of the colours."""
    warped = Photographed(actor.person, np.random.default_rng(seed), 1.2)
    return _take(Scene(warped, Screen(strength=0.0), flat=True), _asked(seed), seed)


LIVING: dict[str, Make] = {
    "living": living(),
    "living, weak light": living(0.1),
    "living, strong light": living(0.5, screen=Screen(300, 180)),
    "living, noisy camera": living(0.25, noise=5.0),
    "living, movement only": living(kind=MOVEMENT),
}
ATTACKS: dict[str, Make] = {
    "print": printed(),
    "print, strong light": printed(strength=0.5),
    "print, movement only": printed(MOVEMENT),
    "paper mask": printed(cut=True, tilt=9.0),
    "paper mask, movement only": printed(MOVEMENT, cut=True, tilt=9.0),
    "screen with moiré, own colours": screened(),
    "screen with moiré, movement only": screened(MOVEMENT),
    "another person half-way": swapped,
    "two people": two,
    "never nearer": distant,
    "another oval": elsewhere,
    "colours of another session": another_session,
    "no colours": dark,
    "film made before": injected,
    "enlarged still, tinted": computed(False),
    "enlarged still, face tinted": computed(True),
    "one frame": frozen,
    "animated photograph": animated,
}


def _asked(seed: int, kind: str = LIGHT) -> Challenge:
    return make(kind, "2.0.0" if kind == LIGHT else "1.0.0", *SIZE, Random(seed))


def _take(scene: Scene, challenge: Challenge, seed: int) -> Take:
    return Take(recorded(play(scene, challenge, seed)), challenge, told(challenge))


@dataclass
class _Pasted:
    """A picture that does not move at all."""

    person: Person

    def at(self, _: float) -> Person:
        return self.person

    def sway(self, _: float, view: View) -> View:
        return view


@dataclass
class _Flat:
    """A picture in a hand: it trembles and tilts as a whole."""

    actor: Cast
    seed: int
    tilt: float
    _waves: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._waves = np.random.default_rng(self.seed).uniform(0, 6.3, (6, 2))

    @property
    def person(self) -> Person:
        return self.actor.person

    def at(self, seconds: float) -> Person:
        return self.actor.at(seconds)

    def sway(self, seconds: float, view: View) -> View:
        shakes = [float(np.sin(2.0 * seconds + a) + 0.5 * np.sin(7.0 * seconds + b)) / 1.5 for a, b in self._waves]
        return View(
            view.x + 0.05 * view.eyes * shakes[0], view.y + 0.05 * view.eyes * shakes[1],
            view.eyes * (1 + 0.02 * shakes[2]), view.yaw + self.tilt * shakes[3], view.pitch + self.tilt * shakes[4],
            view.roll + 2 * shakes[5],
        )  # fmt: skip


def _still(actor: Cast, seed: int, tilt: float) -> _Flat:
    return _Flat(Photographed(actor.at(0.7), np.random.default_rng(seed), 0.0), seed, tilt)


def _on_paper(shot: Shot, _: float) -> Shot:
    """Colours and contrast of a print, a little soft."""
    frame = cv2.GaussianBlur(shot.frame, (0, 0), 0.7)
    return replace(shot, frame=32 + 0.78 * frame * np.array([0.97, 1.0, 1.02], np.float32))


def _cut_out(held: _Flat) -> Callable[[Shot, float], Shot]:
    """A mask of paper: what lies outside the head is the room behind, which little light of the screen reaches."""

    def before(shot: Shot, _: float) -> Shot:
        frame = shot.frame
        mask = shot.also(held.person.head)
        room = np.full_like(frame, (120, 130, 140))
        room += 25 * np.sin(np.arange(frame.shape[1]) / 23.0)[None, :, None].astype(np.float32)
        coarse = cv2.resize(mask, shot.places.shape[1::-1], interpolation=cv2.INTER_AREA)[:, :, None]
        far = shot.places * (coarse + (1 - coarse) * 4.0)
        paper = 32 + 0.78 * frame
        return replace(shot, frame=paper * mask[:, :, None] + room * (1 - mask[:, :, None]), places=far)

    return before


def _moire(frame: np.ndarray, seconds: float, strength: float, pitch: float) -> np.ndarray:
    """What a camera makes of a screen, whose red, green and blue stripes and rows are about as fine as its own pixels.

    The grid is nearly too fine for the camera, and beats with its pixels: bands of colour that wander as it moves.
    """
    rows, columns = frame.shape[:2]
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
    turn = 0.03 + 0.004 * np.sin(1.7 * seconds)
    pitch = pitch * (1 + 0.004 * np.sin(2.3 * seconds))
    across = 2 * np.pi * (np.cos(turn) * xs + np.sin(turn) * ys + 4 * np.sin(seconds)) / pitch
    down = 2 * np.pi * (np.cos(turn) * ys - np.sin(turn) * xs) / pitch
    stripes = np.dstack([np.cos(across + 2 * np.pi * part / 3) for part in (0, 1, 2)]) + 0.5 * np.cos(down)[:, :, None]
    return 18 + 0.85 * frame * np.array([1.06, 1.0, 0.94], np.float32) * (1 + strength * stripes)


@dataclass
class _Swap:
    """One person until a moment, then another."""

    one: Cast
    other: Cast
    when: float

    @property
    def person(self) -> Person:
        return self.one.person

    def at(self, seconds: float) -> Person:
        return (self.one if seconds < self.when else self.other).at(seconds)

    def sway(self, seconds: float, view: View) -> View:
        return (self.one if seconds < self.when else self.other).sway(seconds, view)
