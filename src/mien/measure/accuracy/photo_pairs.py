"""Takes two clean photos of each person for `--turned` and `--robustness`, and embeds them once they are altered."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import ApiError, SetupError
from mien.face.pipeline import Pipeline
from mien.face.types import Detection, Pixels
from mien.image.decode import read_header
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.embedding import chosen
from mien.system.progress import Progress

PEOPLE = 200  # most people; the first by name
LEAST_PEOPLE = 20
SIMILARITY = 80.0  # the bar at which altered photos are judged

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CleanPhoto:
    """A clean photo in which its person's face was found.

    Attributes:
        pixels: uint8 RGB (H, W, 3), upright.
        detection: the person's face.
        embedding: float32 (D,).
        person: the person, as an index into the dataset's names.
    """

    pixels: Pixels
    detection: Detection
    embedding: Vectors
    person: int


def clean_pairs(
    dataset: Dataset, pipeline: Pipeline, which: str, most: int, *, pool: ThreadPoolExecutor, measure: str
) -> list[CleanPhoto]:
    """Returns two photos with a face of each of up to `most` people, in pairs.

    Args:
        dataset: the photos.
        pipeline: finds and embeds the faces.
        which: the face of a photo that is its person's (`embedding.chosen`).
        most: the most people.
        pool: processes photos in parallel.
        measure: what the photos are for, as an error names it.

    Raises:
        SetupError: too few people have two photos.
    """
    people = [person for person in range(len(dataset.names)) if (dataset.people == person).sum() >= 2][:most]

    def pair(person: int) -> list[CleanPhoto]:
        seen: list[CleanPhoto] = []
        for number in np.flatnonzero(dataset.people == person):
            photo = _looked_at(dataset.files[number].read_bytes(), pipeline, which, person)
            if photo is not None:
                seen.append(photo)
            if len(seen) == 2:
                return seen
        return []

    photos = [photo for both in pool.map(pair, people) for photo in both]
    if len(photos) < 2 * LEAST_PEOPLE:
        raise SetupError(f"{measure} needs {LEAST_PEOPLE} people with two photos each; it has {len(photos) // 2}.")
    return photos


def embedded_again(
    photos: Sequence[CleanPhoto],
    work: Callable[[int], Vectors | None],
    pool: ThreadPoolExecutor,
    progress: Progress,
) -> Vectors:
    """Returns the embeddings of altered photos, float32 (N, D); NaN where no face was found.

    Args:
        photos: the clean photos.
        work: alters the photo of this number and embeds its person's face; None if the face is not found.
        pool: processes photos in parallel.
        progress: counts them.
    """
    vectors = np.full((len(photos), len(photos[0].embedding)), np.nan, np.float32)
    for number, vector in enumerate(pool.map(work, range(len(photos)))):
        progress.step()
        if vector is not None:
            vectors[number] = vector
    return vectors


def _looked_at(data: bytes, pipeline: Pipeline, which: str, person: int) -> CleanPhoto | None:
    try:
        picture = read_header(data)
        faces = pipeline.find(picture)
    except ApiError:
        return None
    if not faces:
        return None
    face = chosen(faces, picture, which)
    pixels = picture.rgb(max(picture.width, picture.height))
    return CleanPhoto(pixels, face.detection, pipeline.embed([face])[0], person)
