"""What a condition costs: photos under it are compared with clean photos, as searches compare them with a gallery.

Two photos of each person are taken. Each pair is compared twice, one photo under the condition and the other clean.
A face that is not found counts as missed.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import ApiError, SetupError
from mien.face.pipeline import Pipeline
from mien.face.types import Detection, Pixels
from mien.image.decode import read_header
from mien.measure.accuracy.conditions import CONDITIONS
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.embedding import chosen
from mien.measure.accuracy.findings import aligned, percent
from mien.system.progress import Progress

PEOPLE = 400  # at most, those with the first names
LEAST_PEOPLE = 20
FAR = 1e-3
SAME_PLACE = 0.3  # intersection over union of a found face with where the person's is
LEAST_SIDE = 80  # pixels; smaller images are refused


@dataclass(frozen=True, slots=True)
class Cost:
    """How a condition went.

    Attributes:
        condition: its name.
        found: 0–1, the share of photos in which the person's face was found.
        tar: 0–1, at FAR 1e-3 under this condition.
        far: 0–1, the share of impostor pairs above the bar of clean photos.
    """

    condition: str
    found: float
    tar: float
    far: float


@dataclass(frozen=True, slots=True)
class _Clean:
    """A clean photo.

    Attributes:
        pixels: uint8 RGB (H, W, 3), upright.
        detection: the person's face.
        embedding: float32 (D,).
        person: whose it is.
    """

    pixels: Pixels
    detection: Detection
    embedding: NDArray[np.float32]
    person: int


def costs(
    album: Dataset, pipeline: Pipeline, which: str, *, workers: int, names: tuple[str, ...] = tuple(CONDITIONS),
    most: int = PEOPLE,
) -> list[Cost]:  # fmt: skip
    """Put photos under each condition and measure.

    Args:
        album: the photos.
        pipeline: the pack's.
        which: the face of a photo that is its person's (`embedding.chosen`).
        workers: photos that are worked on at the same time.
        names: the conditions; the first must be "clean".
        most: people taken.

    Raises:
        SetupError: too few people have two photos.
    """
    with ThreadPoolExecutor(workers) as pool:
        clean = _taken(album, pipeline, which, most, pool)
        progress = Progress("robustness", len(names) * len(clean))
        found: list[Cost] = []
        bar = 0.0
        for name in names:
            embeddings = np.full((len(clean), len(clean[0].embedding)), np.nan, np.float32)

            def work(number: int, name: str = name) -> NDArray[np.float32] | None:
                other = clean[(number + 2) % len(clean)].pixels  # two further is another person
                return _under(name, clean[number], other, pipeline)

            for number, embedding in enumerate(pool.map(work, range(len(clean)))):
                progress.step()
                if embedding is not None:
                    embeddings[number] = embedding
            cost, own_bar = _cost(name, clean, embeddings, bar)
            bar = bar or own_bar
            found.append(cost if found else Cost(name, cost.found, cost.tar, FAR))
        progress.close()
    return found


def _taken(album: Dataset, pipeline: Pipeline, which: str, most: int, pool: ThreadPoolExecutor) -> list[_Clean]:
    """Two photos of each of up to `most` people, in pairs: those with a face."""
    people = [person for person in range(len(album.names)) if (album.people == person).sum() >= 2][:most]

    def photos(person: int) -> list[_Clean]:
        files = (album.files[number] for number in np.flatnonzero(album.people == person))
        seen: list[_Clean] = []
        for file in files:
            clean = _look(file.read_bytes(), person, pipeline, which)
            if clean is not None:
                seen.append(clean)
            if len(seen) == 2:
                return seen
        return []

    taken = [photo for pair in pool.map(photos, people) for photo in pair]
    if len(taken) < 2 * LEAST_PEOPLE:
        raise SetupError(f"Robustness needs {LEAST_PEOPLE} people with two photos each; here are {len(taken) // 2}.")
    return taken


def _look(data: bytes, person: int, pipeline: Pipeline, which: str) -> _Clean | None:
    try:
        picture = read_header(data)
        faces = pipeline.find(picture)
    except ApiError:
        return None
    if not faces:
        return None
    face = chosen(faces, picture, which)
    pixels = picture.rgb(max(picture.width, picture.height))
    return _Clean(pixels, face.detection, pipeline.embed([face])[0], person)


def _under(name: str, clean: _Clean, other: Pixels, pipeline: Pipeline) -> NDArray[np.float32] | None:
    """The embedding of the person's face under a condition; None where it is not found."""
    scene = CONDITIONS[name](clean.pixels, clean.detection, other)
    if min(scene.pixels.shape[:2]) < LEAST_SIDE:
        return None
    faces = pipeline.find(read_header(scene.file()))
    near = [face for face in faces if face.box.overlap(scene.box) >= SAME_PLACE]
    if not near:
        return None
    (embedding,) = pipeline.embed([max(near, key=lambda face: face.box.overlap(scene.box))])
    return np.asarray(embedding, np.float32)


def _cost(name: str, clean: list[_Clean], embeddings: NDArray[np.float32], bar: float) -> tuple[Cost, float]:
    """The figures, and this condition's own bar.

    Args:
        name: the condition.
        clean: the clean photos, two of each person, one after the other.
        embeddings: float32 (N, D), of the same photos under the condition; NaN where no face was found.
        bar: of clean photos; 0 where these are they.
    """
    seen = ~np.isnan(embeddings[:, 0])
    cosines = embeddings[seen] @ np.stack([photo.embedding for photo in clean]).T
    people = np.array([photo.person for photo in clean])
    strangers = cosines[people[seen][:, None] != people]
    mate = np.arange(len(clean)) ^ 1
    ours = cosines[np.arange(len(cosines)), mate[seen]]
    if len(strangers) == 0:
        return Cost(name, 0.0, 0.0, 0.0), bar
    own_bar = float(np.sort(strangers)[::-1][int(len(strangers) * FAR)])
    far = float((strangers > bar).mean())
    return Cost(name, float(seen.mean()), float((ours > own_bar).sum() / len(clean)), far), own_bar


def as_text(found: list[Cost]) -> str:
    """A table for a person."""
    rows: list[tuple[str, ...]] = [("face found", "TAR at FAR 0.1%", "FAR at the clean bar", "condition")]
    rows += [(percent(cost.found), percent(cost.tar), percent(cost.far), cost.condition) for cost in found]
    return "Robustness: photos under each condition against clean ones\n" + aligned(rows)
