"""Measures degraded photos: are strangers kept apart, and who is still recognised, at the pack's own bar of 80?

Two photos of each person are used. A face that is not found matches no one.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import ApiError, SetupError
from mien.face.pipeline import Pipeline
from mien.face.similarity import Calibration
from mien.face.types import Detection, Pixels
from mien.image.decode import read_header
from mien.measure.accuracy.conditions import CONDITIONS, Condition
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.embedding import chosen
from mien.measure.accuracy.findings import aligned, percent
from mien.packs.load import Pack
from mien.system.progress import Progress

PEOPLE = 200  # most people; the first by name
LEAST_PEOPLE = 20
SIMILARITY = 80.0
SAME_PLACE = 0.3  # least intersection over union of a found face with the person's
LEAST_SIDE = 80  # pixels; smaller images are refused

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cost:
    """The figures of a condition.

    Attributes:
        condition: the kind of degradation.
        strength: its strength.
        found: 0–1, the share of photos in which the person's face was found.
        pairs: pairs of strangers whose faces were both found.
        strangers: of those the share that reaches similarity 80, 0–1, both photos under the condition.
        one_side: the share of people who reach it with one photo under the condition and one clean, 0–1.
        both_sides: the same with both under the condition.
    """

    condition: str
    strength: float
    found: float
    pairs: int
    strangers: float
    one_side: float
    both_sides: float


@dataclass(frozen=True, slots=True)
class _Clean:
    """A clean photo.

    Attributes:
        pixels: uint8 RGB (H, W, 3), upright.
        detection: the person's face.
        embedding: float32 (D,).
    """

    pixels: Pixels
    detection: Detection
    embedding: Vectors


def costs(
    dataset: Dataset, pack: Pack, which: str, *, workers: int, conditions: Sequence[Condition] = CONDITIONS,
    most: int = PEOPLE,
) -> list[Cost]:  # fmt: skip
    """Degrades photos by each condition, and compares them.

    Args:
        dataset: the photos.
        pack: the pack.
        which: the face of a photo that is its person's (`embedding.chosen`).
        workers: the number of photos processed in parallel.
        conditions: the conditions.
        most: the most people.

    Raises:
        SetupError: too few people have two photos.
    """
    pipeline = pack.pipeline
    with ThreadPoolExecutor(workers) as pool:
        clean = _taken(dataset, pipeline, which, most, pool)
        known = np.stack([photo.embedding for photo in clean])
        progress = Progress("robustness", len(conditions) * len(clean))
        found: list[Cost] = []
        for condition in conditions:
            vectors = np.full(known.shape, np.nan, np.float32)

            def work(number: int, condition: Condition = condition) -> Vectors | None:
                return _under(condition, clean[number], number, pipeline)

            for number, vector in enumerate(pool.map(work, range(len(clean)))):
                progress.step()
                if vector is not None:
                    vectors[number] = vector
            found.append(cost(condition, known, vectors, pack.calibration))
        progress.close()
    return found


def cost(condition: Condition, clean: Vectors, degraded: Vectors, calibration: Calibration) -> Cost:
    """Returns the figures of a condition.

    Args:
        condition: the condition.
        clean: float32 (2 P, D), two photos of each person, one after the other.
        degraded: float32 (2 P, D), the same photos under the condition; NaN where no face was found.
        calibration: says which score is similarity 80.
    """
    bar = calibration.score(SIMILARITY)
    seen = ~np.isnan(degraded[:, 0])
    people = np.arange(len(clean)) // 2
    scores = degraded[seen] @ degraded[seen].T
    strangers = scores[np.triu(people[seen][:, None] != people[seen], 1)]
    mates = np.arange(len(clean)) ^ 1
    one = np.nansum(degraded * clean[mates], axis=1) >= bar
    both = np.nansum(degraded[::2] * degraded[1::2], axis=1) >= bar
    return Cost(
        condition.kind, condition.strength, float(seen.mean()), len(strangers),
        float((strangers >= bar).mean()) if len(strangers) else 0.0, float(one.mean()), float(both.mean()),
    )  # fmt: skip


def _taken(dataset: Dataset, pipeline: Pipeline, which: str, most: int, pool: ThreadPoolExecutor) -> list[_Clean]:
    """Returns two photos with a face of each of up to `most` people, in pairs."""
    people = [person for person in range(len(dataset.names)) if (dataset.people == person).sum() >= 2][:most]

    def photos(person: int) -> list[_Clean]:
        files = (dataset.files[number] for number in np.flatnonzero(dataset.people == person))
        seen: list[_Clean] = []
        for file in files:
            clean = _look(file.read_bytes(), pipeline, which)
            if clean is not None:
                seen.append(clean)
            if len(seen) == 2:
                return seen
        return []

    taken = [photo for pair in pool.map(photos, people) for photo in pair]
    if len(taken) < 2 * LEAST_PEOPLE:
        raise SetupError(f"Robustness needs {LEAST_PEOPLE} people with two photos each; it has {len(taken) // 2}.")
    return taken


def _look(data: bytes, pipeline: Pipeline, which: str) -> _Clean | None:
    try:
        picture = read_header(data)
        faces = pipeline.find(picture)
    except ApiError:
        return None
    if not faces:
        return None
    face = chosen(faces, picture, which)
    pixels = picture.rgb(max(picture.width, picture.height))
    return _Clean(pixels, face.detection, pipeline.embed([face])[0])


def _under(condition: Condition, clean: _Clean, seed: int, pipeline: Pipeline) -> Vectors | None:
    """Returns the embedding of the person's face under a condition; None if the face is not found."""
    scene = condition.scene(clean.pixels, clean.detection, seed)
    if min(scene.pixels.shape[:2]) < LEAST_SIDE:
        return None
    faces = pipeline.find(read_header(scene.file()))
    near = [face for face in faces if face.box.overlap(scene.box) >= SAME_PLACE]
    if not near:
        return None
    (embedding,) = pipeline.embed([max(near, key=lambda face: face.box.overlap(scene.box))])
    return np.asarray(embedding, np.float32)


def as_text(found: list[Cost]) -> str:
    """Formats the figures as a table."""
    rows: list[tuple[str, ...]] = [
        ("face found", "pairs of strangers", "in 10,000 at 80", "one side known", "both known", "condition")
    ]
    rows += [
        (percent(each.found), f"{each.pairs:,}", f"{1e4 * each.strangers:.1f}", percent(each.one_side),
         percent(each.both_sides), f"{each.condition} {each.strength:.3g}")
        for each in found
    ]  # fmt: skip
    title = f"Robustness: who reaches similarity {SIMILARITY:g}, strangers with both photos under the condition"
    return f"{title}\n{aligned(rows)}"
