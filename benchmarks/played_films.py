"""Films played by people of a folder of photographs, and how often following them goes wrong (see `films.py`)."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from mien.face.types import Box
from mien.packs.load import Pack
from mien.video.analysis import Analysis
from mien.video.film import open_film

Pixels = NDArray[np.uint8]
HEIGHT, WIDTH, RATE = 540, 960, 8
CAST, SECONDS = 4, 24
NEAR, BESIDE = 0.4, 1.5  # how far, in heights of a face, it may be from where it was pasted, and others must be


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's time in the picture: photograph, seconds from and to, and places (x, y, height) at both."""

    who: str
    photo: Pixels
    start: float
    end: float
    places: tuple[tuple[float, float, float], tuple[float, float, float]]

    def place(self, at: float) -> NDArray[np.float64] | None:
        """Returns x and y of the middle of the face and the height of the photograph, None while it is not seen."""
        if not self.start <= at < self.end:
            return None
        first, last = (np.array(each) for each in self.places)
        return np.asarray(first + (last - first) * (at - self.start) / (self.end - self.start))


def judge(pack: Pack, folder: Path, films: int, scratch: Path) -> None:
    """Prints for each half of the people how many have more than one index, and how many indices more than one."""
    people = {each.name: sorted(each.glob("*.jpg")) for each in sorted(folder.iterdir()) if each.is_dir()}
    names = [name for name, photos in people.items() if len(photos) > 1]
    for half in (0, 1):
        chance = np.random.default_rng(half)
        cast = list(chance.permutation(names[half::2]))
        counts = np.zeros(4, int)
        for number in range(min(films, len(cast) // CAST)):
            turns = played({name: people[name] for name in cast[CAST * number : CAST * (number + 1)]}, chance)
            path = scratch / "film.mp4"
            written(path, pictures(turns, chance), RATE, "veryfast")
            counts += followed(pack, path, turns)
        print(f"half {half}: {counts[0]} people, {counts[1]} with more than one index; {counts[2]} indices, "
              f"{counts[3]} of more than one person")  # fmt: skip


def played(cast: dict[str, list[Path]], chance: np.random.Generator) -> list[Turn]:
    """Returns a story of four people: one is zoomed into, another cut to in the same place; then all come and go."""
    shots = {
        name: [np.asarray(cv2.imread(str(each)), np.uint8) for each in photos[:3]] for name, photos in cast.items()
    }
    first, second, third, fourth = cast
    x, y = chance.uniform(0.35, 0.65, 2)
    turns = [
        Turn(first, shots[first][0], 0, 3, ((x, y, 0.5), (x, y, 1.1))),
        Turn(second, shots[second][0], 3, 5, ((x, y, 1.1), (x, y, 1.1))),
        Turn(first, shots[first][0], 5, 7, ((x, y, 1.1), (x, y, 1.0))),
    ]
    for who, shot, start in (
        (third, 0, 8),
        (fourth, 0, 8),
        (first, 1, 15),
        (second, 1, 15),
        (third, -1, 20),
        (fourth, 1, 20),
    ):
        left = len(turns) % 2 == 0
        ends = chance.uniform(0.1, 0.3), chance.uniform(0.7, 0.9)
        ends = ends if left else ends[::-1]
        heights = chance.uniform(0.4, 0.9, 2)
        rows = chance.uniform(0.35, 0.65, 2)
        places = ((ends[0], rows[0], heights[0]), (ends[1], rows[1], heights[1]))
        turns.append(Turn(who, shots[who][shot], start, start + (6.5 if start < 15 else 4), places))
    return turns


def pictures(turns: list[Turn], chance: np.random.Generator) -> Iterator[Pixels]:
    """Yields the film's pictures, uint8 BGR, with the noise of a camera."""
    noise = chance.normal(0, 2, (HEIGHT + 64, WIDTH + 64, 3))
    for number in range(RATE * SECONDS):
        canvas = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
        for turn in turns:
            place = turn.place(number / RATE)
            if place is not None:
                scale = place[2] * HEIGHT / turn.photo.shape[0]
                left = place[0] * WIDTH - scale * turn.photo.shape[1] / 2
                top = place[1] * HEIGHT - scale * turn.photo.shape[0] / 2
                matrix = np.array([[scale, 0, left], [0, scale, top]])
                size = (WIDTH, HEIGHT)
                cv2.warpAffine(turn.photo, matrix, size, canvas, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
        x, y = chance.integers(0, 64, 2)
        yield np.clip(canvas + noise[y : y + HEIGHT, x : x + WIDTH], 0, 255).astype(np.uint8)


def written(path: Path, pictures: Iterator[Pixels], rate: int, preset: str = "medium") -> None:
    """Encodes a film as most cameras and programs do: H.264 with B-frames and a key frame every 250."""
    with av.open(str(path), "w") as file:
        stream: Any = None
        for picture in pictures:
            if stream is None:
                stream = file.add_stream("libx264", rate=rate, options={"preset": preset, "crf": "23"})
                stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], "yuv420p"
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        file.mux(stream.encode())


def followed(pack: Pack, path: Path, turns: list[Turn]) -> NDArray[np.int64]:
    """Returns the people seen, those with several indices, the indices, and those of several people.

    LFW's photographs have the face in the middle; others in them are told by their place, and left out.
    """
    indices, people = defaultdict(set), defaultdict(set)
    with open_film(path) as film:
        analysis = Analysis(film, pack.pipeline, pack.calibration.similarity)
        for sample in list(analysis):
            for index, face in sample.faces:
                who = _shown(face.box, sample.at_ms / 1000, turns)
                if who:
                    indices[who].add(analysis.same(index))
                    people[analysis.same(index)].add(who)
    split = sum(len(each) > 1 for each in indices.values())
    mixed = sum(len(each) > 1 for each in people.values())
    return np.array([len(indices), split, len(people), mixed])


def _shown(box: Box, at: float, turns: list[Turn]) -> str | None:
    """Returns whose face a box shows; None where others are near, or for another face in someone's photograph."""
    middle = np.array([(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2])
    near = []
    for turn in turns:
        place = turn.place(at)
        if place is not None:
            off = np.abs(middle - place[:2] * (WIDTH, HEIGHT)).max() / box.height
            near.append((off, turn.who, 0.25 * place[2] * HEIGHT < box.height))
    if sum(off < BESIDE for off, *_ in near) != 1:
        return None
    off, who, large = min(near)
    return who if off < NEAR and large else None
