"""What the cameras of tests show: an empty room, and people of public photographs in it, with a sensor's noise."""

from functools import cache
from typing import Literal

import numpy as np

from tests import photos
from tests.video import streams

Who = Literal["grace", "eileen"]
HEIGHT, WIDTH = 360, 640
PLACES = {"grace": (20, 40), "eileen": (40, 360)}  # row and column


@cache
def picture(*who: Who) -> streams.Picture:
    """A grey room with these people in it, RGB."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    room = np.stack([90 + x * 0.05, 90 + y * 0.1, 110 - x * 0.05], axis=-1).astype(np.uint8)
    for each in who:
        photo = photos.hopper() if each == "grace" else photos.astronaut()
        box = photo.face
        y1, y2 = int(box.y1 - 0.4 * box.height), int(box.y2 + 0.4 * box.height)
        x1, x2 = int(box.x1 - 0.4 * box.width), int(box.x2 + 0.4 * box.width)
        head = photos.resized(photo.pixels[max(0, y1) : y2, max(0, x1) : x2], 220 / (y2 - max(0, y1)))
        row, column = PLACES[each]
        room[row : row + head.shape[0], column : column + head.shape[1]] = head
    return room


@cache
def film(*who: Who) -> tuple[bytes, ...]:
    """The same as a second of H.264."""
    return tuple(streams.encoded(streams.noisy([picture(*who)], 10)))
