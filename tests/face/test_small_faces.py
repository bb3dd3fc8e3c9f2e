"""Faces of 40 and 48 pixels of people photographed elsewhere are found in pictures of any shape."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.face.types import Box
from mien.image.decode import read_header
from mien.packs.load import Pack
from tests import photos

PEOPLE = 40
GROUND = ((96, 110, 120), (30, 34, 40), (150, 140, 120), (200, 205, 210))


@pytest.fixture(scope="module")
def folder() -> Path:
    found = photos.SHARED / "lfw-dev" / "images"
    if not found.is_dir():
        pytest.skip("the photographs in ../shared/lfw-dev are not here")
    return found


@pytest.mark.parametrize(
    ("size", "height"), [((1920, 1080), 40), ((1920, 1080), 48), ((1080, 1920), 40), ((3840, 2160), 80)]
)
def test_ninety_five_of_a_hundred_small_faces_are_found(
    pack: Pack, folder: Path, size: tuple[int, int], height: int
) -> None:
    drawn = random.Random(height)
    found = 0
    for number, person in enumerate(sorted(folder.iterdir())[3::55][:PEOPLE]):
        pixels = photos.pixels(min(person.glob("*.jpg")).read_bytes())
        (face, *_) = pack.pipeline.find(read_header(photos.jpeg(pixels)))
        factor = height / face.box.height
        small = photos.resized(pixels, factor)
        scene = noise(number, size)
        x, y = drawn.randrange(size[0] - small.shape[1]), drawn.randrange(size[1] - small.shape[0])
        scene[y : y + small.shape[0], x : x + small.shape[1]] = small
        sides = np.array([face.box.x1, face.box.y1, face.box.x2, face.box.y2]) * factor + (x, y, x, y)
        box = Box(*map(float, sides))
        seen = pack.pipeline.find(read_header(photos.jpeg(scene)), embedded=False)
        found += any(each.box.overlap(box) > 0.3 for each in seen)
    assert found >= 0.95 * PEOPLE


def noise(number: int, size: tuple[int, int]) -> photos.Pixels:
    """Returns a scene of soft and fine noise around a colour."""
    random_ = np.random.default_rng(number)
    soft = cv2.resize(random_.normal(0, 25, (27, 48, 3)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(random_.normal(0, 12, (270, 480, 1)).astype(np.float32), size)[:, :, None]
    return np.asarray(np.clip(soft + fine + GROUND[number % len(GROUND)], 0, 255), np.uint8)
