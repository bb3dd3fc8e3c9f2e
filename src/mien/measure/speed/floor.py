"""Measures the floor: the decoding and network calls without which no server could answer a request.

The pipeline runs once while every decoding and inference is recorded; the floor repeats those calls with nothing in
between. IndexFaces also runs the mesh of each face, if the settings allow attributes and their set is there. On an idle
machine the detector has two cores (`Graph.paired`). CPU time, and the rate of a busy machine, are measured with one
core for each call.
"""

import dataclasses
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from mien.config import Settings
from mien.engine.cores import Cores
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Outputs, Pixels, Runtime, Session
from mien.face.attributes.measures import MESH
from mien.face.embed import Ensemble
from mien.face.halves import Halves
from mien.face.pipeline import Pipeline, cut
from mien.face.quality import pose, quality
from mien.face.types import Face, Picture
from mien.image.decode import read_header
from mien.measure.speed.sample_photos import Photo
from mien.operations.quality_filter import reasons
from mien.packs.analyst import Analyst
from mien.packs.load import Pack

Call = Callable[[], object]
STAGES = ("decode", "detect", "align", "quality", "embed", "mesh")


class _RecordingPicture:
    """A picture that records each decoding."""

    def __init__(self, picture: Picture, sides: list[int]) -> None:
        self._picture, self._sides = picture, sides
        self.width, self.height = picture.width, picture.height

    def rgb(self, long_side: int) -> Pixels:
        """Decodes, and records the call."""
        self._sides.append(long_side)
        return self._picture.rgb(long_side)


@dataclasses.dataclass(frozen=True, slots=True)
class Runs:
    """Recorded network calls: as on an idle machine, and with one core for each."""

    idle: list[Call] = dataclasses.field(default_factory=list)
    single: list[Call] = dataclasses.field(default_factory=list)


class _RecordingSession:
    """A session that records each run."""

    def __init__(self, session: Session, runs: Runs) -> None:
        self._session, self._runs = session, runs
        self._single = session.unpaired() if isinstance(session, OpenVinoSession) else session
        self.shape, self.shapes = session.shape, session.shapes

    def describe(self) -> Runtime:
        """Returns the runtime of the network."""
        return self._session.describe()

    def run(self, pixels: Pixels) -> Outputs:
        """Runs the network, and records the call."""
        self._runs.idle.append(partial(self._session.run, pixels))
        self._runs.single.append(partial(self._single.run, pixels))
        return self._session.run(pixels)

    def release(self) -> None:
        """Gives back what only a running inference needs."""
        self._session.release()


