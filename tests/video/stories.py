"""Films of people made out of photographs: zoomed, panned over, and moved through one another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests import photos
from tests.video.films import write

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Part:
    """A photograph that is seen from one second to another, its middle and height moving straight between two places.

    Attributes:
        picture: uint8 BGR.
        seconds: from, to.
        places: x, y of the middle and the height, in shares of the film's sides, at the start and at the end.
        before: whether it hides what else is there.
    """

    picture: Picture
    seconds: tuple[float, float]
    places: tuple[tuple[float, float, float], tuple[float, float, float]]
    before: bool = False


def told(
    parts: Sequence[Part], seconds: float, *, rate: int = 10, height: int = 360, width: int = 640
) -> Iterator[Picture]:
    """Yields the pictures of a film: its parts over grey, with the noise of a camera."""
    chance = np.random.default_rng(5)
    noise = chance.normal(0, 2, (height + 64, width + 64, 3))
    for index in range(round(seconds * rate)):
        at = index / rate
        canvas = np.full((height, width, 3), 96, np.uint8)
        for part in sorted(parts, key=lambda each: each.before):
            if part.seconds[0] <= at < part.seconds[1]:
                _paste(canvas, part, (at - part.seconds[0]) / (part.seconds[1] - part.seconds[0]))
        x, y = chance.integers(0, 64, 2)
        yield np.clip(canvas + noise[y : y + height, x : x + width], 0, 255).astype(np.uint8)


def _paste(canvas: Picture, part: Part, share: float) -> None:
    first, last = (np.array(each) for each in part.places)
    x, y, tall = first + (last - first) * share
    rows, columns = canvas.shape[:2]
    scale = tall * rows / part.picture.shape[0]
    left, top = x * columns - scale * part.picture.shape[1] / 2, y * rows - scale * part.picture.shape[0] / 2
    matrix = np.array([[scale, 0, left], [0, scale, top]])
    source = part.picture if scale > 0.5 else cv2.GaussianBlur(part.picture, (0, 0), 0.4 / scale)
    cv2.warpAffine(source, matrix, (columns, rows), canvas, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)


def bgr(picture: Picture) -> Picture:
    """RGB turned to BGR, or back."""
    return np.ascontiguousarray(picture[..., ::-1])


def crossing(path: Path) -> Path:
    """Hopper is zoomed into, she and the astronaut pass one another, and both are seen again after a while."""
    hopper, astronaut = bgr(photos.hopper().pixels), bgr(photos.astronaut().pixels)
    parts = [
        Part(hopper, (0, 3), ((0.5, 0.5, 1.0), (0.5, 0.6, 2.0))),
        Part(astronaut, (3, 4), ((0.3, 0.5, 1.0), (0.35, 0.5, 1.2))),  # a cut
        Part(hopper, (4, 8), ((0.2, 0.5, 0.8), (0.8, 0.5, 0.8)), before=True),
        Part(astronaut, (4, 8), ((0.8, 0.55, 0.8), (0.2, 0.55, 0.8))),
        Part(hopper, (11, 12), ((0.7, 0.4, 0.7), (0.7, 0.4, 0.6))),
        Part(astronaut, (11.5, 12), ((0.25, 0.6, 0.7), (0.25, 0.6, 0.7))),
    ]
    return write(path, told(parts, 12, rate=8), rate=8, bf="2", crf="23")


def minute(path: Path, people: Path) -> Path:
    """A minute of two men of the folder of people: zoomed into, panned over, passing one another, and back again."""

    def photo(name: str) -> Picture:
        return bgr(photos.pixels((people / f"{name}.jpg").read_bytes()))

    first, other = photo("obama"), photo("biden")
    parts = [
        Part(first, (0, 12), ((0.5, 0.6, 1.2), (0.5, 0.9, 2.6))),
        Part(photo("obama_and_biden"), (12, 24), ((0.9, 0.5, 1.2), (0.1, 0.5, 1.2))),
        Part(first, (24, 36), ((0.1, 0.5, 0.9), (0.9, 0.5, 0.9)), before=True),
        Part(other, (24, 36), ((0.9, 0.6, 1.2), (0.1, 0.6, 1.2))),
        Part(bgr(photos.hopper().pixels), (40, 48), ((0.5, 0.5, 0.8), (0.3, 0.4, 0.9))),
        Part(photo("obama2"), (48, 60), ((0.3, 0.6, 1.2), (0.35, 0.6, 1.3))),
        Part(other, (50, 60), ((0.8, 0.6, 0.9), (0.8, 0.5, 1.0))),
    ]
    return write(path, told(parts, 60, rate=8), rate=8, bf="2", crf="23")
