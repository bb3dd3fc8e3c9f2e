"""`mien eval --turned`: measures how well faces are found and recognised in photos that are turned.

Two photos of each person are turned by every 15°, with their corners kept and cropped. They are compared with each
other (both sides turned) and with the upright photos (one side), at the pack's own bar of similarity 80.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.pipeline import Pipeline
from mien.face.types import Face, Pixels
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.findings import aligned
from mien.measure.accuracy.photo_pairs import PEOPLE, SIMILARITY, CleanPhoto, Vectors, clean_pairs, embedded_again
from mien.packs.load import Pack
from mien.system.progress import Progress

STEP = 15  # degrees
SAME_PLACE = 0.5  # a found face's middle is at most so far from the person's, in sides of its box


@dataclass(frozen=True, slots=True)
class Turn:
    """A way to turn photos: degrees clockwise, and whether the corners stay in the picture."""

    degrees: int
    kept: bool


TURNS = tuple(Turn(degrees, kept) for degrees in range(0, 360, STEP) for kept in (True, False) if kept or degrees % 90)


@dataclass(frozen=True, slots=True)
class Angle:
    """The figures of photos turned one way; shares are 0–1.

    Attributes:
        degrees: clockwise.
        kept: whether the corners of the photos stayed in the picture; where they did not, the size is the same.
        photos: the number of photos.
        found: photos in which the person's face was found.
        both: pairs of one person that match, both photos turned.
        one: the same with one photo upright.
        strangers: pairs of two people that match, both photos turned.
        strangers_one: the same with one photo upright.
    """

    degrees: int
    kept: bool
    photos: int
    found: float
    both: float
    one: float
    strangers: float
    strangers_one: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pixels as a picture (`face.types.Picture`)."""

    pixels: Pixels

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    def rgb(self, long_side: int) -> Pixels:  # noqa: ARG002  there is one resolution
        """Returns the pixels."""
        return self.pixels


def turned(pixels: Pixels, turn: Turn) -> tuple[Pixels, NDArray[np.float64]]:
    """Turns a picture; quarter turns move pixels and change none.

    Returns:
        uint8 RGB, black in the corners, and the (2, 3) matrix from pixels of the picture to pixels of the turned one.
    """
    height, width = pixels.shape[:2]
    cos, sin = (round(float(each), 12) for each in (np.cos(np.radians(turn.degrees)), np.sin(np.radians(turn.degrees))))
    rotation = np.array([[cos, -sin], [sin, cos]])
    size = np.array([width, height])
    if turn.kept:
        size = np.array([ceil(round(each, 6)) for each in np.abs(rotation) @ size])
    matrix = np.column_stack([rotation, size / 2 - rotation @ (width / 2, height / 2)])
    centres = matrix.copy()  # a pixel's centre lies half a pixel into it
    centres[:, 2] += rotation @ (0.5, 0.5) - 0.5
    drawn = cv2.warpAffine(pixels, centres, tuple(map(int, size)), flags=cv2.INTER_CUBIC)
    return np.asarray(drawn, np.uint8), matrix


def measure(
    dataset: Dataset, pack: Pack, which: str, *, workers: int, turns: Sequence[Turn] = TURNS, most: int = PEOPLE
) -> list[Angle]:
    """Turns photos, finds and embeds the faces, and compares them.

    Args:
        dataset: the photos.
        pack: the pack; its calibration has the bar.
        which: the face of a photo that is its person's (`embedding.chosen`).
        workers: the number of photos processed in parallel.
        turns: the ways to turn.
        most: the most people.

    Raises:
        SetupError: too few people have two photos.
    """
    bar = pack.calibration.score(SIMILARITY)
    with ThreadPoolExecutor(workers) as pool:
        photos = clean_pairs(dataset, pack.pipeline, which, most, pool=pool, measure="--turned")
        strangers = _strangers(dataset, photos)
        clean = np.stack([photo.embedding for photo in photos])
        progress = Progress("turned", len(turns) * len(photos))
        angles = []
        for turn in turns:

            def work(number: int, turn: Turn = turn) -> Vectors | None:
                return _under(turn, photos[number], pack.pipeline)

            embeddings = embedded_again(photos, work, pool, progress)
            angles.append(_angle(turn, embeddings, clean, strangers, bar))
        progress.close()
    return angles


def _strangers(dataset: Dataset, photos: Sequence[CleanPhoto]) -> NDArray[np.bool_]:
    """Returns which pairs of photos show two people who are to be compared, (N, N)."""
    people = np.array([photo.person for photo in photos])
    apart = np.asarray(people[:, None] != people[None, :], np.bool_)
    for one, other in dataset.left_out:
        apart &= ~np.logical_and.outer(people == one, people == other)
        apart &= ~np.logical_and.outer(people == other, people == one)
    return apart


def _under(turn: Turn, photo: CleanPhoto, pipeline: Pipeline) -> Vectors | None:
    """Returns the vector of the person's face in the turned photo; None if the face is not found."""
    pixels, matrix = turned(photo.pixels, turn)
    x, y = matrix[:, :2] @ photo.detection.landmarks.mean(axis=0) + matrix[:, 2]

    def away(face: Face) -> float:
        middle = face.detection.landmarks.mean(axis=0)
        return float(np.hypot(middle[0] - x, middle[1] - y) / max(face.box.area, 1.0) ** 0.5)

    face = min(pipeline.find(Drawn(pixels)), key=away, default=None)
    return pipeline.embed([face])[0] if face is not None and away(face) <= SAME_PLACE else None


def _angle(
    turn: Turn,
    embeddings: Vectors,
    clean: Vectors,
    strangers: NDArray[np.bool_],
    bar: float,
) -> Angle:
    """Returns the figures of one way to turn.

    Args:
        turn: the way.
        embeddings: float32 (N, D), of the turned photos, two of each person; NaN where no face was found.
        clean: float32 (N, D), of the same photos upright.
        strangers: bool (N, N), the pairs of two people.
        bar: the score at and above which a pair matches.
    """
    found = ~np.isnan(embeddings[:, 0])
    seen = np.where(found[:, None], embeddings, 0)
    mates = np.arange(len(clean)) ^ 1
    both, one = seen @ seen.T >= bar, seen @ clean.T >= bar
    rows = np.arange(len(clean))
    return Angle(
        turn.degrees, turn.kept, len(clean), float(found.mean()), float(both[rows, mates].mean()),
        float(one[rows, mates].mean()), float(both[strangers].mean()), float(one[strangers].mean()),
    )  # fmt: skip


def as_text(angles: Sequence[Angle]) -> str:
    """Formats the figures as a table."""
    heading = ("found", "both sides", "one side", "strangers, both", "one", "turned")
    rows: list[tuple[str, ...]] = [heading]
    for each in angles:
        way = "" if each.degrees % 90 == 0 else ", corners kept" if each.kept else ", cropped"
        shares = (f"{100 * share:.2f}" for share in (each.found, each.both, each.one))
        false = (f"{1e4 * share:.2f}" for share in (each.strangers, each.strangers_one))
        rows.append((*shares, *false, f"{each.degrees}°{way}"))
    return (
        f"Turned photos ({angles[0].photos} photos): faces found and pairs of one person that match at "
        f"{SIMILARITY:g}, in %, and pairs of strangers that match, in 10,000:\n" + aligned(rows)
    )
