"""Cuts a face out as a portrait: small, upright, with a margin, big enough to look at and to embed again.

The five landmarks go with it, so that the face is aligned in its portrait as it was in the photograph. How side, margin
and quality were chosen: `benchmarks/README.md`, "Portraits".
"""

import cv2
import numpy as np

from mien.face.halves import Halves
from mien.face.square import Square
from mien.face.types import Box, Detection, Pixels, Points, Portrait

SIDE = 192  # rows and columns of a portrait
MARGIN = 1.5  # the side of the square that is cut out, in longer sides of the detector's box
MOST = 8_000  # bytes of an encoded portrait
QUALITIES = (88, 82, 74, 64, 50, 30, 10)  # of JPEG, the first that fits is taken
SQUARE = Square(SIDE, MARGIN, cubic=True)


def cut_portrait(image: Halves, detection: Detection, scale: float) -> Portrait:
    """Cuts a portrait out (see `Square.cut`)."""
    inside = SQUARE.inside(detection)
    landmarks = detection.landmarks.astype(np.float64) @ inside[:, :2].T + inside[:, 2]
    return Portrait(SQUARE.cut(image, detection, scale), landmarks.astype(np.float32))


def decoded(picture: bytes, landmarks: Points) -> Portrait:
    """Decodes a portrait that `encoded` made.

    Args:
        picture: the JPEG.
        landmarks: float32 (5, 2), in its pixels.

    Raises:
        ValueError: it is not a picture.
    """
    bgr = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError("the portrait is not a picture")
    return Portrait(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8), landmarks)


def detection(portrait: Portrait) -> Detection:
    """Returns the face of a portrait as a detector finds it: upright, in the middle, without the margin."""
    side = len(portrait.pixels)
    near, far = side * (1 - 1 / MARGIN) / 2, side * (1 + 1 / MARGIN) / 2
    return Detection(Box(near, near, far, far), portrait.landmarks, 1.0)


def encoded(pixels: Pixels) -> bytes:
    """Encodes the pixels of a portrait, uint8 RGB, as a JPEG of at most `MOST` bytes."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    found = b""
    for quality in QUALITIES:
        options = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1)
        found = cv2.imencode(".jpg", bgr, options)[1].tobytes()
        if len(found) <= MOST:
            break
    return found
