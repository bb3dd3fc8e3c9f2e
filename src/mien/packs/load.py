"""Turns a manifest and its files into a running pack at start-up: compiles networks, joins heads, checks outputs."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.engine.choice import Compile
from mien.engine.cores import Cores
from mien.engine.openvino import OpenVinoSession
from mien.engine.session import SAMPLES, Graph, Runtime, Session, agrees, alive, fingerprint
from mien.errors import SetupError
from mien.face.cascade import Cascade, pyramid
from mien.face.certainty import Certainty, unmeasured
from mien.face.detect import Detector
from mien.face.embed import Embedder, Ensemble
from mien.face.looks import SMALL
from mien.face.pipeline import Pipeline
from mien.face.similarity import Calibration
from mien.face.turned import Turned
from mien.packs import corrections, networks
from mien.packs.calibration_file import Pairs
from mien.packs.heads import HEADS
from mien.packs.manifest import Manifest, Release
from mien.packs.readers import blockwise, channels_last, dlib, landmarker, minifasnet, mtcnn
from mien.packs.specs import CascadeSpec, DetectorSpec, EmbedderSpec

READERS: dict[str, Callable[[Path], Any]] = {
    "blockwise": blockwise.read,
    "channels-last": channels_last.read,
    "dlib": dlib.read,
    "landmarker": landmarker.read,
    "minifasnet": minifasnet.read,
    "mtcnn-proposal": mtcnn.read_proposal,
    "mtcnn-refinement": mtcnn.read_refinement,
    "mtcnn-output": mtcnn.read_output,
}
SHORTER = 0.65  # share of a canvas that holds pictures of 16:9 with some black
STEP = 32  # pixels of a canvas between two cells of a detector's coarsest outputs
REFINED, FINISHED = 32, 8  # inputs that the second and third network of a cascade take in one call
# raised for a file that is not a network, or too large a one
UNREADABLE = (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError, OSError)
Preprocessing = tuple[str, tuple[float, ...], tuple[float, ...]]  # colour order, mean, scale


@dataclass(frozen=True, slots=True)
class Pack:
    """A running pack.

    Attributes:
        manifest: its description.
        pipeline: detector and embedders.
        calibration: cosine → similarity.
        runtime: the engine and its device.
        sessions: the networks by their names in the manifest's checks.
    """

    manifest: Manifest
    pipeline: Pipeline
    calibration: Calibration
    runtime: Runtime
    sessions: dict[str, Session]

    def fingerprints(self) -> dict[str, NDArray[np.float32]]:
        """Returns the fingerprint of every network, by its name.

        Raises:
            SetupError: one of them cannot run.
        """
        try:
            return {name: fingerprint(session) for name, session in self.sessions.items()}
        except UNREADABLE as error:
            raise SetupError(f"A network of the pack {self.manifest.name} does not run: {reason(error)}.") from None

    def check(self) -> None:
        """Compares the fingerprint of every network with the stored one.

        A pack that was never tried has none stored; its networks must only output numbers that differ.

        Raises:
            SetupError: a fingerprint differs, so that every result would be silently wrong.
        """
        for name, measured in self.fingerprints().items():
            if not self._is_sound(name, measured):
                raise SetupError(
                    f"The start-up check failed: the {name} network of the pack {self.manifest.name} answers a known "
                    f"input wrongly on {self.runtime.engine} {self.runtime.version} ({self.runtime.device}). "
                    "mien does not serve wrong results; try another version of the engine."
                )

    def release(self) -> None:
        """Gives back the memory that only running inferences need (see `Session.release`)."""
        for session in self.sessions.values():
            session.release()

    def through(self, wrap: Callable[[str, Session], Session]) -> "Pack":
        """Returns the same pack with every network wrapped; `wrap` gets its name and session."""
        wrapped = {name: wrap(name, session) for name, session in self.sessions.items()}
        detector = self.pipeline.detector.through({name: wrapped[name] for name in self.pipeline.detector.sessions})
        embedders = self.pipeline.ensemble.embedders
        again = [replace(each, session=wrapped[name]) for name, each in zip(_names(embedders), embedders, strict=True)]
        ensemble = replace(self.pipeline.ensemble, embedders=tuple(again))
        certainty = self.pipeline.certainty.wrapped(wrapped)
        pipeline = replace(self.pipeline, detector=detector, ensemble=ensemble, certainty=certainty)
        return replace(self, pipeline=pipeline, sessions=wrapped)

    def _is_sound(self, name: str, measured: NDArray[np.float32]) -> bool:
        if not (self.manifest.tried or self.manifest.checks):
            return alive(measured)
        return agrees(measured, np.array(self.manifest.checks.get(name, [0.0] * SAMPLES), np.float32))


def load(
    manifest: Manifest,
    files: dict[str, Path],
    cores: Cores,
    compile_graph: Compile = OpenVinoSession,
    measured: Pairs | None = None,
) -> Pack:
    """Compiles a pack's networks.

    Args:
        manifest: the pack.
        files: name → path, digests checked (`install.find`).
        cores: the cores that inferences share.
        compile_graph: the engine.
        measured: a calibration in place of the manifest's.

    Raises:
        SetupError: a network cannot be read or compiled, or the calibration is not valid.
    """
    compiling = Networks(manifest, files, cores, compile_graph)
    try:
        detector = manifest.detector
        with ThreadPoolExecutor(1) as beside:  # the engine compiles without the interpreter's lock
            embedding = beside.submit(lambda: tuple(compiling.embedder(each) for each in manifest.embedders))
            finder = compiling.detector(detector) if isinstance(detector, DetectorSpec) else compiling.cascade(detector)
            embedders = embedding.result()
        ensemble = Ensemble(embedders)
        if manifest.crowd:
            ensemble = replace(ensemble, crowd=corrections.crowd(manifest.crowd, files, ensemble))
        if manifest.trust:
            ensemble = replace(ensemble, trust=corrections.trust(manifest.trust, files, ensemble))
        calibration = Calibration.from_far(measured or manifest.calibration)
    except UNREADABLE as error:
        raise SetupError(f"The pack {manifest.name} cannot be loaded: {reason(error)}.") from None
    sessions = finder.sessions | {name: each.session for name, each in zip(_names(embedders), embedders, strict=True)}
    certainty = Certainty.through(detector.certainty or unmeasured(detector.bar), finder.small)
    pipeline = Pipeline(finder, ensemble, cores, certainty)
    return Pack(manifest, pipeline, calibration, embedders[0].session.describe(), sessions)


def _names(embedders: Sequence[Embedder]) -> list[str]:
    """Returns the networks' names in checks and metrics: "embedder", "embedder-2" …"""
    return [f"embedder-{number}" if number > 1 else "embedder" for number in range(1, len(embedders) + 1)]


