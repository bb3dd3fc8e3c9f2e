"""Takes a film through the networks: the faces of each sample, measured, and numbered by person."""

from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import cv2
import numpy as np

from mien.face.pipeline import Pipeline
from mien.face.types import Face, Pixels
from mien.video.film import SAMPLED_MS, Film, Frame
from mien.video.tracks import Tracker


class Measure(Protocol):
    """What is asked of an `Analyst` of a pack."""

    def measurable(self, wanted: Collection[str]) -> frozenset[str]:
        """Returns those of the names that can be measured."""

    def measured(self, faces: list[Face], wanted: Collection[str]) -> list[Face]:
        """Measures faces with closeups."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The faces of one picture of a film.

    Attributes:
        at_ms: its time from the film's start.
        width: columns of the upright picture.
        height: its rows.
        faces: the largest first.
        indices: of the person of each face (`Tracker.same`).
    """

    at_ms: int
    width: int
    height: int
    faces: tuple[Face, ...]
    indices: tuple[int, ...]


class Still:
    """A frame as the pipeline takes a picture: decoded already."""

    def __init__(self, bgr: Pixels) -> None:
        self.height, self.width = bgr.shape[:2]
        self._rgb: Pixels = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)

    def rgb(self, _: int) -> Pixels:
        """Returns the whole picture."""
        return self._rgb


def analyse(
    film: Film,
    pipeline: Pipeline,
    tracker: Tracker,
    *,
    every_ms: int = SAMPLED_MS,
    start_ms: int = 0,
    analyst: Measure | None = None,
    attributes: Collection[str] = (),
    threads: int = 0,
) -> Iterator[Sample]:
    """Yields the samples of a film, with the faces of each.

    Args:
        film: the film, of which `frames` was not called yet.
        pipeline: detects, and embeds for the tracker.
        tracker: numbers the people; one that was restored goes on where it was.
        every_ms: the stretch of time of which one frame is looked at.
        start_ms: where to go on; frames of stretches that begin before it are left out.
        analyst: measures attributes.
        attributes: their names.
        threads: samples looked at in parallel; 0 for one on each of the pipeline's cores.

    Raises:
        FilmError: the film is damaged or cut off.
    """
    wanted = analyst.measurable(attributes) if analyst and attributes else frozenset[str]()
    looked = partial(_looked, pipeline, analyst, wanted)
    count = threads or pipeline.cores.count
    ahead: deque[tuple[Frame, Future[list[Face]]]] = deque()
    with ThreadPoolExecutor(count, "mien-film") as pool:
        for frame in film.frames(every_ms, start_ms):
            ahead.append((frame, pool.submit(looked, frame)))
            if len(ahead) > count:
                yield _sample(tracker, *ahead.popleft())
        while ahead:
            yield _sample(tracker, *ahead.popleft())


def _looked(pipeline: Pipeline, analyst: Measure | None, wanted: frozenset[str], frame: Frame) -> list[Face]:
    faces = pipeline.find(Still(frame.pixels), closeups=bool(wanted))
    return analyst.measured(faces, wanted) if analyst and wanted and faces else faces


def _sample(tracker: Tracker, frame: Frame, looked: "Future[list[Face]]") -> Sample:
    faces = looked.result()
    height, width = frame.pixels.shape[:2]
    return Sample(frame.at_ms, width, height, tuple(faces), tuple(tracker.add(frame.at_ms, faces)))
