"""Takes a film through the networks: the faces of each sample, measured, and numbered by person."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.face.pipeline import Pipeline
from mien.face.types import Embedding, Face, Pixels
from mien.video.film import SAMPLED_MS, Film
from mien.video.sightings import CUT, glance
from mien.video.still import Still
from mien.video.tracks import UNNUMBERED, Similarity, Tracker

Measure = Callable[[list[Face]], list[Face]]  # measures attributes of faces with closeups


@dataclass(frozen=True, slots=True)
class Sample:
    """The faces of one picture of a film.

    Attributes:
        at_ms: its time from the film's start.
        width: columns of the upright picture.
        height: its rows.
        faces: the index of the person (see `Analysis.same`) and the face, the largest first; where people are followed,
            without faces of a low certainty that are nobody's.
    """

    at_ms: int
    width: int
    height: int
    faces: tuple[tuple[int, Face], ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A person of a film, by the face that was seen best.

    Attributes:
        index: as in the samples.
        at_ms: when it was.
        embedding: of it, float32 (D,).
    """

    index: int
    at_ms: int
    embedding: Embedding


@dataclass(frozen=True, slots=True)
class _Looked:
    """A sample whose faces are not numbered yet, and the glance of its frame where people are followed."""

    sample: Sample
    glance: NDArray[np.float32] | None


class _State(msgspec.Struct, array_like=True):
    at_ms: int
    people: bytes


class Analysis:
    """The samples of a film, to be iterated once.

    Args:
        film: the film, of which `frames` was not called yet.
        pipeline: detects faces and embeds them.
        similarity: 0–100 of scores, as `Calibration.similarity` of the pack.
        every_ms: the stretch of time of which one frame is looked at.
        followed: whether people are told apart; otherwise nothing is embedded, and the index is UNNUMBERED.
        measure: measures attributes.
        state: what `state` returned for the same film; the samples go on after it.
        threads: samples looked at in parallel; 0 for one on each of the pipeline's cores.
    """

    def __init__(
        self, film: Film, pipeline: Pipeline, similarity: Similarity, *, every_ms: int = SAMPLED_MS,
        followed: bool = True, measure: Measure | None = None, state: bytes | None = None, threads: int = 0,
    ) -> None:  # fmt: skip
        self._film, self._pipeline, self._every_ms = film, pipeline, every_ms
        self._followed, self._measure, self._threads = followed, measure, threads or pipeline.cores.count
        before = _State(-1, b"") if state is None else msgspec.msgpack.decode(state, type=_State)
        self._at_ms = before.at_ms
        self._glance: NDArray[np.float32] | None = None
        self._tracker = (
            Tracker.restored(before.people, pipeline.embed, similarity)
            if before.people
            else Tracker(pipeline.embed, similarity)
        )

    def __iter__(self) -> Iterator[Sample]:
        """Yields the samples.

        Raises:
            FilmError: the film is damaged or cut off.
        """
        looked = partial(_looked, self._pipeline, self._followed, self._measure)
        ahead: deque[Future[_Looked]] = deque()
        with ThreadPoolExecutor(self._threads, "mien-film") as pool:
            for frame in self._film.frames(self._every_ms, self._at_ms + 1):
                ahead.append(pool.submit(looked, frame.at_ms, [frame.pixels]))
                del frame  # its pixels are large, and not needed once they are turned to RGB
                if len(ahead) > self._threads:
                    yield self._numbered(ahead.popleft().result())
            while ahead:
                yield self._numbered(ahead.popleft().result())

    def state(self) -> bytes:
        """Returns what is needed to go on after the last sample, in another process too."""
        return msgspec.msgpack.encode(_State(self._at_ms, self._tracker.state()))

    def same(self, index: int) -> int:
        """Returns the index of the person that an index now stands for: two may turn out to be one person."""
        return self._tracker.same(index)

    @property
    def became(self) -> dict[int, int]:
        """The indices given so far that turned out to be those of earlier people."""
        return self._tracker.became

    def people(self) -> list[Person]:
        """Returns the people seen until now, each once."""
        known = [(each.index, each.best[0]) for each in self._tracker.tracks.values() if each.best]
        return [Person(index, best.at_ms, best.embedding) for index, best in sorted(known, key=lambda each: each[0])]

    def _numbered(self, looked: _Looked) -> Sample:
        """Returns a sample with the indices of its people."""
        sample, before = looked.sample, self._glance
        self._at_ms, self._glance = sample.at_ms, looked.glance
        if not self._followed:
            return sample
        faces = [face for _, face in sample.faces]
        is_cut = before is not None and looked.glance is not None and float(before @ looked.glance) < CUT
        found = zip(self._tracker.add(sample.at_ms, faces, is_cut=is_cut), faces, strict=True)
        return replace(sample, faces=tuple(each for each in found if each[0] != UNNUMBERED))


def _looked(pipeline: Pipeline, followed: bool, measure: Measure | None, at_ms: int, pixels: list[Pixels]) -> _Looked:
    """Returns the faces of a frame, not yet numbered; takes its pixels out of the list, so that nobody holds them."""
    frame = pixels.pop()
    still, seen = Still(frame), glance(frame) if followed else None
    del frame
    faces = pipeline.find(still, embedded=followed, closeups=measure is not None)
    faces = measure(faces) if measure and faces else faces
    return _Looked(Sample(at_ms, still.width, still.height, tuple((UNNUMBERED, face) for face in faces)), seen)