def _smaller(side: int) -> tuple[tuple[int, int], ...]:
    """Returns the shapes of a square canvas's parts that hold wide and tall pictures."""
    shorter = int(side * SHORTER) // STEP * STEP
    return ((shorter, side), (side, shorter)) if shorter else ()


def reason(error: Exception) -> str:
    """Returns why a network cannot be used, in one line, the last: OpenVINO begins with the place in its source."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1].rstrip(".")


def _points(spec: EmbedderSpec, scale: float) -> NDArray[np.float32]:
    """Returns the landmarks' places in pixels of the crop, the face enlarged about the crop's middle."""
    return (((np.array(spec.points) - 0.5) * scale + 0.5) * spec.size).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Networks:
    """Compiles the networks of a pack of any kind; the fields are the arguments of `load`."""

    manifest: Release
    files: dict[str, Path]
    cores: Cores
    compile_graph: Compile

    def compile(
        self, name: str, shape: tuple[int, int], entry: Preprocessing, batch: int = 1, *, paired: bool = False,
        chained: bool = True, lean: bool = False, half: bool = False, smaller: tuple[tuple[int, int], ...] = (),
    ) -> Session:  # fmt: skip
        """Compiles the network in the file of this name.

        Args:
            name: of the file in the manifest.
            shape: height and width of the input.
            entry: colour order, mean and scale.
            batch: inputs in one call.
            paired: whether an inference takes a second core that would idle.
            chained: whether chains of small layers get kernels of their own.
            lean: whether it takes little memory rather than little time.
            half: whether f16 changes its answers only a little.
            smaller: further shapes of the input.
        """
        reader = next(file.reader for file in self.manifest.files if file.name == name)
        if reader not in ("", *READERS):
            raise ValueError(f"there is no reader named {reader}; known readers: {', '.join(READERS)}")
        read = READERS[reader] if reader else None
        if read in (None, blockwise.read):  # this reader copies all else that an ONNX file says
            networks.check(self.files[name], self.files)
        color, mean, scale = entry
        graph = Graph(self.files[name], *shape, color, mean, scale, batch, paired, chained, lean, read, half, smaller)
        return self.compile_graph(graph, self.cores)

    def embedder(self, spec: EmbedderSpec) -> Embedder:
        """Compiles an embedding network and places its landmarks."""
        entry: Preprocessing = (spec.color, spec.mean, spec.scale)
        session = self.compile(spec.file, (spec.size, spec.size), entry, chained=False, half=True)
        points, mirrored = (_points(spec, scale) for scale in spec.scales)
        apart = mirrored if spec.mirror and spec.scales[0] != spec.scales[1] else None
        return Embedder(session, points, spec.dimension, spec.mirror, apart, spec.cubic, spec.weight)

    def detector(self, spec: DetectorSpec) -> Turned:
        """Compiles a detector of one network over two canvases."""
        entry: Preprocessing = (spec.color, spec.mean, spec.scale)
        if spec.head not in HEADS:
            raise ValueError(f"there is no head named {spec.head}; known heads: {', '.join(HEADS)}")
        wide = self.compile(spec.file, (spec.wide, spec.wide), entry, paired=True, smaller=_smaller(spec.wide))
        narrow = self.compile(spec.file, (spec.narrow, spec.narrow), entry, paired=spec.narrow == spec.wide)
        finder = Detector(wide, narrow, HEADS[spec.head], spec.least_score, spec.most_overlap)
        if not spec.sure:
            return Turned(finder, None, 0.0)
        small = self.compile(spec.file, (SMALL, SMALL), entry)
        return Turned(replace(finder, small=small), replace(finder, wide=small, narrow=small), spec.sure)

    def cascade(self, spec: CascadeSpec) -> Turned:
        """Compiles a detector of three networks, the first over two canvases."""
        entry: Preprocessing = (spec.color, spec.mean, spec.scale)
        wide, narrow = (self.compile(spec.proposer, pyramid(side).shape, entry) for side in (spec.wide, spec.narrow))
        refiner = self.compile(spec.refiner, (mtcnn.REFINED,) * 2, entry, REFINED)
        finisher = self.compile(spec.finisher, (mtcnn.FINISHED,) * 2, entry, FINISHED)
        return Turned(Cascade(wide, narrow, refiner, finisher, spec.least_scores, spec.most_overlap), None, spec.sure)
