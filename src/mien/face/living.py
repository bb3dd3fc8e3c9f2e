"""Judges whether a face is a living one before the camera, or a print or a screen that shows one, by its surroundings.

Two networks look at the face's box, enlarged 2.7 and 4 times about its middle, as their publisher cuts it out
(`src/generate_patches.py` in minivision-ai/Silent-Face-Anti-Spoofing): pushed inside the picture, reduced where it is
larger than that, and stretched to the input without smoothing, since they were trained on what that leaves of a moiré.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.types import Face, Picture, Pixels

NEAR, WIDE = 2.7, 4.0  # sizes of what the networks see, in boxes of the face
LIVE = 1  # the class of living faces; the others are spoofs
Probabilities = NDArray[np.float32]

SEEN = 300  # pixels of a box's shorter side that a picture is decoded for, as in the pictures that were measured
# The bars below which a picture says too little: see `docs/accuracy.md`, "Living faces in single pictures".
LEAST_ROOM = 1.5  # boxes of the face that the picture has across and down
LEAST_SIDE = 40  # pixels of the box's shorter side
LEAST_SHARPNESS = 50
MOST_TURN = 45  # degrees of yaw, pitch or roll
# The mean logit of living, of both networks and within ±MOST_LOGIT, is turned into a confidence by a logistic curve.
# It was fitted to as many photographs of living people as renderings of prints and screens that show them.
MOST_LOGIT = 8.0
GAIN, OFFSET = 0.38, -0.75

TOO_CLOSE, TOO_SMALL, TOO_TURNED, TOO_BLURRED = (
    "FACE_TOO_CLOSE", "SMALL_BOUNDING_BOX", "EXTREME_POSE", "LOW_SHARPNESS"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely a face of a single picture is a living one.

    Attributes:
        confidence: 0–100: of as many living faces as prints and screens, those that look so are living at this share.
            None where it cannot be told.
        reasons: why it cannot be told.
    """

    confidence: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Living:
    """The two networks. Safe to use from many threads.

    Attributes:
        near: sees the face and what is right beside it.
        wide: sees more around it.
    """

    near: Session
    wide: Session

    def probabilities(self, pixels: Pixels, box: Sequence[float], *, rgb: bool = False) -> Probabilities:
        """Returns the mean of what both networks say of a face.

        Args:
            pixels: uint8 BGR (H, W, 3), upright, at the camera's resolution.
            box: the face's, as a detector finds it: x1, y1, x2, y2 in pixels.
            rgb: whether the pixels are RGB.

        Returns:
            float32 (3,): spoof, live, spoof; they add up to 1. None of them is calibrated.
        """
        return np.asarray(np.mean(self._answers(pixels, box, rgb), axis=0), np.float32)

    def likelihoods(self, picture: Picture, faces: Sequence[Face]) -> list[Likelihood]:
        """Returns how likely each of the faces of a picture is a living one.

        Networks only run for a face that the picture shows well enough.
        """
        found = [Likelihood(None, unclear(face, picture.width, picture.height)) for face in faces]
        clear = [place for place, each in enumerate(found) if not each.reasons]
        if clear:
            full = max(picture.width, picture.height)
            side = min(min(faces[place].box.width, faces[place].box.height) for place in clear)
            pixels = picture.rgb(min(full, ceil(full * SEEN / side)))
            scale = max(pixels.shape[:2]) / full
            for place in clear:
                box = faces[place].box
                answers = self._answers(pixels, [scale * each for each in (box.x1, box.y1, box.x2, box.y2)], rgb=True)
                found[place] = Likelihood(confidence(float(answers[0][LIVE]), float(answers[1][LIVE])))
        return found

    def _answers(self, pixels: Pixels, box: Sequence[float], rgb: bool) -> list[Probabilities]:
        return [_answer(self.near, pixels, box, NEAR, rgb), _answer(self.wide, pixels, box, WIDE, rgb)]


def unclear(face: Face, width: int, height: int) -> tuple[str, ...]:
    """Returns the reasons why a picture of this size does not show a face well enough to judge; none if it does."""
    across, down = max(face.box.width, 1.0), max(face.box.height, 1.0)
    found = {
        TOO_CLOSE: min(width / across, height / down) < LEAST_ROOM,
        TOO_SMALL: min(across, down) < LEAST_SIDE,
        TOO_TURNED: max(map(abs, (face.posed.yaw, face.posed.pitch, face.posed.roll))) > MOST_TURN,
        TOO_BLURRED: face.quality.sharpness < LEAST_SHARPNESS,
    }
    return tuple(reason for reason, applies in found.items() if applies)


def confidence(near: float, wide: float) -> float:
    """Returns the confidence, 0–100, that a face is living, from what each network gives for it."""
    mean = (_logit(near) + _logit(wide)) / 2
    return 100 / (1 + exp(-(GAIN * mean + OFFSET)))


def _logit(probability: float) -> float:
    odds = max(probability, 1e-9) / max(1 - probability, 1e-9)
    return min(max(log(odds), -MOST_LOGIT), MOST_LOGIT)


def surroundings(box: Sequence[float], scale: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Returns x1, y1, x2, y2 of a box that is enlarged about its middle and pushed inside a picture.

    Where the picture is too small, it is enlarged less.
    """
    x1, y1, x2, y2 = box
    across, down = max(x2 - x1, 1.0), max(y2 - y1, 1.0)
    scale = min(scale, (width - 1) / across, (height - 1) / down)
    left, right = _within((x1 + x2) / 2, across * scale, width)
    top, bottom = _within((y1 + y2) / 2, down * scale, height)
    return left, top, right, bottom


def _within(middle: float, length: float, limit: int) -> tuple[int, int]:
    """Returns the first and the last but one place of a length about a middle, pushed between 0 and the limit."""
    first = min(max(middle - length / 2, 0.0), limit - length)
    return int(first), max(int(first + length), int(first) + 1)


def _answer(session: Session, pixels: Pixels, box: Sequence[float], scale: float, rgb: bool) -> Probabilities:
    height, width = pixels.shape[:2]
    left, top, right, bottom = surroundings(box, scale, width, height)
    rows, columns, _ = session.shape
    crop = cv2.resize(pixels[top:bottom, left:right], (columns, rows), interpolation=cv2.INTER_LINEAR)
    shown = np.ascontiguousarray(crop if rgb else crop[:, :, ::-1], np.uint8)
    return np.asarray(session.run(shown[None])["probabilities"][0], np.float32)
