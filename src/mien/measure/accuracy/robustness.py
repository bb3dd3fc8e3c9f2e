"""Measures the accuracy of degraded photos against clean ones, as a search compares them with a gallery.

Two photos of each person are used. Each pair is compared twice, with one photo degraded and the other clean. A face
that is not found counts as missed.
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

PEOPLE = 400  # most people; the first by name
LEAST_PEOPLE = 20
FAR = 1e-3
SAME_PLACE = 0.3  # least intersection over union of a found face with the person's
LEAST_SIDE = 80  # pixels; smaller images are refused


@dataclass(frozen=True, slots=True)
class Cost:
    """The figures of a condition.

    Attributes:
        condition: the name of the condition.
        found: 0–1, the share of photos in which the person's face was found.
        tar: 0–1, at FAR 1e-3 under this condition.
        far: 0–1, the share of impostor pairs above the threshold of clean photos.
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
        person: the person, as an index into the dataset's names.
    """

    pixels: Pixels
    detection: Detection
    embedding: NDArray[np.float32]
    person: int


def costs(
    dataset: Dataset, pipeline: Pipeline, which: str, *, workers: int, names: tuple[str, ...] = tuple(CONDITIONS),
    most: int = PEOPLE,
) -> list[Cost]:  # fmt: skip
    """Degrades photos by each condition and measures the accuracy.

    Args:
        dataset: the photos.
        pipeline: the pipeline of the pack.
        which: the face of a photo that is its person's (`embedding.chosen`).
        workers: the number of photos processed in parallel.
        names: the conditions; the first must be "clean".
        most: the most people.

    Raises:
        SetupError: too few people have two photos.
    """
    with ThreadPoolExecutor(workers) as pool:
        clean = _taken(dataset, pipeline, which, most, pool)
        progress = Progress("robustness", len(names) * len(clean))
        found: list[Cost] = []
        threshold = 0.0
        for name in names:
            embeddings = np.full((len(clean), len(clean[0].embedding)), np.nan, np.float32)

            def work(number: int, name: str = name) -> NDArray[np.float32] | None:
                other = clean[(number + 2) % len(clean)].pixels  # two photos further is another person
                return _under(name, clean[number], other, pipeline)

            for number, embedding in enumerate(pool.map(work, range(len(clean)))):
                progress.step()
                if embedding is not None:
                    embeddings[number] = embedding
            cost, own_threshold = _cost(name, clean, embeddings, threshold)
            threshold = threshold or own_threshold
            found.append(cost if found else Cost(name, cost.found, cost.tar, FAR))
        progress.close()
    return found


def _taken(dataset: Dataset, pipeline: Pipeline, which: str, most: int, pool: ThreadPoolExecutor) -> list[_Clean]:
    """Returns two photos with a face of each of up to `most` people, in pairs."""
    people = [person for person in range(len(dataset.names)) if (dataset.people == person).sum() >= 2][:most]

    def photos(person: int) -> list[_Clean]:
        files = (dataset.files[number] for number in np.flatnonzero(dataset.people == person))
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
        raise SetupError(f"Robustness needs {LEAST_PEOPLE} people with two photos each; it has {len(taken) // 2}.")
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
    """Returns the embedding of the person's face under a condition; None if the face is not found."""
    scene = CONDITIONS[name](clean.pixels, clean.detection, other)
    if min(scene.pixels.shape[:2]) < LEAST_SIDE:
        return None
    faces = pipeline.find(read_header(scene.file()))
    near = [face for face in faces if face.box.overlap(scene.box) >= SAME_PLACE]
    if not near:
        return None
    (embedding,) = pipeline.embed([max(near, key=lambda face: face.box.overlap(scene.box))])
    return np.asarray(embedding, np.float32)


def _cost(name: str, clean: list[_Clean], embeddings: NDArray[np.float32], threshold: float) -> tuple[Cost, float]:
    """Returns the figures of a condition, and its own threshold at FAR.

    Args:
        name: the condition.
        clean: the clean photos, two of each person, one after the other.
        embeddings: float32 (N, D), of the same photos under the condition; NaN where no face was found.
        threshold: the threshold of clean photos; 0 while those are measured.
    """
    seen = ~np.isnan(embeddings[:, 0])
    cosines = embeddings[seen] @ np.stack([photo.embedding for photo in clean]).T
    people = np.array([photo.person for photo in clean])
    strangers = cosines[people[seen][:, None] != people]
    mate = np.arange(len(clean)) ^ 1
    ours = cosines[np.arange(len(cosines)), mate[seen]]
    if len(strangers) == 0:
        return Cost(name, 0.0, 0.0, 0.0), threshold
    own_threshold = float(np.sort(strangers)[::-1][int(len(strangers) * FAR)])
    far = float((strangers > threshold).mean())
    return Cost(name, float(seen.mean()), float((ours > own_threshold).sum() / len(clean)), far), own_threshold


def as_text(found: list[Cost]) -> str:
    """Formats the figures as a table."""
    rows: list[tuple[str, ...]] = [("face found", "TAR at FAR 0.1%", "FAR at the clean threshold", "condition")]
    rows += [(percent(cost.found), percent(cost.tar), percent(cost.far), cost.condition) for cost in found]
    return "Robustness: photos under each condition against clean ones\n" + aligned(rows)