class Meshes:
    """The mesh network of the attribute set, by which IndexFaces judges the pose of a face.

    Args:
        settings: the settings; with attributes none, or without the set, nothing is run.
        cores: the cores that inferences share.
    """

    def __init__(self, settings: Settings, cores: Cores) -> None:
        self._runs = Runs()
        self._analyst = Analyst(settings, cores, lambda _, session: _RecordingSession(session, self._runs))
        self._wanted = self._analyst.measurable({MESH})

    @property
    def there(self) -> bool:
        """Whether IndexFaces runs the network."""
        return bool(self._wanted)

    def measured(self, faces: list[Face]) -> tuple[list[Face], list[Call]]:
        """Measures faces with closeups; returns them without, and the runs that this took."""
        if not self._wanted:
            return faces, []
        before = len(self._runs.idle)
        return self._analyst.measured(faces, self._wanted), self._runs.idle[before:]


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image, its faces, and the recorded calls that found them.

    Attributes:
        pipeline: the pipeline of the pack.
        photo: the image.
        faces: the faces that the pipeline found, measured by the mesh.
        closeups: the same faces before that.
        sides: the longer side of each decoding.
        indexed: the same for IndexFaces, whose mesh may need more pixels.
        detecting: the detector's runs.
        meshes: measures faces by their mesh.
    """

    pipeline: Pipeline
    photo: Photo
    faces: list[Face]
    closeups: list[Face]
    sides: list[int]
    indexed: list[int]
    detecting: Runs
    meshes: Meshes

    def decoding(self, sides: list[int]) -> list[Call]:
        """Returns decodings of the image."""
        return [partial(read_header(self.photo.data).rgb, side) for side in sides]

    def floor(self, operation: str, *, single: bool = False) -> list[Call]:
        """Returns the calls that a request for this image needs; `single` gives each call one core."""
        detecting = self.detecting.single if single else self.detecting.idle
        once = self.decoding(self.sides) + detecting
        if operation == "DetectFaces":
            return once
        if operation == "SearchFacesByImage":
            return once + self.embedding(self.faces[:1])
        if operation == "CompareFaces":
            return 2 * once + self.embedding([self.faces[0], *self.faces])
        kept = [face for face in self.faces if not reasons(face, "AUTO", face.posed)]
        _, meshes = self.meshes.measured(self.closeups)
        return self.decoding(self.indexed) + detecting + meshes + self.embedding(kept)

    def embedding(self, faces: list[Face]) -> list[Call]:
        """Returns the embedder's runs for these faces."""
        runs = Runs()
        recording = [
            dataclasses.replace(each, session=_RecordingSession(each.session, runs))
            for each in self.pipeline.ensemble.embedders
        ]
        dataclasses.replace(self.pipeline, ensemble=Ensemble(tuple(recording))).embed(faces)
        return runs.idle

    def stages(self) -> dict[str, float]:
        """Runs the stages of the pipeline for all faces of the image; returns the seconds of each."""
        detector, ensemble = self.pipeline.detector, self.pipeline.ensemble
        clock = [time.perf_counter()]
        picture = read_header(self.photo.data)
        images = [Halves(picture.rgb(side)) for side in self.sides]
        clock.append(time.perf_counter())
        found = detector.detect(images[0], picture.width, picture.height)
        clock.append(time.perf_counter())
        scale = np.float32(images[-1].full.shape[1] / picture.width)
        crops = [[cut(each, images[-1], face.landmarks * scale) for each in ensemble.embedders] for face in found]
        clock.append(time.perf_counter())
        first = ensemble.embedders[0]
        faces = [
            Face(each, pose(each.landmarks), quality(cut_out[0].straight, first.points), tuple(cut_out))
            for each, cut_out in zip(found, crops, strict=True)
        ]
        clock.append(time.perf_counter())
        ensemble.embed(faces)
        clock.append(time.perf_counter())
        self.meshes.measured(self.closeups)
        clock.append(time.perf_counter())
        return {stage: after - before for stage, (before, after) in zip(STAGES, pairwise(clock), strict=True)}

    def bare(self, stage: str, *, single: bool = False) -> list[Call]:
        """Returns the calls that a stage needs; none for a stage in mien's own code. `single` is that of `floor`."""
        detecting = self.detecting.single if single else self.detecting.idle
        calls = {"decode": self.decoding(self.sides), "detect": detecting, "embed": self.embedding(self.faces)}
        return self.meshes.measured(self.closeups)[1] if stage == "mesh" else calls.get(stage, [])


def seconds(calls: list[Call]) -> float:
    """Returns the seconds of the calls, made one after the other."""
    started = time.perf_counter()
    for call in calls:
        call()
    return time.perf_counter() - started


def processor_seconds(calls: list[Call]) -> float:
    """Returns the CPU seconds of the calls, made one after the other."""
    before = time.process_time()
    seconds(calls)
    return time.process_time() - before


def together(calls: list[Call], threads: int, duration: float) -> float:
    """Makes the calls on several threads for some seconds, at least once on each.

    Returns:
        How many times a second all of the calls were made.
    """
    done: list[tuple[int, float]] = []
    ready = threading.Barrier(threads)

    def work() -> None:
        ready.wait()
        times, started = 0, time.perf_counter()
        while not times or time.perf_counter() - started < duration:
            seconds(calls)
            times += 1
        done.append((times, time.perf_counter() - started))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(times / took for times, took in done)


def record(pack: Pack, photo: Photo, meshes: Meshes) -> Image:
    """Finds the faces of an image, and records the calls."""
    sides: list[int] = []
    indexed: list[int] = []
    detecting = Runs()
    detector: Any = pack.pipeline.detector
    sessions = {name: _RecordingSession(session, detecting) for name, session in detector.sessions.items()}
    pipeline = dataclasses.replace(pack.pipeline, detector=detector.through(sessions))
    pipeline.find(_RecordingPicture(read_header(photo.data), sides))
    closeups = pack.pipeline.find(_RecordingPicture(read_header(photo.data), indexed), closeups=meshes.there)
    faces, _ = meshes.measured(closeups)
    return Image(pack.pipeline, photo, faces, closeups, sides, indexed, detecting, meshes)
