"""What no server around these networks can be faster than: decoding the image, and the calls its faces need.

The pipeline is run once with everything it decodes and infers noted down; the floor is those very calls made again,
with nothing between them. On an idle machine the detector has two cores (`Graph.paired`); what the calls take of a
processor, and how often a busy machine could make them, is measured with one core for each call.
"""

import dataclasses
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Outputs, Pixels, Runtime, Session
from mien.face.align import align
from mien.face.halves import Halves
from mien.face.pipeline import Pipeline
from mien.face.quality import pose, quality
from mien.face.types import Face, Picture
from mien.image.decode import read_header
from mien.measure.speed.sample_photos import Photo
from mien.operations.quality_filter import reasons
from mien.packs.load import Pack

Call = Callable[[], object]
STAGES = ("decode", "detect", "align", "quality", "embed")


class _NotedPicture:
    """A picture that notes each decoding."""

    def __init__(self, picture: Picture, sides: list[int]) -> None:
        self._picture, self._sides = picture, sides
        self.width, self.height = picture.width, picture.height

    def rgb(self, long_side: int) -> Pixels:
        """Decode, and note it."""
        self._sides.append(long_side)
        return self._picture.rgb(long_side)


@dataclasses.dataclass(frozen=True, slots=True)
class Runs:
    """Runs of a network, to be made again: as on an idle machine, and with one core for each."""

    idle: list[Call] = dataclasses.field(default_factory=list)
    single: list[Call] = dataclasses.field(default_factory=list)


class _NotedSession:
    """A session that notes each run."""

    def __init__(self, session: Session, runs: Runs) -> None:
        self._session, self._runs = session, runs
        self._single = session.unpaired() if isinstance(session, OpenVinoSession) else session
        self.shape = session.shape

    def describe(self) -> Runtime:
        """Say what runs the network."""
        return self._session.describe()

    def run(self, pixels: Pixels) -> Outputs:
        """Run, and note it."""
        self._runs.idle.append(partial(self._session.run, pixels))
        self._runs.single.append(partial(self._single.run, pixels))
        return self._session.run(pixels)


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image in this process: its faces, and the bare calls behind them.

    Attributes:
        pipeline: what found the faces.
        photo: the image.
        faces: what the pipeline found.
        sides: the longer side that each decoding was asked for.
        detecting: the detector's runs.
    """

    pipeline: Pipeline
    photo: Photo
    faces: list[Face]
    sides: list[int]
    detecting: Runs

    @property
    def decoding(self) -> list[Call]:
        """The decodings it took."""
        return [partial(read_header(self.photo.data).rgb, side) for side in self.sides]

    def floor(self, operation: str, *, single: bool = False) -> list[Call]:
        """The calls that a request for this image cannot do without; `single` is with one core for each."""
        once = self.decoding + (self.detecting.single if single else self.detecting.idle)
        if operation == "DetectFaces":
            return once
        if operation == "SearchFacesByImage":
            return once + self.embedding(self.faces[:1])
        if operation == "CompareFaces":
            return 2 * once + self.embedding([self.faces[0], *self.faces])
        return once + self.embedding([face for face in self.faces if not reasons(face, "AUTO")])

    def embedding(self, faces: list[Face]) -> list[Call]:
        """The embedder's runs for these faces."""
        runs = Runs()
        embedder = self.pipeline.embedder
        noted = dataclasses.replace(embedder, session=_NotedSession(embedder.session, runs))
        dataclasses.replace(self.pipeline, embedder=noted).embed(faces)
        return runs.idle

    def stages(self) -> dict[str, float]:
        """Seconds of each step for all the faces of the image, as the pipeline goes through them."""
        detector, embedder = self.pipeline.detector, self.pipeline.embedder
        clock = [time.perf_counter()]
        picture = read_header(self.photo.data)
        images = [Halves(picture.rgb(side)) for side in self.sides]
        clock.append(time.perf_counter())
        found = detector.detect(images[0], picture.width, picture.height)
        clock.append(time.perf_counter())
        scale = np.float32(images[-1].full.shape[1] / picture.width)
        wanted = [embedder.points] if embedder.mirrored is None else [embedder.points, embedder.mirrored]
        crops, *mirrored = (
            np.stack(
                [align(images[-1], each.landmarks * scale, points, embedder.size, embedder.cubic) for each in found]
            )
            for points in wanted
        )
        clock.append(time.perf_counter())
        for each, crop in zip(found, crops, strict=True):
            pose(each.landmarks)
            quality(crop, embedder.points)
        clock.append(time.perf_counter())
        embedder.embed(crops, *mirrored)
        clock.append(time.perf_counter())
        return {stage: after - before for stage, (before, after) in zip(STAGES, pairwise(clock), strict=True)}

    def bare(self, stage: str, *, single: bool = False) -> list[Call]:
        """The calls a stage cannot do without; none for a stage that is all mien's own. `single` as in `floor`."""
        detecting = self.detecting.single if single else self.detecting.idle
        calls = {"decode": self.decoding, "detect": detecting, "embed": self.embedding(self.faces)}
        return calls.get(stage, [])


def seconds(calls: list[Call]) -> float:
    """How long the calls take, one after the other."""
    started = time.perf_counter()
    for call in calls:
        call()
    return time.perf_counter() - started


def processor_seconds(calls: list[Call]) -> float:
    """How long the calls, one after the other, keep a core busy."""
    before = time.process_time()
    seconds(calls)
    return time.process_time() - before


def together(calls: list[Call], threads: int, passed: float) -> float:
    """Make the calls on so many threads at the same time, for so many seconds and at least once on each.

    Returns:
        How often a second all of the calls were made.
    """
    done: list[tuple[int, float]] = []
    ready = threading.Barrier(threads)

    def work() -> None:
        ready.wait()
        times, started = 0, time.perf_counter()
        while not times or time.perf_counter() - started < passed:
            seconds(calls)
            times += 1
        done.append((times, time.perf_counter() - started))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(times / took for times, took in done)


def look(pack: Pack, photo: Photo) -> Image:
    """Find the faces of an image and note the calls it took."""
    sides: list[int] = []
    detecting = Runs()
    detector: Any = pack.pipeline.detector
    sessions = {name: _NotedSession(session, detecting) for name, session in detector.sessions.items()}
    noted = dataclasses.replace(detector, **sessions)
    pipeline = dataclasses.replace(pack.pipeline, detector=noted)
    faces = pipeline.find(_NotedPicture(read_header(photo.data), sides))
    return Image(pack.pipeline, photo, faces, sides, detecting)
