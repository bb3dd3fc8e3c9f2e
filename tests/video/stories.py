"""Films of people made out of photographs: zoomed, panned over, and moved through one another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

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


def numbers(
    samples: Sequence[tuple[int, Sequence[int]]], spans: Mapping[str, tuple[float, float]]
) -> dict[str, set[int]]:
    """The indices seen within each span of seconds."""
    return {
        name: {index for at, indices in samples if start * 1000 <= at < end * 1000 for index in indices}
        for name, (start, end) in spans.items()
    }
