"""Draws an operation's answer into a picture: boxes, landmarks and labels, for the commands that show one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.errors import SetupError
from mien.face.types import Pixels
from mien.image.decode import read_header
from mien.image.limits import EVERY

SIDE = 1600  # the longer side of a drawn picture, at most; screens show no more
GREEN, GRAY, WHITE = (64, 200, 80), (170, 170, 170), (255, 255, 255)  # RGB


@dataclass(frozen=True, slots=True)
class Mark:
    """A face to draw.

    Attributes:
        box: BoundingBox of the API, shares of the picture.
        label: the text above the box; ASCII.
        landmarks: those of the API, shares of the picture.
        strong: whether to draw it in green, as a face that was found, or in gray.
    """

    box: Mapping[str, float]
    label: str = ""
    landmarks: Sequence[Mapping[str, Any]] = ()
    strong: bool = True


def marked(data: bytes, marks: Sequence[Mark]) -> Pixels:
    """Returns a picture with faces marked, uint8 RGB (H, W, 3), its longer side at most SIDE.

    Args:
        data: the image file.
        marks: the faces.
    """
    picture = read_header(data, EVERY)
    image = picture.rgb(SIDE)
    factor = min(1.0, SIDE / max(image.shape[:2]))
    if factor < 1:
        image = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    for mark in marks:
        _box(image, mark)
    return image


def beside(one: Pixels, other: Pixels) -> Pixels:
    """Returns two pictures side by side, scaled to one height."""
    height = max(len(one), len(other))
    scaled = [
        each
        if len(each) == height
        else cv2.resize(each, (round(each.shape[1] * height / len(each)), height), interpolation=cv2.INTER_LINEAR)
        for each in (one, other)
    ]
    gap = np.full((height, 12, 3), 255, np.uint8)
    return np.concatenate([scaled[0], gap, scaled[1]], axis=1)


def save(image: Pixels, path: Path) -> None:
    """Writes a picture as JPEG or PNG, by the suffix of its path.

    Raises:
        SetupError: the suffix is another, or the file cannot be written.
    """
    if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise SetupError(f"{path} must end in .jpg or .png.")
    encoded = cv2.imencode(path.suffix.lower(), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from None


def _box(image: Pixels, mark: Mark) -> None:
    height, width = image.shape[:2]
    thick = max(2, round(max(width, height) / 400))
    colour = GREEN if mark.strong else GRAY
    left, top = round(mark.box["Left"] * width), round(mark.box["Top"] * height)
    right, bottom = left + round(mark.box["Width"] * width), top + round(mark.box["Height"] * height)
    cv2.rectangle(image, (left, top), (right, bottom), colour, thick)
    dot = max(1, min(thick, round((bottom - top) / 120)))  # thirty of them leave the face to be seen
    for point in mark.landmarks:
        cv2.circle(image, (round(point["X"] * width), round(point["Y"] * height)), 2 * dot, WHITE, -1)
        cv2.circle(image, (round(point["X"] * width), round(point["Y"] * height)), dot, colour, -1)
    if mark.label:
        _label(image, mark.label, (left, top, bottom), colour, thick)


def _label(image: Pixels, text: str, place: tuple[int, int, int], colour: tuple[int, int, int], thick: int) -> None:
    """Draws white text on a bar above the box, or below it where the bar would leave the picture."""
    left, top, bottom = place
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.28 * thick
    (width, height), below = cv2.getTextSize(text, font, size, max(1, thick // 2))
    bar = height + below + 2 * thick
    left = max(0, min(left, image.shape[1] - width - 2 * thick))
    foot = top if top >= bar else min(bottom + bar, image.shape[0])
    cv2.rectangle(image, (left, foot - bar), (left + width + 2 * thick, foot), colour, -1)
    start = (left + thick, foot - below - thick)
    cv2.putText(image, text, start, font, size, WHITE, max(1, thick // 2), cv2.LINE_AA)
