"""The people of the films: one who was filmed, and photographs that blink, speak a little and sway.

A photograph is brought to life by moving the points of its mesh, so that such a person shows that a measure works on
many faces, and not how living faces move.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from benchmarks.liveness.look import Looker
from benchmarks.liveness.scene import Person, View, framed, moved
from mien.video.film import Frame

LIDS = {159: 145, 158: 153, 160: 144, 161: 163, 157: 154, 386: 374, 385: 380, 387: 373, 388: 390, 384: 381}
LIPS, CHIN, BROWS = (14, 17, 87, 317, 84, 314), (152, 199, 175, 148, 377), (105, 334, 66, 296, 107, 336)
SELFIE, PHOTO = 600.0, 1500.0  # mm from the camera, as a rule


@dataclass
class Photographed:
    """Someone of whom there is one photograph. `at` gives the person after so many seconds."""

    person: Person
    random: np.random.Generator
    lively: float = 1.0
    name: str = ""
    _blinks: np.ndarray = field(init=False)
    _cache: dict = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._blinks = np.cumsum(self.random.uniform(1.6, 3.6, 12)) - 0.8
        self._waves = self.random.uniform(0.5, 1.4, 12), self.random.uniform(0, 6.3, 12)

    def at(self, seconds: float) -> Person:
        if not self.lively:
            return self.person
        shut = float(np.exp(-(((seconds - self._blinks) / 0.09) ** 2)).max())
        unit, mesh = self.person.eyes * self.lively, self.person.mesh[:, :2]
        speaks, frowns = self._wave(seconds, 0), self._wave(seconds, 1)
        points = {
            upper: 0.9 * min(1.0, self.lively) * shut * (mesh[lower] - mesh[upper]) for upper, lower in LIDS.items()
        }
        points |= {each: np.array([0.0, 0.035 * unit * speaks]) for each in LIPS}
        points |= {each: np.array([0.0, 0.025 * unit * speaks]) for each in CHIN}
        points |= {each: np.array([0.0, 0.02 * unit * frowns]) for each in BROWS}
        return moved(self.person, points, 0.09 * self.person.eyes)

    def sway(self, seconds: float, view: View) -> View:
        """Returns a view with the unsteadiness of a head."""
        return replace(
            view,
            x=view.x + 0.02 * view.eyes * self._wave(seconds, 2),
            y=view.y + 0.02 * view.eyes * self._wave(seconds, 3),
            eyes=view.eyes * (1 + 0.01 * self._wave(seconds, 4)),
            yaw=view.yaw + 2.5 * self._wave(seconds, 5),
            pitch=view.pitch + 2.0 * self._wave(seconds, 6),
            roll=view.roll + 1.0 * self._wave(seconds, 7),
        )

    def _wave(self, seconds: float, number: int) -> float:
        speeds, starts = self._waves
        return float(0.6 * np.sin(2 * np.pi * speeds[number] * seconds + starts[number])
                     + 0.4 * np.sin(2 * np.pi * 2.3 * speeds[number] * seconds + 2 * starts[number]))  # fmt: skip


@dataclass
class Filmed:
    """Someone of whom there are frames, `spaced` seconds apart, with optical flow between them; played to and fro."""

    frames: list[Person]
    spaced: float = 0.2
    name: str = ""
    _cache: dict = field(init=False, default_factory=dict)

    @cached_property
    def person(self) -> Person:
        return self.frames[0]

    def at(self, seconds: float) -> Person:
        place = seconds / self.spaced
        last = len(self.frames) - 1
        place = last - abs(place % (2 * last) - last)
        index, part = min(int(place), last - 1), round((place - min(int(place), last - 1)) * 3) / 3
        if (index, part) not in self._cache:
            self._cache[index, part] = between(self.frames[index], self.frames[index + 1], part)
        return self._cache[index, part]

    def sway(self, seconds: float, view: View) -> View:
        """Returns the view with what the head's middle moved in the film."""
        first, now = self.frames[0], self.at(seconds)
        dx, dy = (now.middle - first.middle) * view.eyes / first.eyes
        return replace(view, x=view.x + dx, y=view.y + dy)


def between(one: Person, other: Person, part: float) -> Person:
    """Returns a person between two frames, by dense optical flow."""
    if part in (0.0, 1.0):
        return other if part else one
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    greys = [cv2.cvtColor(each.pixels, cv2.COLOR_BGR2GRAY) for each in (one, other)]
    there, back = flow.calc(greys[0], greys[1], None), flow.calc(greys[1], greys[0], None)
    rows, columns = greys[0].shape
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
    early = cv2.remap(one.pixels, xs - part * there[:, :, 0], ys - part * there[:, :, 1], cv2.INTER_LINEAR)
    late = cv2.remap(other.pixels, xs - (1 - part) * back[:, :, 0], ys - (1 - part) * back[:, :, 1], cv2.INTER_LINEAR)
    pixels = (early * (1 - part) + late * part).astype(np.uint8)
    return Person(pixels, one.mesh * (1 - part) + other.mesh * part, one.away)


def photographed(looker: Looker, file: Path, seed: int, lively: float = 1.0) -> Photographed | None:
    """Reads a photograph; None where its largest face is small, turned far, or has no mesh."""
    pixels = cv2.imread(str(file))
    seen = looker.film([Frame(0, pixels)])[0]
    if seen.mesh is None or len(seen.mesh) == 0:
        return None
    person = framed(pixels, seen.mesh, PHOTO)
    left, right, nose = seen.mesh[234, 0], seen.mesh[454, 0], seen.mesh[1, 0]
    if person.eyes < 35 or not 0.38 < (nose - left) / (right - left) < 0.62:
        return None
    return Photographed(person, np.random.default_rng(seed), lively, file.stem)


def filmed(looker: Looker, files: list[Path], name: str, spaced: float = 0.2) -> Filmed:
    """Reads the frames of a film."""
    frames, scale = [], 0.75  # one for all, so that optical flow finds frames of one size
    for file in files:
        pixels = cv2.resize(cv2.imread(str(file)), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        seen = looker.film([Frame(0, pixels)])[0]
        if seen.mesh is not None:
            frames.append(framed(pixels, seen.mesh, SELFIE, np.inf))
    return Filmed(frames, spaced, name)
