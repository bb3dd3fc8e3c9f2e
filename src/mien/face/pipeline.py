"""Takes a picture through the networks: detects faces, cuts them out, measures them, and embeds those wanted later.

Embedding is a separate step, so that a face refused for its quality costs no inference.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import ceil

import numpy as np

from mien.engine.cores import Cores
from mien.face.align import align
from mien.face.detect import Finder
from mien.face.embed import Embedder, Embeddings
from mien.face.halves import Halves
from mien.face.quality import eye_distance, pose, quality
from mien.face.types import Detection, Face, Picture

Stage = Callable[[str], AbstractContextManager[None]]  # gets the name of a stage, and is open while it lasts

CANVASES = 2  # a picture is first decoded at this many times the detector's canvas, which serves most crops as well


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A detector and an embedder made for each other, and the cores that their inferences share."""

    detector: Finder
    embedder: Embedder
    cores: Cores

    def find(self, picture: Picture, stage: Stage = lambda _: nullcontext(), *, embedded: bool = True) -> list[Face]:
        """Detects, cuts out and measures up to 100 faces, the largest first.

        Args:
            picture: the picture.
            stage: opened around each stage: decode, detect, align. A face that needs more pixels than were first
                decoded opens decode once more.
            embedded: whether any of the faces will be embedded.
        """
        with self.cores.at_work():
            with stage("decode"):
                image = Halves(picture.rgb(CANVASES * self.detector.canvas))
            with stage("detect"):
                detections = self.detector.detect(image, picture.width, picture.height)
            sides = [self._side(each, picture) for each in detections]
            had = max(image.full.shape[:2])
            finer = image
            if had < max(sides, default=0):
                with stage("decode"):
                    finer = Halves(picture.rgb(max(sides)))
            with stage("align"):
                return [
                    self._cut(each, finer if had < side else image, picture, embedded)
                    for each, side in zip(detections, sides, strict=True)
                ]

    def embed(self, faces: Sequence[Face]) -> Embeddings:
        """Embeds faces that `find` returned; float32 (N, dimension), unit length."""
        with self.cores.at_work():
            size = self.embedder.size
            crops = np.stack([face.crop for face in faces]) if faces else np.empty((0, size, size, 3), np.uint8)
            if self.embedder.mirrored is None or not faces:
                return self.embedder.embed(crops)
            return self.embedder.embed(
                crops, np.stack([face.crop if face.mirrored is None else face.mirrored for face in faces])
            )

    def _side(self, detection: Detection, picture: Picture) -> int:
        """Returns the picture's longer side at which the face has as many pixels as its crop, up to full size."""
        full = max(picture.width, picture.height)
        wanted = full * eye_distance(self.embedder.points) / max(eye_distance(detection.landmarks), 1.0)
        return min(full, ceil(wanted))

    def _cut(self, detection: Detection, image: Halves, picture: Picture, embedded: bool) -> Face:
        rows, columns = image.full.shape[:2]
        landmarks = detection.landmarks * np.array([columns / picture.width, rows / picture.height], np.float32)
        wanted = self.embedder
        crop = align(image, landmarks, wanted.points, wanted.size, wanted.cubic)
        mirrored = None
        if embedded and wanted.mirrored is not None:
            mirrored = align(image, landmarks, wanted.mirrored, wanted.size, wanted.cubic)
        return Face(detection, pose(detection.landmarks), quality(crop, wanted.points), crop, mirrored)
