"""A film of two people for the tests of video jobs, and the buckets, topics and servers that they need."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests import photos
from tests.video import films

BUCKET = "films"
SIDE = 240  # rows of a frame
RATE = 10  # frames a second
SECONDS = 6.0


def of_two(path: Path) -> Path:
    """Writes a film in which the first person is seen throughout, and the second in its second half."""
    frames = round(SECONDS * RATE)
    return films.write(path, (frame(number, frames) for number in range(frames)), rate=RATE)


def long(path: Path, samples: int) -> Path:
    """Writes a film of one person whose every frame is a sample, at half a second each."""
    return films.write(path, (frame(number, 2 * samples) for number in range(samples)), rate=2)


def frame(number: int, frames: int) -> NDArray[np.uint8]:
    """Returns uint8 BGR (H, 2 H, 3): the first person moves a little, the second comes at half of the time."""
    canvas = np.full((SIDE, 2 * SIDE, 3), 90, np.uint8)
    one = photos.resized(photos.hopper().pixels, SIDE / photos.hopper().pixels.shape[0])
    shift = 10 + 30 * number // frames
    canvas[: one.shape[0], shift : shift + one.shape[1]] = one[:SIDE, :, ::-1]
    if 2 * number >= frames:
        other = photos.resized(photos.astronaut().pixels, 0.9 * SIDE / photos.astronaut().pixels.shape[0])
        canvas[: other.shape[0], -other.shape[1] :] = other[:, :, ::-1]
    return canvas
