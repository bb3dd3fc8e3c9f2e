"""Films of sessions: a living face that does what it is asked for, and attacks that do not quite."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np

from benchmarks.liveness.scene import Screen, Shot, View, lit, shoot
from mien.liveness.challenge import Challenge
from mien.liveness.told import Shown, Told

STILL_MS, MOVES_MS, HOLDS_MS, AFTER_MS = 600, 1800, 1000, 300
EPOCH = 1_700_000_000_000  # the client's clock at the start of a film


@dataclass
class Scene:
    """What stands before the camera, and how it is filmed.

    Attributes:
        actor: `at(seconds)` and `sway(seconds, view)`, as in `people`.
        screen: that flashes the colours.
        flat: whether the actor is a photograph on paper or a screen.
        nearer: whether it comes nearer.
        shown: the colours that are flashed; those of the challenge if None.
        late_ms: how long after the client says so the screen shows a colour.
        noise: of the sensor, 0–255.
        exposure: how much of a change of light the camera takes back.
        touch: what else is done to a frame before and after light falls on it.
    """

    actor: Any
    screen: Screen = field(default_factory=Screen)
    flat: bool = False
    nearer: bool = True
    shown: Challenge | None = None
    late_ms: int = 60
    noise: float = 2.0
    exposure: float = 0.4
    before: Callable[[Shot, float], Shot] = lambda shot, _: shot
    after: Callable[[np.ndarray, float], np.ndarray] = lambda frame, _: frame


def length_ms(challenge: Challenge) -> int:
    return (
        STILL_MS + MOVES_MS + HOLDS_MS + sum(each.downscroll_ms + each.flat_ms for each in challenge.colors) + AFTER_MS
    )


def play(scene: Scene, challenge: Challenge, seed: int, rate: int = 10) -> Iterator[tuple[int, np.ndarray]]:
    """Yields the frames of a session: their times in ms, and uint8 BGR (H, W, 3)."""
    random = np.random.default_rng(seed)
    size = (challenge.width, challenge.height)
    oval = challenge.oval
    wide = random.uniform(0.40, 0.50)
    far = random.uniform(0.23, 0.29)
    start = View(size[0] * random.uniform(0.44, 0.56), size[1] * random.uniform(0.46, 0.56), far * oval.width)
    end = View(
        oval.center_x + 0.02 * oval.width * random.normal(), oval.center_y + 0.03 * oval.height, wide * oval.width
    )
    mean, grain = None, random.normal(0, scene.noise, (size[1] + 64, size[0] + 64, 3)).astype(np.float32)
    for number in range(length_ms(challenge) * rate // 1000):
        at = round(1000 * number / rate + random.uniform(-6, 6)) if number else 0
        part = np.clip((at - STILL_MS) / MOVES_MS, 0, 1) if scene.nearer else 0.0
        part = part * part * (3 - 2 * part)
        mix = [
            a + (b - a) * part for a, b in zip((start.x, start.y, start.eyes), (end.x, end.y, end.eyes), strict=True)
        ]
        view = scene.actor.sway(at / 1000, View(*mix))
        shot = scene.before(shoot(scene.actor.at(at / 1000), view, size, scene.flat), at / 1000)
        rows = flashed(scene.shown or challenge, at - scene.late_ms)
        light = scene.screen.light(shot, rows)
        frame = lit(shot.frame, light)
        now = float(np.log(frame.mean() + 8))
        mean = now if mean is None else mean + 0.25 * (now - mean)
        base = float(np.log(shot.frame.mean() + 8))
        frame = frame * np.exp(-scene.exposure * (mean - base))
        down, across = random.integers(0, 64, 2)
        frame = scene.after(frame, at / 1000) + grain[down : down + size[1], across : across + size[0]]
        yield at, np.clip(frame, 0, 255).astype(np.uint8)


def flashed(challenge: Challenge, at: int) -> np.ndarray:
    """Returns the colours of a screen from top to bottom at a time of the film, float (8, 3) RGB 0–1."""
    rows, time = (
        np.full((8, 3), 0.35),
        at - STILL_MS - MOVES_MS - HOLDS_MS,
    )  # before: the white page around the camera's picture
    rows += 0.25
    if time < 0 or not challenge.colors:
        return rows
    before = np.array([0.0, 0.0, 0.0])
    for flash in challenge.colors:
        color = 0.85 * np.array([flash.red, flash.green, flash.blue]) / 255 + 0.05
        if time < flash.downscroll_ms:
            covered = time / flash.downscroll_ms * 8
            share = np.clip(covered - np.arange(8), 0, 1)[:, None]
            return share * color + (1 - share) * before
        time -= flash.downscroll_ms
        if time < flash.flat_ms:
            return np.broadcast_to(color, (8, 3)).copy()
        time -= flash.flat_ms
        before = color
    return rows


def told(challenge: Challenge) -> Told:
    """Returns what an honest client says of `play`."""
    at = STILL_MS + MOVES_MS + HOLDS_MS
    shown = []
    for index, flash in enumerate(challenge.colors):
        shown.append(Shown(index, flash.red, flash.green, flash.blue, EPOCH + at))
        at += flash.downscroll_ms + flash.flat_ms
    end = EPOCH + length_ms(challenge)
    return Told(
        video_start_ms=EPOCH,
        video_end_ms=end,
        initial_ms=EPOCH + 100,
        target_start_ms=EPOCH + STILL_MS + MOVES_MS,
        target_end_ms=EPOCH + STILL_MS + MOVES_MS,
        colors=tuple(shown),
        asked_ms=EPOCH - 1500,
        received_ms=end + 400,
    )


def recorded(frames: Iterator[tuple[int, np.ndarray]], rate: int = 10) -> bytes:
    """Encodes frames as a browser's recorder does: WebM, VP8, one megabit a second."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=rate)
        stream.bit_rate = 1_000_000
        stream.options = {"deadline": "realtime", "cpu-used": "8"}
        stream.codec_context.time_base = Fraction(1, 1000)
        for at, pixels in frames:
            if not stream.width or stream.width != pixels.shape[1]:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            frame.pts, frame.time_base = at, stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()
