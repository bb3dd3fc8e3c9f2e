"""Measures how many small faces are found with tiles and without, what the tiles cost, and how many are recognised.

    python -m benchmarks.small_faces FOLDER [--half 0|1] [--people 40] [--pack NAME] [--only WORDS]

FOLDER contains PERSON/photo.jpg. Photographs are shrunk until the face's box is as high as a row says, and pasted whole
into scenes of the pictures without faces that scikit-image brings. `--half` takes every other person, by name. A face
counts as found where a box overlaps its own by SAME_PLACE. TAR compares the small faces of a person's first photograph
with the second at its own size, at similarity 80; a face that is not found counts as missed.
"""

import argparse
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien import app, config
from mien.engine.session import Outputs, Session
from mien.face.detect import Detector
from mien.face.pipeline import Pipeline
from mien.face.types import Box, Face, Pixels
from mien.image.decode import read_header
from mien.packs.load import Pack

SCENES = ("coffee.png", "rocket.jpg", "grass.png", "gravel.png", "brick.png", "motorcycle_left.png", "retina.jpg",
          "hubble_deep_field.jpg", "ihc.png", "moon.png", "page.png", "text.png")  # fmt: skip
SAME_PLACE = 0.3  # intersection over union
LARGE = 0.85  # of the scene's height that the photograph of a large face takes
APART = 3  # pixels between photographs of many


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph of one person: uint8 RGB pixels, and the box of the face."""

    pixels: Pixels
    box: Box


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture, and the boxes of the faces that were pasted in, each with its person."""

    pixels: Pixels
    faces: list[tuple[int, Box]]


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of scene: its size, the height of the faces, how many there are, and whether a large face is beside."""

    name: str
    columns: int
    rows: int
    height: int
    count: int = 1
    beside: bool = False


ROWS = [
    row
    for height in (40, 48)
    for row in (
        Row("1920 × 1080", 1920, 1080, height),
        Row("1080 × 1920", 1080, 1920, height),
        Row("3840 × 2160", 3840, 2160, 2 * height),
        Row("4000 × 3000", 4000, 3000, round(2.405 * height)),
        Row("3840 × 1080", 3840, 1080, round(1.414 * height)),
        Row("1280 × 720", 1280, 720, height),
        Row("1920 × 1080, 40 in each", 1920, 1080, height, 40),
        Row("1920 × 1080, beside a large face", 1920, 1080, height, 1, True),
        Row("1920 × 1080, three beside a large face", 1920, 1080, height, 3, True),
    )
]


class Counted:
    """A session that counts its inputs."""

    def __init__(self, session: Session) -> None:
        self.session, self.runs = session, 0
        self.shape, self.shapes = session.shape, session.shapes

    def run(self, pixels: Pixels) -> Outputs:
        self.runs += len(pixels)
        return self.session.run(pixels)


def main() -> None:
    given = arguments()
    pack = app.open_pack(config.load({"pack": given.pack} if given.pack else {}, os.environ))
    firsts, seconds = people(pack, given)
    print(f"{len(firsts)} people; found without tiles, with them; runs of each canvas a picture; TAR at 80 with them")
    for row in (row for row in ROWS if given.only in row.name):
        made = list(scenes(row, firsts))
        without, _, _ = measured(pack, made, seconds, closer=False)
        found, recognised, runs = measured(pack, made, seconds, closer=True)
        canvases = " ".join(f"{each:4.1f}" for each in runs)
        shares = f"{100 * without:5.1f} {100 * found:5.1f}   {canvases}   {100 * recognised:5.1f}"
        print(f"{row.height:4d}  {row.name:40s} {shares}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--pack")
    parser.add_argument("--only", default="", help="words in the names of the rows to measure")
    return parser.parse_args()


def people(pack: Pack, given: argparse.Namespace) -> tuple[list[Photo], list[np.ndarray]]:
    """Returns a photograph of each person, and the embedding of another of theirs."""
    named = sorted(folder for folder in given.folder.iterdir() if len(list(folder.glob("*.jpg"))) >= 2)
    if given.half is not None:
        named = named[given.half :: 2]
    random.Random(11).shuffle(named)
    firsts, seconds = [], []
    for folder in named[: given.people]:
        one, other = sorted(folder.glob("*.jpg"))[:2]
        first, second = middle(pack.pipeline, one), middle(pack.pipeline, other)
        if first and second:
            firsts.append(Photo(cv2.imread(str(one))[:, :, ::-1], first.box))
            seconds.append(pack.pipeline.embed([second])[0])
    return firsts, seconds


def middle(pipeline: Pipeline, file: Path) -> Face | None:
    """Returns the face next to the photograph's middle."""
    picture = read_header(file.read_bytes())

    def off(face: Face) -> float:
        across, down = face.box.x1 + face.box.x2 - picture.width, face.box.y1 + face.box.y2 - picture.height
        return abs(across) + abs(down)

    return min(pipeline.find(picture), key=off, default=None)


