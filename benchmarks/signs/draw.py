"""Draws onto a face what hides it: glasses, dark glasses, masks, hands and objects, and lids that are shut.

A face is a portrait (`face.attributes.portrait`), RGB, with the points of its mesh. Every drawing takes a generator of
random numbers, from which come shapes, colours and places.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Points = NDArray[np.floating]
Random = np.random.Generator

RIMS = [(20, 20, 20), (20, 20, 20), (80, 45, 30), (180, 140, 90), (165, 160, 160), (120, 30, 40), (40, 60, 120)]
TINTS = [(15, 15, 15), (20, 10, 10), (60, 40, 25), (20, 40, 60), (30, 50, 30), (90, 60, 80), (110, 60, 20),
         (120, 30, 30)]  # fmt: skip
CLOTHS = [(235, 235, 235), (185, 215, 230), (160, 200, 225), (120, 180, 200), (30, 30, 30), (45, 50, 60), (40, 90, 140),
          (210, 170, 180), (120, 120, 120), (150, 60, 60), (140, 140, 90), (235, 225, 210)]  # fmt: skip
LIDS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
)
LEFT_JAW = (127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152)
RIGHT_JAW = (377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356)
SMOOTH, SHIFT = cv2.LINE_AA, 3


def over(image: Pixels, cover: NDArray[np.number], color: object, share: float = 1.0) -> Pixels:
    """Paints a colour where the cover (0–255) is."""
    part = (np.asarray(cover, np.float32) / 255 * share)[..., None]
    return np.clip(image * (1 - part) + np.asarray(color, np.float32) * part, 0, 255).astype(np.uint8)


def filled(corners: Points) -> Pixels:
    cover = np.zeros((256, 256), np.uint8)
    cv2.fillPoly(cover, [np.round(corners * 8).astype(np.int32)], 255, SMOOTH, SHIFT)
    return cover


def line(cover: Pixels, corners: Points, width: int, closed: bool = False) -> None:
    cv2.polylines(cover, [np.round(corners * 8).astype(np.int32)], closed, 255, max(1, width), SMOOTH, SHIFT)


def axes(points: Points) -> tuple[Points, Points, Points]:
    """Returns the middle between the eyes, the way from eye to eye, and the way down the nose."""
    return (points[33] + points[263]) / 2, points[263] - points[33], points[2] - points[168]


def lenses(points: Points, random: Random, dark: bool) -> list[Points]:
    """Returns the outlines of two lenses of one random form."""
    _, right, down = axes(points)
    across = right / np.linalg.norm(right)
    along = np.array([-across[1], across[0]])
    drop, tilt, top = random.uniform(0, 0.22), random.uniform(-0.12, 0.12), random.uniform(0.7, 1.0)
    wide, high = random.uniform(1.5, 2.1) if dark else random.uniform(1.25, 1.95), random.uniform(0.22, 0.5)
    angle, form = np.linspace(0, 2 * np.pi, 40, endpoint=False), random.choice([1.0, 0.75, 0.5])
    x, y = (np.sign(wave) * np.abs(wave) ** form for wave in (np.cos(angle), np.sin(angle)))
    y = np.where(y < 0, y * top, y)
    found = []
    for outer, inner, side in ((33, 133, -1), (263, 362, 1)):
        middle = (points[outer] + points[inner]) / 2 + down * drop
        width, height = np.linalg.norm(points[inner] - points[outer]) / 2 * wide, np.linalg.norm(down) * high
        found.append(middle + np.outer(x * width, across) + np.outer(y * height + side * tilt * x * height, along))
    return found


def glint(image: Pixels, lens: Points, random: Random) -> Pixels:
    """Lets a lens reflect a light."""
    cover = np.zeros((256, 256), np.uint8)
    place = (lens.mean(axis=0) + random.normal(0, 5, 2)).astype(int).tolist()
    size = (int(random.integers(3, 16)), int(random.integers(2, 6)))
    cv2.ellipse(cover, place, size, float(random.uniform(-40, 40)), 0, 360, 255, -1, SMOOTH)
    cover = np.minimum(cv2.GaussianBlur(cover, (0, 0), random.uniform(1, 4)), filled(lens))
    return over(image, cover, np.array((230, 235, 240)) * random.uniform(0.6, 1.0), random.uniform(0.2, 0.8))


def frame(image: Pixels, points: Points, outlines: list[Points], random: Random, rims: bool) -> Pixels:
    """Draws rims, bridge and temples."""
    _, right, down = axes(points)
    width, metal = int(random.integers(1, 5)), random.random() < 0.45
    width = 1 if metal else width
    cover = np.zeros((256, 256), np.uint8)
    for outline in outlines if rims else []:
        line(cover, outline, width, closed=True)
    inner = outlines[0][np.argmax(outlines[0] @ right)], outlines[1][np.argmin(outlines[1] @ right)]
    line(cover, np.stack([inner[0], np.mean(inner, axis=0) - down * random.uniform(0, 0.12), inner[1]]), width)
    for outline, temple, side in ((outlines[0], 127, -1), (outlines[1], 356, 1)):
        start = outline[np.argmax(outline @ right * side)] - down * 0.05
        end = points[temple] - down * random.uniform(-0.05, 0.12)
        if (end - start) @ right * side > 0:
            line(cover, np.stack([start, end]), width)
    color = RIMS[int(random.integers(0, len(RIMS)))]
    image = over(image, cover, color, random.uniform(0.4, 0.9) if metal else random.uniform(0.5, 1.0))
    return over(image, np.roll(cover, 2, axis=0), (25, 20, 20), 0.2) if random.random() < 0.4 else image


def eyeglasses(image: Pixels, points: Points, random: Random) -> Pixels:
    outlines = lenses(points, random, dark=False)
    if random.random() < 0.35:
        for outline in outlines:
            image = over(image, filled(outline), (225, 225, 225), random.uniform(0.03, 0.25))
        if random.random() < 0.4:
            image = glint(glint(image, outlines[0], random), outlines[1], random)
    return frame(image, points, outlines, random, rims=random.random() > 0.15)


def sunglasses(image: Pixels, points: Points, random: Random) -> Pixels:
    outlines = lenses(points, random, dark=True)
    cover = np.maximum(*map(filled, outlines)).astype(np.float32)
    if random.random() < 0.5:  # lighter towards the bottom
        heights = np.concatenate(outlines)[:, 1]
        share = np.clip((np.arange(256) - heights.min()) / np.ptp(heights), 0, 1)
        cover *= 1 - share[:, None] * random.uniform(0, 0.4)
    image = over(image, cover, TINTS[int(random.integers(0, len(TINTS)))], random.uniform(0.45, 0.98))
    if random.random() < 0.5:
        image = glint(glint(image, outlines[0], random), outlines[1], random)
    return frame(image, points, outlines, random, rims=random.random() > 0.3)


def mask(image: Pixels, points: Points, random: Random) -> Pixels:
    """Draws a mask from the bridge of the nose, or lower, to the chin, shaded as the face is."""
    skip, top = int(random.integers(1, 4)), int(random.choice([6, 197, 195, 5]))
    edge = points[[*LEFT_JAW[skip:], *RIGHT_JAW[: len(RIGHT_JAW) - skip]]]
    edge = edge + (edge - edge.mean(axis=0)) * random.uniform(0, 0.06)
    left, right = points[int(random.choice([50, 118, 117]))], points[int(random.choice([280, 347, 346]))]
    cover = cv2.GaussianBlur(filled(np.concatenate([edge, [right, points[top], left]])), (0, 0), 0.8)
    light = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 6).astype(np.float32)
    shade = np.clip(0.35 + 0.65 * light / max(float(light[cover > 128].mean()), 1.0), 0.4, 1.4)
    color = np.array(CLOTHS[int(random.integers(0, len(CLOTHS)))], np.float32)
    cloth = color * shade[..., None]
    if random.random() < 0.5:
        _, across, down = axes(points)
        folds = np.zeros((256, 256), np.uint8)
        for fold in range(int(random.integers(2, 5))):
            middle = points[top] + down * (0.5 + 0.45 * fold)
            line(folds, np.stack([middle - across * 0.8, middle + across * 0.8]), 1)
        cloth *= 1 - 0.5 * cv2.GaussianBlur(folds, (0, 0), 1.0)[..., None] / 255
    if random.random() < 0.3:
        cloth *= pattern(random, 0.5, 1.5, int(random.integers(6, 30)))
    image = over(image, cover, np.clip(cloth, 0, 255))
    if random.random() < 0.7:
        loops = np.zeros((256, 256), np.uint8)
        for ends in ((left, points[127]), (right, points[356]), (points[172], points[93]), (points[397], points[323])):
            line(loops, np.stack(ends), 1)
        image = over(image, loops, np.clip(color * 1.05, 0, 255), 0.7)
    return image


def pattern(random: Random, low: float, high: float, cells: int) -> NDArray[np.float32]:
    return cv2.resize(random.uniform(low, high, (cells, cells, 3)).astype(np.float32), (256, 256))


def covered(place: Callable[[Points], Points], tall: tuple[float, float]) -> Callable[[Pixels, Points, Random], Pixels]:
    """Returns what draws a hand or an object at a place of a face."""

    def draw(image: Pixels, points: Points, random: Random) -> Pixels:
        size = float(np.linalg.norm(points[263] - points[33]))
        at = place(points) + random.normal(0, 0.08 * size, 2)
        kind = int(random.integers(0, 3))
        if kind == 0:
            return hand(image, points, at, size, random)
        wide, high = size * random.uniform(0.5, 1.0), size * random.uniform(*tall)
        angle = np.radians(random.uniform(-30, 30))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        steps = np.linspace(0, 2 * np.pi, 40) if kind == 1 else np.pi / 4 * np.array([1, 3, 5, 7])
        shape = np.stack([np.cos(steps) * wide, np.sin(steps) * high], axis=1) * (0.8 if kind == 1 else 1.41)
        cover = cv2.GaussianBlur(filled(at + shape @ turn), (0, 0), 0.8)
        return over(image, cover, pattern(random, 0, 255, int(random.integers(1, 12))))

    return draw


def hand(image: Pixels, points: Points, at: Points, size: float, random: Random) -> Pixels:
    """Draws fingers in the colour of the cheek."""
    angle, thick = np.radians(random.uniform(-60, 60)), size * random.uniform(0.09, 0.14)
    along, aside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    cover, count = np.zeros((256, 256), np.uint8), int(random.integers(2, 5))
    for finger in range(count):
        start = at + aside * (finger - (count - 1) / 2) * 2 * thick
        ends = start - along * size * random.uniform(0.4, 0.6), start + along * size * random.uniform(0.5, 1.4)
        line(cover, np.stack(ends), int(2 * thick))
    column, row = np.clip(points[50].astype(int), 0, 255)
    skin = image[row, column].astype(np.float32) * random.uniform(0.75, 1.15)
    image = over(image, cv2.GaussianBlur(cover, (0, 0), 0.8), skin)
    edges = cv2.morphologyEx(cover, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return over(image, cv2.GaussianBlur(edges, (0, 0), 1.2), skin * 0.5, 0.5)


def shut(image: Pixels, points: Points, random: Random) -> Pixels:
    """Fills the eyes with the skin of the lids, and draws the lashes on the lower ones."""
    for ring in LIDS:
        eye = points[list(ring)]
        wide = eye.mean(axis=0) + (eye - eye.mean(axis=0)) * random.uniform(1.15, 1.35)
        cover = cv2.dilate(filled(wide), np.ones((3, 3), np.uint8))
        skin = cv2.GaussianBlur(cv2.inpaint(image, cover, 3, cv2.INPAINT_TELEA), (0, 0), 1.2)
        image = over(image, cv2.GaussianBlur(cover, (0, 0), 1.0), skin)
        lower, upper = eye[[*range(8, 16), 0]], eye[[*range(8, -1, -1)]]
        share, lashes = random.uniform(0.75, 1.0), np.zeros((256, 256), np.uint8)
        line(lashes, lower * share + upper * (1 - share), int(random.integers(1, 3)))
        lashes = cv2.GaussianBlur(lashes, (0, 0), random.uniform(0.5, 1.0))
        image = over(image, lashes, np.array((45, 30, 25)) * random.uniform(0.5, 1.6), random.uniform(0.5, 1.0))
    return image


# what is drawn, and onto how many pictures of each face
DRAWINGS: dict[str, tuple[Callable[[Pixels, Points, Random], Pixels], int]] = {
    "plain": (lambda image, _points, _random: image, 4),
    "eyeglasses": (eyeglasses, 2),
    "sunglasses": (sunglasses, 3),
    "mask": (mask, 1),
    "mouth": (covered(lambda points: (points[13] + points[2]) / 2, (0.28, 0.6)), 2),
    "eyes": (covered(lambda points: (points[33] + points[263]) / 2, (0.2, 0.4)), 1),
    "shut": (shut, 1),
}


def photographed(image: Pixels, random: Random) -> Pixels:
    """Makes a picture as photographs are: smaller, softer, in other light, through JPEG, and cut out less exactly."""
    share = random.uniform(0.3, 1.0)
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    light = np.clip(cv2.resize(small, (256, 256)).astype(np.float32) / 255, 1e-4, 1) ** random.uniform(0.7, 1.4)
    light = (light * random.uniform(0.75, 1.15) - 0.5) * random.uniform(0.75, 1.1) + 0.5
    coded = cv2.imencode(".jpg", np.clip(light * 255, 0, 255).astype(np.uint8), [1, int(random.integers(50, 95))])[1]
    image, scale = np.asarray(cv2.imdecode(coded, 1)), random.uniform(0.95, 1.05)
    moved = 128 * (1 - scale) + random.normal(0, 2.5, 2)
    image = cv2.warpAffine(image, np.array([[scale, 0, moved[0]], [0, scale, moved[1]]]), (256, 256))
    return np.ascontiguousarray(image[:, ::-1] if random.random() < 0.5 else image)
