"""Covers faces and redraws them: masks, bars, hands, rain, sketches, negatives; called as `degradations` are."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.quality import eye_distance
from mien.face.types import Detection, Pixels
from mien.measure.accuracy.degradations import Random, clipped

Floats = NDArray[np.floating]
Colour = tuple[int, int, int]

_MASKS: tuple[Colour, ...] = ((170, 200, 220), (30, 30, 30), (240, 240, 240), (60, 90, 160))
_GLASSES: Colour = (15, 15, 18)
_RAIN: Colour = (235, 235, 240)


def mask(pixels: Pixels, face: Detection, height: float, random: Random) -> Pixels:
    """Covers the face from so far above the mouth, in shares of the way to the eyes, to below the chin."""
    eyes, across, down = _frame(face)
    upper, lower = eyes + (1 - height) * down, eyes + 1.75 * down
    corners = [
        upper,
        upper + 0.95 * across + 0.15 * down,
        lower + 0.5 * across,
        lower - 0.5 * across,
        upper - 0.95 * across + 0.15 * down,
    ]
    return _filled(pixels, np.array(corners), _MASKS[int(random.integers(len(_MASKS)))])


def bar(pixels: Pixels, face: Detection, half_height: float, _: Random) -> Pixels:
    """Covers the eyes by a black bar."""
    across = face.landmarks[1] - face.landmarks[0]
    up, reach = half_height * np.array([across[1], -across[0]]), 0.45 * across
    left, right = face.landmarks[0] - reach, face.landmarks[1] + reach
    return _filled(pixels, np.array([left + up, right + up, right - up, left - up]), (0, 0, 0))


def glasses(pixels: Pixels, face: Detection, radius: float, _: Random) -> Pixels:
    """Covers the eyes by dark glasses."""
    eyes, drawn = eye_distance(face.landmarks), pixels.copy()
    left, right = face.landmarks[:2]
    size, angle = (int(radius * eyes), int(0.8 * radius * eyes)), float(np.degrees(np.arctan2(*(right - left)[::-1])))
    for eye in (left, right):
        cv2.ellipse(drawn, _pixel(eye), size, angle, 0, 360, _GLASSES, -1, cv2.LINE_AA)
    cv2.line(drawn, _pixel(left), _pixel(right), _GLASSES, max(1, int(0.06 * eyes)), cv2.LINE_AA)
    return drawn


def hand(pixels: Pixels, face: Detection, radius: float, random: Random) -> Pixels:
    """Covers a part of the face by an oval of about the colour of its skin."""
    eyes = eye_distance(face.landmarks)
    middle = face.landmarks.mean(axis=0) + random.normal(0, 0.45, 2) * eyes
    row, column = (
        int(np.clip(round(float(face.landmarks[2][axis])), 0, pixels.shape[1 - axis] - 1)) for axis in (1, 0)
    )
    skin = np.clip(pixels[row, column] * random.uniform(0.5, 1.1) + random.normal(0, 10, 3), 0, 255)
    drawn, size = pixels.copy(), (int(radius * eyes), int(0.6 * radius * eyes))
    cv2.ellipse(drawn, _pixel(middle), size, random.uniform(0, 180), 0, 360, skin.tolist(), -1, cv2.LINE_AA)
    return drawn


def rain(pixels: Pixels, face: Detection, streaks: float, random: Random) -> Pixels:
    """Draws so many bright streaks over each square of the distance between the eyes."""
    eyes, (rows, columns) = eye_distance(face.landmarks), pixels.shape[:2]
    drawn, slant = pixels.copy(), random.normal(0, 0.15)
    for _ in range(int(streaks * rows * columns / eyes**2)):
        start = np.array([random.uniform(0, columns), random.uniform(0, rows)])
        end = start + random.uniform(0.3, 1.2) * eyes * np.array([np.sin(slant), np.cos(slant)])
        cv2.line(drawn, _pixel(start), _pixel(end), _RAIN, max(1, int(0.04 * eyes)), cv2.LINE_AA)
    return drawn


def posterised(pixels: Pixels, _: Detection, tones: float, __: Random) -> Pixels:
    """Leaves so many tones of each colour."""
    return clipped(np.round(pixels / 255 * (tones - 1)) / (tones - 1) * 255)


def negative(pixels: Pixels, _: Detection, share: float, __: Random) -> Pixels:
    """Blends with the negative."""
    return clipped(pixels * (1 - share) + (255.0 - pixels) * share)


def sketch(pixels: Pixels, face: Detection, share: float, _: Random) -> Pixels:
    """Blends with a pencil drawing: the luma divided by its blurred copy."""
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    smooth = cv2.GaussianBlur(255 - luma, (0, 0), 0.1 * eye_distance(face.landmarks))
    drawing = np.asarray(cv2.divide(luma, 255 - smooth, scale=256), np.float64)
    return clipped(pixels * (1 - share) + share * drawing[:, :, None])


def edges(pixels: Pixels, _: Detection, share: float, __: Random) -> Pixels:
    """Blends with a drawing of the edges alone."""
    smooth = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 1.2)
    drawing = 255.0 - np.asarray(cv2.Canny(smooth, 40, 110))
    return clipped(pixels * (1 - share) + share * drawing[:, :, None])


def halftone(pixels: Pixels, face: Detection, share: float, _: Random) -> Pixels:
    """Blends with a print of black dots in a grid at 45 degrees."""
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    wave = 2 * np.pi / (0.1 * eye_distance(face.landmarks)) / 2**0.5
    grid = (np.cos(wave * (columns + rows)) * np.cos(wave * (columns - rows)) + 1) / 2
    dots = np.where(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) / 255 > grid, 255.0, 0.0)
    return clipped(pixels * (1 - share) + share * dots[:, :, None])


def _frame(face: Detection) -> tuple[Floats, Floats, Floats]:
    """Returns the middle of the eyes, the way from one to the other, and the way to the middle of the mouth."""
    eyes = face.landmarks[:2].mean(axis=0)
    return eyes, face.landmarks[1] - face.landmarks[0], face.landmarks[3:].mean(axis=0) - eyes


def _filled(pixels: Pixels, corners: Floats, colour: Colour) -> Pixels:
    drawn = pixels.copy()
    cv2.fillPoly(drawn, [corners.round().astype(np.int32)], colour, cv2.LINE_AA)
    return drawn


def _pixel(place: Floats) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