def scenes(row: Row, photos: list[Photo]) -> Iterator[Scene]:
    drawn = random.Random(row.height)
    for number, first in enumerate(range(0, len(photos), row.count)):
        pixels = background(number, row.columns, row.rows)
        left = 0
        if row.beside:
            large = resized(photos[first - 1].pixels, LARGE * row.rows / photos[first - 1].pixels.shape[0])
            pixels[-large.shape[0] :, : large.shape[1]] = large
            left = large.shape[1]
        faces = []
        taken: list[tuple[int, int, int, int]] = []
        for person in range(first, min(first + row.count, len(photos))):
            photo = photos[person]
            factor = row.height / photo.box.height
            small = resized(photo.pixels, factor)
            x, y = place(small.shape[:2], (left, row.columns, row.rows), taken, drawn)
            pixels[y : y + small.shape[0], x : x + small.shape[1]] = small
            box = photo.box
            faces.append(
                (person, Box(factor * box.x1 + x, factor * box.y1 + y, factor * box.x2 + x, factor * box.y2 + y))
            )
        yield Scene(pixels, faces)


def place(
    shape: tuple[int, ...], room: tuple[int, int, int], taken: list[tuple[int, int, int, int]], drawn: random.Random
) -> tuple[int, int]:
    """Returns a random free place, left and top, and notes it as taken."""
    height, width = shape
    left, columns, rows = room
    while True:
        x, y = drawn.randrange(left, columns - width), drawn.randrange(0, rows - height)
        if all(x + width < a or c < x or y + height < b or d < y for a, b, c, d in taken):
            taken.append((x - APART, y - APART, x + width + APART, y + height + APART))
            return x, y


def background(number: int, columns: int, rows: int) -> Pixels:
    spec = find_spec("skimage")
    assert spec and spec.origin
    picture = cv2.imread(str(Path(spec.origin).parent / "data" / SCENES[number % len(SCENES)]))[:, :, ::-1]
    factor = max(columns / picture.shape[1], rows / picture.shape[0])
    return np.ascontiguousarray(cv2.resize(picture, None, fx=factor, fy=factor)[:rows, :columns])


def resized(pixels: Pixels, factor: float) -> Pixels:
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def measured(
    pack: Pack, made: list[Scene], seconds: list[np.ndarray], *, closer: bool
) -> tuple[float, float, list[float]]:
    """Returns the share found, the share recognised, and the runs of each canvas, the widest first, for a picture."""
    detector: Any = pack.pipeline.detector
    while not isinstance(detector, Detector):  # a finder around it
        detector = detector.finder
    runs = {name: Counted(session) for name, session in detector.sessions.items()}
    counted: Callable[..., Detector] = replace
    pipeline = replace(pack.pipeline, detector=counted(detector, closer=closer, **runs))
    found = recognised = 0
    for scene in made:
        ok, data = cv2.imencode(".jpg", scene.pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        assert ok
        faces = pipeline.find(read_header(data.tobytes()))
        for person, box in scene.faces:
            best = max(faces, key=lambda face: face.box.overlap(box), default=None)
            if best is None or best.box.overlap(box) < SAME_PLACE:
                continue
            found += 1
            if closer:
                cosine = float(pipeline.embed([best])[0] @ seconds[person])
                recognised += float(pack.calibration.similarity(cosine)) >= 80
    every = sum(len(scene.faces) for scene in made)
    return found / every, recognised / every, [session.runs / len(made) for session in runs.values()]


if __name__ == "__main__":
    main()
