"""A manifest and its files become a running pack: sessions compiled, heads joined, the start-up check passed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.engine.openvino import OpenVinoSession
from mien.engine.session import Graph, Runtime, Session, agrees, fingerprint
from mien.errors import SetupError
from mien.face.detect import Detector, Head
from mien.face.embed import Embedder
from mien.face.pipeline import Pipeline
from mien.face.score import Calibration
from mien.packs.heads import yunet
from mien.packs.manifest import Manifest

HEADS: dict[str, Head] = {"yunet": yunet.read}
Compile = Callable[[Graph, int], Session]


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that runs.

    Attributes:
        manifest: what it says of itself.
        pipeline: detector and embedder.
        calibration: cosine → similarity.
        runtime: what runs it.
        sessions: its networks by the name they have in the manifest's checks.
    """

    manifest: Manifest
    pipeline: Pipeline
    calibration: Calibration
    runtime: Runtime
    sessions: dict[str, Session]

    def fingerprints(self) -> dict[str, NDArray[np.float32]]:
        """Run the known input through every network."""
        return {name: fingerprint(session) for name, session in self.sessions.items()}

    def check(self) -> None:
        """Run a known input through every network and compare with the stored answer.

        Raises:
            SetupError: a network answers something else, so that every result would be wrong in silence.
        """
        for name, measured in self.fingerprints().items():
            if not agrees(measured, np.array(getattr(self.manifest.checks, name), np.float32)):
                raise SetupError(
                    f"The start-up check failed: the {name} network of the pack {self.manifest.name} answers a known "
                    f"input wrongly on {self.runtime.engine} {self.runtime.version} ({self.runtime.device}). "
                    "mien does not serve wrong results; try another version of the engine."
                )


def load(manifest: Manifest, files: dict[str, Path], threads: int, compile_graph: Compile = OpenVinoSession) -> Pack:
    """Compile a pack's networks.

    Args:
        manifest: the pack.
        files: name → where it lies, digests checked (`install.find`).
        threads: inferences that may run at the same time.
        compile_graph: the engine.

    Raises:
        SetupError: a network cannot be read or compiled, or the calibration is not one.
    """
    seen, wanted = manifest.detector, manifest.embedder
    canvases = [Graph(files[seen.file], side, side, seen.color) for side in (seen.wide, seen.narrow)]
    crops = Graph(files[wanted.file], wanted.size, wanted.size, wanted.color, wanted.mean, wanted.scale)
    try:
        wide, narrow, embedding = (compile_graph(graph, threads) for graph in (*canvases, crops))
        calibration = Calibration.from_far(manifest.calibration)
    except (RuntimeError, ValueError) as error:
        raise SetupError(f"The pack {manifest.name} cannot be loaded: {str(error).splitlines()[0]}") from None
    detector = Detector(wide, narrow, HEADS[seen.head], seen.least_score, seen.most_overlap)
    points = np.array(wanted.points, np.float32) * wanted.size
    embedder = Embedder(embedding, points, wanted.dimension, wanted.mirror)
    sessions = {"wide": wide, "narrow": narrow, "embedder": embedding}
    return Pack(manifest, Pipeline(detector, embedder), calibration, embedding.describe(), sessions)
