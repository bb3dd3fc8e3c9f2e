"""Photographs of who came: one JPEG of the head for each, in a folder of the operator's."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import simplejpeg

from mien.errors import SetupError
from mien.face.types import Pixels
from mien.system import leftovers
from mien.video.visits import Change, Known

MARGIN = 0.6  # of the face's width and height, kept around it on each side
QUALITY = 90


class Arrivals:
    """A folder of photographs of who came. Safe to use from many threads.

    Args:
        folder: is made if it is missing; the files are for its owner alone.
        everyone: whether unknown people are photographed as well.
        said: is told in a sentence that a photograph could not be kept.

    Raises:
        SetupError: the folder cannot be made.
    """

    def __init__(self, folder: Path, everyone: bool, said: Callable[[str], None]) -> None:
        self._folder, self._everyone, self._said = folder, everyone, said
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"The folder {folder} for portraits cannot be made: {error.strerror}.") from None

    def keep(self, change: Change, pixels: Pixels, camera: str, at: datetime) -> str | None:
        """Keeps a photograph of who came; returns its path, None where there is none.

        Args:
            change: who came.
            pixels: the picture, uint8 BGR (H, W, 3).
            camera: the camera's name.
            at: when.
        """
        if not (self._everyone or isinstance(change.who, Known)):
            return None
        who = change.who.name if isinstance(change.who, Known) else f"unknown {change.who}"
        stamp = f"{at:%Y-%m-%dT%H%M%S}.{at.microsecond // 1000:03}"
        name = re.sub(r"[^\w.-]+", "_", f"{stamp} {camera} {who}")[:60]  # of letters with up to four bytes
        place = self._folder / f"{name}.jpg"
        try:
            leftovers.write(place, simplejpeg.encode_jpeg(_head(pixels, change), QUALITY, "BGR"), 0o600)
        except OSError as error:
            self._said(f"The photograph of who came cannot be kept in {self._folder}: {error.strerror}.")
            return None
        return str(place)


def _head(pixels: Pixels, change: Change) -> Pixels:
    """Cuts out the face with its surroundings."""
    rows, columns = pixels.shape[:2]
    left, top, width, height = change.box
    x1, x2 = (max(0.0, left - MARGIN * width), min(1.0, left + (1 + MARGIN) * width))
    y1, y2 = (max(0.0, top - MARGIN * height), min(1.0, top + (1 + MARGIN) * height))
    cut = pixels[int(y1 * rows) : max(int(y2 * rows), int(y1 * rows) + 1), int(x1 * columns) : int(x2 * columns) + 1]
    return cut.copy()
