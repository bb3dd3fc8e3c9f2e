"""Measures whether fast shrinking of large images loses faces: the detector's letterbox against area averaging.

    python benchmarks/shrinking.py FOLDER [--leave-out known-errors.csv]

FOLDER contains PERSON/photo.jpg, square photos of one size. They are tiled as mosaics, so that every face is shrunk
before detection; it is cropped from the mosaic, so that only the landmarks differ. TAR is that of `mien eval`.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mien import app, config
from mien.face import detect
from mien.face.halves import Halves
from mien.face.types import Face, Pixels
from mien.measure.accuracy import comparison, verification
from mien.measure.accuracy.dataset import open_dataset
from mien.packs.load import Pack

LAYOUTS = ((5, 4), (7, 5), (9, 6))  # columns and rows of a mosaic
FAR_OFF = 0.25  # share of a photo's side; a face further from its centre belongs to another photo


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A picture of tiled photos; `names` are the people, column by column in each row."""

    pixels: Pixels
    names: list[str]
    columns: int
    side: int

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    def rgb(self, _: int) -> Pixels:
        return self.pixels


def main() -> None:
    given = arguments()
    pack = app.open_pack(config.load({}, os.environ))
    album = open_dataset(given.folder, leave_out=given.leave_out)
    files = list(album.files)
    np.random.default_rng(7).shuffle(files)
    ways: dict[str, Callable[..., Pixels]] = {"averaged": averaged, "as mien does": detect.letterbox}
    for columns, rows in LAYOUTS:
        for name, way in ways.items():
            detect.letterbox = way
            embeddings, people = [], []
            for mosaic in mosaics(files, columns, rows):
                for person, face in belonging(pack, mosaic):
                    embeddings.append(pack.pipeline.embed([face])[0])
                    people.append(album.names.index(person))
            print(f"\n{columns} x {rows}, shrunk {mosaic.width / pack.pipeline.detector.canvas:.2f} times, {name}")
            report(np.stack(embeddings), np.array(people), album.left_out)
            print(f"{len(files) - len(people)} of {len(files)} faces not found")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--leave-out", type=Path)
    return parser.parse_args()


def report(embeddings: np.ndarray, people: np.ndarray, apart: tuple[tuple[int, int], ...]) -> None:
    strangers, mates = comparison.impostors(embeddings, people, apart), comparison.mates(embeddings, people)
    for far in (1e-3, 1e-4, 1e-5):
        bar = strangers.threshold(far)
        print(f"FAR {far:g}: cosine {bar:.4f}, TAR {100 * verification.tar(mates, bar):.2f}%")


def averaged(image: Halves, shapes: Sequence[tuple[int, int, int]]) -> Pixels:
    """Letterboxes an image in one pass of area averaging."""
    shape, (rows, columns) = shapes[-1], image.full.shape[:2]
    factor = min(shape[0] / rows, shape[1] / columns)
    height, width = round(rows * factor), round(columns * factor)
    canvas = np.zeros(shape, np.uint8)
    canvas[:height, :width] = cv2.resize(image.full, (width, height), interpolation=cv2.INTER_AREA)
    return canvas


def mosaics(files: list[Path], columns: int, rows: int) -> Iterator[Mosaic]:
    side = cv2.imread(str(files[0])).shape[0]
    for first in range(0, len(files), columns * rows):
        part = files[first : first + columns * rows]
        pixels = np.zeros((rows * side, columns * side, 3), np.uint8)
        for index, file in enumerate(part):
            top, left = index // columns * side, index % columns * side
            pixels[top : top + side, left : left + side] = cv2.imread(str(file))[:, :, ::-1]
        yield Mosaic(pixels, [file.parent.name for file in part], columns, side)


def belonging(pack: Pack, mosaic: Mosaic) -> Iterator[tuple[str, Face]]:
    """Yields each person's face: the one nearest to the centre of their photo, if there is one."""
    faces = pack.pipeline.find(mosaic)
    middles = np.array([[face.box.x1 + face.box.x2, face.box.y1 + face.box.y2] for face in faces]).reshape(-1, 2) / 2
    for index, name in enumerate(mosaic.names):
        middle = (np.array([index % mosaic.columns, index // mosaic.columns]) + 0.5) * mosaic.side
        off = np.abs(middles - middle)
        if len(off) and off[(nearest := int(off.sum(axis=1).argmin()))].max() <= FAR_OFF * mosaic.side:
            yield name, faces[nearest]


if __name__ == "__main__":
    main()
