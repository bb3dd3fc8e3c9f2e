"""Tiles cover the picture, and the detector looks at them only where something hints at small faces."""

from collections.abc import Mapping
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.engine.session import Outputs, Runtime
from mien.face.detect import Candidates, Detector
from mien.face.halves import Halves
from mien.face.tiles import MOST_TILES, OVERLAP, tiles
from mien.face.types import Box, Detection, Pixels

MOST = 200
SIZES = [(1920, 1080), (1080, 1920), (4000, 3000), (3840, 2160), (1440, 1440), (3840, 1080), (6000, 1000), (10000, 500)]


class Blobs:
    """A network for which every white rectangle is a face, the surer the larger it is."""

    def __init__(self, side: int) -> None:
        self.shape = (side, side, 3)
        self.shapes = [self.shape]
        self.runs = 0

    def describe(self) -> Runtime:
        return Runtime("blobs", "0", "none", "f32")

    def run(self, pixels: Pixels) -> Outputs:
        self.runs += len(pixels)
        boxes, scores = np.zeros((len(pixels), MOST, 4), np.float32), np.zeros((len(pixels), MOST), np.float32)
        for index, image in enumerate(pixels):
            _, _, stats, _ = cv2.connectedComponentsWithStats((image[:, :, 0] > 127).astype(np.uint8))
            for number, (x, y, width, height, _) in enumerate(stats[1 : MOST + 1]):
                boxes[index, number] = x, y, x + width, y + height
                scores[index, number] = min(0.95, (height - 4) / 30)
        return {"boxes": boxes, "scores": scores}

    def release(self) -> None:
        pass


def read(outputs: Mapping[str, NDArray[np.float32]], canvas: tuple[int, int], least_score: float) -> Candidates:
    kept = outputs["scores"] >= least_score
    boxes = outputs["boxes"][kept]
    return Candidates(boxes, outputs["scores"][kept], np.repeat(boxes.reshape(-1, 2, 2).mean(axis=1)[:, None], 5, 1))


def find(width: int, height: int, faces: list[Box], *, closer: bool = True) -> tuple[list[Detection], int, int]:
    """Detects in a black picture with white faces; also returns the runs of the wide and of the narrow canvas."""
    image = np.zeros((height, width, 3), np.uint8)
    for face in faces:
        image[int(face.y1) : int(face.y2), int(face.x1) : int(face.x2)] = 255
    wide, narrow = Blobs(640), Blobs(320)
    found = Detector(wide, narrow, read, 0.6, 0.4, closer).detect(Halves(image), width, height)
    return found, wide.runs, narrow.runs


def face(x: float, y: float, height: float) -> Box:
    return Box(x, y, x + round(0.75 * height), y + height)


def same(found: list[Detection], faces: list[Box]) -> bool:
    return len(found) == len(faces) and all(max(each.box.overlap(face) for each in found) > 0.8 for face in faces)


@pytest.mark.parametrize("size", SIZES)
def test_a_few_overlapping_tiles_cover_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    squares = tiles(width, height, 640)
    assert 2 <= len(squares) <= MOST_TILES
    extent = squares[0, 2] - squares[0, 0]
    for axis, length in enumerate(size):
        starts = sorted({float(square[axis]) for square in squares})
        assert starts[0] == 0
        assert starts[-1] + extent >= length - 0.1
        for one, other in pairwise(starts):
            assert one + extent - other >= (OVERLAP - 0.1) * extent / 640


@pytest.mark.parametrize("size", [(640, 640), (850, 480), (427, 240), (300, 800)])
def test_a_picture_that_the_canvas_shows_nearly_whole_has_no_tiles(size: tuple[int, int]) -> None:
    assert len(tiles(*size, 640)) == 0


def test_tiles_are_the_same_places_however_small_the_picture_was_decoded() -> None:
    np.testing.assert_allclose(tiles(2000, 1500, 640, 2.0) * 2, tiles(4000, 3000, 640), rtol=1e-4)


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_small_faces_anywhere_are_found_once_and_in_their_places(size: tuple[int, int]) -> None:
    rows, columns = range(3, size[1] - 40, 91), range(3, size[0] - 40, 173)
    faces = [face(x, y, 36) for y in rows for x in columns][:100]
    found, _, _ = find(*size, faces)
    assert same(found, faces)
    assert not find(*size, faces, closer=False)[0]


def test_large_faces_cost_one_run() -> None:
    faces = [face(200, 300, 330), face(1100, 250, 400)]
    found, wide, narrow = find(1920, 1080, faces)
    assert same(found, faces)
    assert (wide, narrow) == (1, 0)


def test_a_small_face_brings_others_to_light() -> None:
    faces = [face(200, 300, 330), face(1000, 250, 70), face(1500, 900, 36)]
    found, wide, _ = find(1920, 1080, faces)
    assert same(found, faces)
    assert wide == 1 + MOST_TILES


def test_a_weak_candidate_beside_a_large_face_is_looked_at_closer() -> None:
    faces = [face(200, 300, 330), face(1500, 900, 36)]
    found, wide, narrow = find(1920, 1080, faces)
    assert same(found, faces)
    assert (wide, narrow) == (1 + MOST_TILES, 1)


def test_a_weak_candidate_that_is_no_face_costs_one_narrow_run() -> None:
    wall = Box(1500, 900, 1535, 936)  # wider than any face
    _, wide, narrow = find(1920, 1080, [face(200, 300, 330), wall])
    assert (wide, narrow) == (1, 0)
    thin = face(1500, 900, 27)  # seen closer, it is still too small
    _, wide, narrow = find(1920, 1080, [face(200, 300, 330), thin])
    assert (wide, narrow) == (1, 1)


def test_a_picture_without_faces_costs_a_bounded_number_of_runs() -> None:
    for size in SIZES[:6]:
        assert find(*size, [])[1:] == (1 + len(tiles(*size, 640)), 1)


def test_a_tile_asks_more_of_a_face_and_never_the_impossible() -> None:
    barely = face(1000, 500, 26)  # a score of 0.63 on a tile, above the detector's own bar
    assert find(1920, 1080, [barely]) == ([], 1 + MOST_TILES, 1)
    image = np.zeros((1080, 1920, 3), np.uint8)
    image[500:540, 1000:1030] = 255
    assert len(Detector(Blobs(640), Blobs(320), read, 0.9, 0.4).detect(Halves(image), 1920, 1080)) == 1
