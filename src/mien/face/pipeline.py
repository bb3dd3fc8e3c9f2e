"""Takes a picture through the networks: detects faces, cuts them out, measures them, and embeds those wanted later.

Embedding is a separate step, so that a face refused for its quality costs no inference.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from mien.engine.cores import Cores
from mien.face import portrait
from mien.face.align import align
from mien.face.attributes import closeup
from mien.face.certainty import AS_SCORED, Certainty
from mien.face.detect import Finder
from mien.face.embed import Embedder, Embeddings, Ensemble
from mien.face.halves import Halves
from mien.face.quality import eye_distance, pose, quality
from mien.face.types import Crop, Detection, Face, Picture, Points, Portrait

Stage = Callable[[str], AbstractContextManager[None]]  # gets the name of a stage, and is open while it lasts

CANVASES = 2  # a picture is first decoded at this many times the detector's canvas, which serves most crops as well


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A detector, the networks that embed the faces it finds, and the cores that their inferences share.

    `certainty` turns the detector's scores into probabilities.
    """

    detector: Finder
    ensemble: Ensemble
    cores: Cores
    certainty: Certainty = AS_SCORED

    def find(
        self,
        picture: Picture,
        stage: Stage = lambda _: nullcontext(),
        *,
        embedded: bool = True,
        closeups: bool = False,
        portraits: bool = False,
    ) -> list[Face]:
        """Detects, cuts out and measures up to 100 faces, the largest first.

        Args:
            picture: the picture.
            stage: opened around each stage: decode, detect, align. A face that needs more pixels than were first
                decoded opens decode once more.
            embedded: whether any of the faces will be embedded.
            closeups: whether attributes of the faces will be measured.
            portraits: whether a portrait of them may be kept.
        """
        with self.cores.at_work():
            with stage("decode"):
                image = Halves(picture.rgb(CANVASES * self.detector.canvas))
            with stage("detect"):
                found = self.detector.detect(image, picture.width, picture.height)
                detections = self.certainty.judged(found, image, picture.width, picture.height)
            wanted = _Cuts(closeups, portraits)
            sides = [max(self._side(each, picture), wanted.side(each, picture)) for each in detections]
            had = max(image.full.shape[:2])
            finer = image
            if had < max(sides, default=0):
                with stage("decode"):
                    finer = Halves(picture.rgb(max(sides)))
            with stage("align"):
                images = [finer if had < side else image for side in sides]
                faces = [
                    self._cut(each, shown, picture, embedded) for each, shown in zip(detections, images, strict=True)
                ]
                return [wanted.made(*each, picture) for each in zip(faces, images, strict=True)]

    def cut_again(
        self, picture: Picture, faces: Sequence[Face], stage: Stage, *, closeups: bool, portraits: bool
    ) -> list[Face]:
        """Returns faces that `find` found in the picture before with the closeups and portraits that they lack."""
        wanted = _Cuts(closeups, portraits)
        with self.cores.at_work():
            with stage("decode"):
                image = Halves(picture.rgb(max((wanted.side(face.detection, picture) for face in faces), default=1)))
            with stage("align"):
                return [wanted.made(face, image, picture) for face in faces]

    def of_portrait(self, kept: Portrait) -> Face:
        """Returns the face of a portrait, aligned by its landmarks and cut out to be embedded."""
        with self.cores.at_work():
            image = Halves(kept.pixels)
            crops = tuple(cut(each, image, kept.landmarks) for each in self.ensemble.embedders)
            found, first = portrait.detection(kept), self.ensemble.embedders[0]
            return Face(found, pose(kept.landmarks), quality(crops[0].straight, first.points), crops)

    def embed(self, faces: Sequence[Face]) -> Embeddings:
        """Embeds faces that `find` returned; float32 (N, dimension), of length 1 or less."""
        with self.cores.at_work():
            return self.ensemble.embed(faces)

    def _side(self, detection: Detection, picture: Picture) -> int:
        """Returns the picture's longer side at which the face has as many pixels as its crops, up to full size."""
        full = max(picture.width, picture.height)
        eyes = max(eye_distance(each.points) for each in self.ensemble.embedders)
        return min(full, ceil(full * eyes / max(eye_distance(detection.landmarks), 1.0)))

    def _cut(self, detection: Detection, image: Halves, picture: Picture, embedded: bool) -> Face:
        rows, columns = image.full.shape[:2]
        landmarks = detection.landmarks * np.array([columns / picture.width, rows / picture.height], np.float32)
        first, *others = self.ensemble.embedders
        crops = [cut(each, image, landmarks, embedded) for each in (first, *(others if embedded else ()))]
        return Face(detection, pose(detection.landmarks), quality(crops[0].straight, first.points), tuple(crops))


def cut(wanted: Embedder, image: Halves, landmarks: Points, embedded: bool = True) -> Crop:
    """Cuts a face out for a network; the mirror image's own crop only if the face is to be embedded."""
    straight = align(image, landmarks, wanted.points, wanted.size, wanted.cubic)
    if wanted.mirrored is None or not embedded:
        return Crop(straight)
    return Crop(straight, align(image, landmarks, wanted.mirrored, wanted.size, wanted.cubic))


@dataclass(frozen=True, slots=True)
class _Cuts:
    """The cuts of a face besides its crops that are wanted."""

    closeups: bool
    portraits: bool

    def side(self, detection: Detection, picture: Picture) -> int:
        """Returns the picture's longer side at which they are made without enlarging, up to full size."""
        full = max(picture.width, picture.height)
        squares = [closeup.SQUARE] * self.closeups + [portrait.SQUARE] * self.portraits
        return max((each.needed(detection, full) for each in squares), default=1)

    def made(self, face: Face, image: Halves, picture: Picture) -> Face:
        """Returns a face with the cuts that are wanted."""
        scale = max(image.full.shape[:2]) / max(picture.width, picture.height)
        if self.closeups:
            face = replace(face, closeup=closeup.cut_closeup(image, face.detection, scale))
        if self.portraits:
            face = replace(face, portrait=portrait.cut_portrait(image, face.detection, scale))
        return face
