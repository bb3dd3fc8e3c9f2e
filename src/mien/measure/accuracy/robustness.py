"""Measures degraded photos: are strangers kept apart, and who is still recognised, at the pack's own bar of 80?

Two photos of each person are used. A face that is not found matches no one.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mien.face.pipeline import Pipeline
from mien.face.similarity import Calibration
from mien.image.decode import read_header
from mien.measure.accuracy.conditions import CONDITIONS, Condition
from mien.measure.accuracy.dataset import Dataset
from mien.measure.accuracy.findings import aligned, percent
from mien.measure.accuracy.photo_pairs import PEOPLE, SIMILARITY, CleanPhoto, Vectors, clean_pairs, embedded_again
from mien.packs.load import Pack
from mien.system.progress import Progress

SAME_PLACE = 0.3  # least intersection over union of a found face with the person's
LEAST_SIDE = 80  # pixels; smaller images are refused


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
        clean = clean_pairs(dataset, pipeline, which, most, pool=pool, measure="Robustness")
        known = np.stack([photo.embedding for photo in clean])
        progress = Progress("robustness", len(conditions) * len(clean))
        found: list[Cost] = []
        for condition in conditions:

            def work(number: int, condition: Condition = condition) -> Vectors | None:
                return _under(condition, clean[number], number, pipeline)

            vectors = embedded_again(clean, work, pool, progress)
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


def _under(condition: Condition, clean: CleanPhoto, seed: int, pipeline: Pipeline) -> Vectors | None:
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
