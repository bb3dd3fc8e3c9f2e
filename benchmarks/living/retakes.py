"""Renders a photograph as a camera sees its print, or a screen that shows it, held before some ground.

What a print loses: depth of black, colour, detail, and gains: a pattern of dots, grain, uneven light. What a screen
gains: stripes of its colours, which the camera's own grid turns into a moiré, a reflection, a cold white. Both have an
edge, which lies inside the picture unless the camera is so close that they fill it.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
KINDS = ("print", "screen", "print that fills the picture", "screen that fills the picture")
FULL = 1.0  # share of the picture's width that an object takes which fills it
EDGE = 0.06  # of such a picture, cut off so that no edge is seen
JITTER = 0.03  # of the sides, by which the corners lie elsewhere when an object is held at an angle
INKS = (15, 45, 75)  # degrees of the rows of dots of each ink


def rendered(kind: str, photo: Pixels, ground: Floats, strength: float, rng: np.random.Generator) -> Pixels:
    """Returns a picture of a print or a screen, uint8 BGR.

    Args:
        kind: one of KINDS.
        photo: uint8 BGR.
        ground: what lies behind, float32 BGR 0–1.
        strength: 0–1, how much is lost and gained.
        rng: what every choice follows from.
    """
    fills = kind.endswith("picture")
    shown = _printed(photo, strength, rng) if kind.startswith("print") else _screened(photo, strength, rng)
    rim = (0.04, (0.93, 0.94, 0.94)) if kind.startswith("print") else (0.035, (0.04, 0.04, 0.04))
    seen = _held(shown, ground, FULL if fills else rng.uniform(0.5, 0.85), rim, rng)
    if kind.startswith("print"):
        seen = seen * _light(seen.shape, 0.35, rng)
    picture = _taken(seen, rng)
    down, across = (int(EDGE * side) if fills else 0 for side in picture.shape[:2])
    return picture[down : picture.shape[0] - down, across : picture.shape[1] - across]


def _printed(photo: Pixels, strength: float, rng: np.random.Generator) -> Floats:
    shown = cv2.GaussianBlur(photo.astype(np.float32) / 255, (0, 0), 0.5 + 0.7 * strength)
    grey = shown.mean(2, keepdims=True)
    shown = 0.12 * strength + (grey + (shown - grey) * (1 - 0.35 * strength)) * (1 - 0.3 * strength)
    y, x = np.mgrid[: shown.shape[0], : shown.shape[1]]
    for ink, angle in enumerate(np.deg2rad(INKS)):
        pace = 2 * np.pi / rng.uniform(2.2, 3.5)
        rows, columns = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        shown[..., ink] += 0.05 * strength * np.sin(pace * rows) * np.sin(pace * columns)
    grain = cv2.GaussianBlur(rng.normal(0, 1, shown.shape[:2]).astype(np.float32), (0, 0), 1)
    return np.asarray(np.clip(shown + 0.02 * strength * grain[..., None], 0, 1), np.float32)


def _screened(photo: Pixels, strength: float, rng: np.random.Generator) -> Floats:
    """Renders the screen at nine samples for each of its pixels, which are 0.9 to 1.9 pixels of the camera."""
    height, width = photo.shape[:2]
    pitch = rng.uniform(0.9, 1.9)
    size = int(width / pitch), int(height / pitch)
    fine = cv2.resize(photo.astype(np.float32) / 255, size, interpolation=cv2.INTER_AREA) ** 2.2
    fine = np.repeat(np.repeat(fine, 3, 0), 3, 1)
    stripes = np.full(fine.shape, 1 - strength, np.float32)
    for colour in range(3):
        stripes[:, 2 - colour :: 3, colour] += 3 * strength
    stripes[2::3] *= 1 - 0.6 * strength
    turn = cv2.getRotationMatrix2D((1.5 * size[0], 1.5 * size[1]), rng.uniform(-6, 6), 1.0)
    turned = cv2.warpAffine(fine * stripes, turn, (3 * size[0], 3 * size[1]), borderMode=cv2.BORDER_REFLECT)
    shown = cv2.resize(cv2.GaussianBlur(turned, (0, 0), rng.uniform(0.5, 1.0)), (width, height))
    shown = np.clip(shown * 1.15, 0, None) ** (1 / 2.2) * np.array([1.05, 1.0, 0.97], np.float32)
    y, x = np.mgrid[:height, :width]
    apart = np.hypot(x - rng.uniform(0, width), y - rng.uniform(0, height)) / (rng.uniform(0.15, 0.4) * width)
    glare = rng.uniform(0, 0.25) * strength * np.exp(-(apart**2) / 2)
    return np.asarray(0.03 + 0.97 * np.clip(shown + glare[..., None], 0, 1), np.float32)


def _held(
    shown: Floats, ground: Floats, share: float, rim: tuple[float, tuple[float, float, float]], rng: np.random.Generator
) -> Floats:
    """Places an object with a rim before the ground, of whose width it takes a share, seen at a slight angle."""
    beyond = int(rim[0] * shown.shape[1])
    whole = cv2.copyMakeBorder(shown, beyond, beyond, beyond, beyond, cv2.BORDER_CONSTANT, value=rim[1])
    rows, columns = whole.shape[:2]
    height, width = int(rows / share), int(columns / share)
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    room = np.array([width - columns, height - rows])
    there = corners + room * (0.5 + rng.uniform(-0.1, 0.1, 2)) + rng.uniform(-JITTER, JITTER, (4, 2)) * [columns, rows]
    turn = cv2.getPerspectiveTransform(corners, there.astype(np.float32))
    behind = cv2.GaussianBlur(cv2.resize(ground, (width, height)), (0, 0), max(width / 150, 0.5))
    mask = cv2.warpPerspective(np.ones((rows, columns), np.float32), turn, (width, height))[..., None]
    seen: Any = cv2.warpPerspective(whole, turn, (width, height)) * mask + behind * (1 - mask)
    return np.asarray(seen, np.float32)


def _light(shape: tuple[int, ...], depth: float, rng: np.random.Generator) -> Floats:
    """Returns light that falls off to one side."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * (x / shape[1] - 0.5) + np.sin(angle) * (y / shape[0] - 0.5)
    return np.asarray((1 + depth * along)[..., None], np.float32)


def _taken(seen: Floats, rng: np.random.Generator) -> Pixels:
    """Returns what a camera makes of light: a little blur, noise, JPEG."""
    noisy = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 0.9)) + rng.normal(0, 0.009, seen.shape)
    picture = np.clip(noisy * 255, 0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(80, 95))])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
