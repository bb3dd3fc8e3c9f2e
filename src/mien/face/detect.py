"""Detects faces: draws the image on the detector's square canvas, reads candidates, and keeps the best (NMS).

The network is compiled for two canvases. The wide one shows small faces. The narrow one is enough for a small image,
and it shows faces so near that they exceed the receptive field on the wide one. A wide or tall picture is drawn on the
part of a canvas that it needs, if the network takes one of this shape.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.halves import Halves
from mien.face.hints import WEAK, looked_at, may_be_small, may_be_turned, shows_a_face
from mien.face.tiles import SMALL, SURER, Squares, tiles, whole
from mien.face.types import Box, Detection, Pixels

MOST_FACES = 100
MOST_CANDIDATES = 400  # faces kept before the largest are chosen
SAME_FACE = 0.6  # candidates that overlap more are one face, seen by neighbouring cells
BLACK = (0, 0, 0)
CORNER = np.zeros(2, np.float32)
BELOW = 32  # black pixels of a smaller canvas below or beside a picture, without which faces at its edge move
NEAR = 0.5  # a face wider or taller than this share of the canvas is detected again on the narrow canvas


@dataclass(frozen=True, slots=True)
class Candidates:
    """The faces that a head reads from a detector's outputs, in pixels of the canvas.

    Attributes:
        boxes: float32 (N, 4) as x1, y1, x2, y2.
        scores: float32 (N,), 0–1.
        landmarks: float32 (N, 5, 2).
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    @property
    def extents(self) -> NDArray[np.float32]:
        """Widths and heights, (N, 2)."""
        return self.boxes[:, 2:] - self.boxes[:, :2]

    def only(self, kept: NDArray[np.bool_]) -> "Candidates":
        """Returns those that `kept` marks."""
        return Candidates(self.boxes[kept], self.scores[kept], self.landmarks[kept])

    def placed(self, factor: float, corner: NDArray[np.float32] = CORNER) -> "Candidates":
        """Returns them enlarged by a factor and then moved by `corner`, x and y."""
        move = np.asarray(corner, np.float32)
        boxes, landmarks = self.boxes * np.float32(factor), self.landmarks * np.float32(factor)
        return Candidates(boxes + np.tile(move, 2), self.scores, landmarks + move)


NONE = Candidates(*(np.empty(shape, np.float32) for shape in ((0, 4), (0,), (0, 5, 2))))
Head = Callable[[Mapping[str, NDArray[np.float32]], tuple[int, int], float], Candidates]


class Finder(Protocol):
    """A face detector: one network over a canvas (`Detector`), or several that look closer in turn (`Cascade`)."""

    @property
    def canvas(self) -> int:
        """The longer side of an image, in pixels, beyond which more resolution reveals no further faces."""

    @property
    def sessions(self) -> dict[str, Session]:
        """Its networks by name."""

    def through(self, sessions: Mapping[str, Session]) -> "Finder":
        """Returns the same finder with other sessions under the same names."""

    def detect(self, image: Halves, width: int, height: int) -> list[Detection]:
        """Detects up to 100 faces, the largest first, in pixels of the full-resolution image.

        Args:
            image: the image at any scale.
            width: columns of the full-resolution image.
            height: rows of the full-resolution image.
        """

    def hinted(self, image: Halves, width: int, height: int) -> tuple[list[Detection], list[Detection]]:
        """Detects faces (see `detect`), and returns beside them what looked a little like one, if that is known."""


@dataclass(frozen=True, slots=True)
class Detector:
    """A detection network at two canvas sizes, with the head that reads it.

    Attributes:
        wide: the session with the larger canvas.
        narrow: the session with the smaller canvas.
        head: (outputs of one image, canvas height and width, least score) → candidates.
        least_score: 0–1; candidates below it are not faces.
        most_overlap: 0–1; of two candidates that overlap more, the one with the lower score is dropped.
        closer: whether small faces are looked for on tiles where something hints at them.
        small: the session with a canvas that shows a few hints at small faces; the narrow one if None.
    """

    wide: Session
    narrow: Session
    head: Head
    least_score: float
    most_overlap: float
    closer: bool = True
    small: Session | None = None

    def detect(self, image: Halves, width: int, height: int) -> list[Detection]:
        """Detects faces (see `Finder.detect`)."""
        return self._merged(self._found(image, width)[0], image, width, height)

    def hinted(self, image: Halves, width: int, height: int) -> tuple[list[Detection], list[Detection]]:
        """Detects faces, and weak candidates that may be turned ones (see `Finder.hinted`)."""
        found, weak = self._found(image, width)
        likely = weak.only(may_be_turned(weak.boxes, weak.scores, found.boxes, max(image.full.shape[:2])))
        return self._merged(found, image, width, height), self._merged(likely, image, width, height)

    @property
    def canvas(self) -> int:
        """The larger canvas's side (see `Finder.canvas`)."""
        return max(self.wide.shape[:2])

    @property
    def sessions(self) -> dict[str, Session]:
        """The network at its canvas sizes (see `Finder.sessions`)."""
        return {"wide": self.wide, "narrow": self.narrow} | ({"small": self.small} if self.small else {})

    def through(self, sessions: Mapping[str, Session]) -> "Detector":
        """Returns the same with other sessions (see `Finder.through`)."""
        return replace(self, wide=sessions["wide"], narrow=sessions["narrow"], small=sessions.get("small"))

    def _found(self, image: Halves, width: int) -> tuple[Candidates, Candidates]:
        """Returns the candidates of an image and the weak ones; `width` is that of the full resolution."""
        rows, columns = image.full.shape[:2]
        longer = max(rows, columns)
        is_small = longer <= max(self.narrow.shape[:2])
        seen = self._seen(image, self.narrow if is_small else self.wide, min(WEAK, self.least_score))
        good = seen.scores >= self.least_score
        found, weak = seen.only(good), seen.only(~good)
        return (found, weak) if is_small else (self._again(image, found, weak, width / columns), weak)

    def _again(self, image: Halves, found: Candidates, weak: Candidates, reduction: float) -> Candidates:
        """Returns the candidates found on the wide canvas with those of a second look for large and small faces."""
        longer = max(image.full.shape[:2])
        if len(found.scores) == 0 or found.extents.max() > NEAR * longer:
            found = joined([found, self._seen(image, self.narrow, self.least_score)])
        rows, columns = image.full.shape[:2]
        squares = tiles(columns, rows, self.canvas, reduction)
        if not (self.closer and len(squares)):
            return found
        shrunk = self.canvas / longer
        if len(found.scores) and found.extents.max(axis=1).min() >= SMALL * longer:
            hints = weak.boxes[may_be_small(weak.boxes * shrunk, weak.scores, found.boxes * shrunk)]
            if not self._is_hidden(image, hints, self.canvas / float(squares[0, 2] - squares[0, 0])):
                return found
        return joined([found, self._close(image, squares)])

    def _is_hidden(self, image: Halves, hints: NDArray[np.float32], scale: float) -> bool:
        """Returns whether a small face shows where something hints at one, drawn as large as on a tile."""
        session = self.small or self.narrow
        side = session.shape[0]
        if not len(hints):
            return False
        (outputs,) = _each(session.run(looked_at(image, hints, side, scale)[None]))
        return shows_a_face(self.head(outputs, session.shape[:2], self._surer).boxes, side)

    @property
    def _surer(self) -> float:
        """The least score of a face that is seen closer."""
        return self.least_score + SURER * (1 - self.least_score)

    def _merged(self, found: Candidates, image: Halves, width: int, height: int) -> list[Detection]:
        """Returns candidates of the image as detections in pixels of the full resolution."""
        rows, columns = image.full.shape[:2]
        return detections(merge(found, self.most_overlap), width / columns, height / rows)

    def _seen(self, image: Halves, session: Session, least_score: float) -> Candidates:
        """Returns the candidates on a canvas of the whole image, in its pixels."""
        canvas = letterbox(image, session.shapes)
        (outputs,) = _each(session.run(canvas[None]))
        seen = self.head(outputs, (canvas.shape[0], canvas.shape[1]), least_score)
        return seen.placed(1 / _fit(image.full, session.shape))

    def _close(self, image: Halves, squares: Squares) -> Candidates:
        """Returns the small faces in squares of the image, in its pixels."""
        rows, columns = image.full.shape[:2]
        side = self.wide.shape[0]
        drawn = np.stack([image.cut(square.tolist(), side, BLACK) for square in squares])
        found = []
        for square, outputs in zip(squares, _each(self.wide.run(drawn)), strict=True):
            scale = side / float(square[2] - square[0])
            faces = self.head(outputs, self.wide.shape[:2], self._surer).placed(1 / scale, square[:2])
            found.append(faces.only(whole(faces.boxes, square, columns, rows, scale)))
        return joined(found)


def _each(outputs: Mapping[str, NDArray[np.float32]]) -> list[dict[str, NDArray[np.float32]]]:
    """Returns the outputs of each input."""
    count = len(next(iter(outputs.values())))
    return [{name: value[index] for name, value in outputs.items()} for index in range(count)]


def detections(found: Candidates, across: float, down: float) -> list[Detection]:
    """Converts candidates to detections in pixels of the full-resolution image, the largest first.

    Args:
        found: the candidates, in any pixels.
        across: the factor from their x to that of the full-resolution image.
        down: the same for y.
    """
    stretch = np.array([across, down], np.float32)
    boxes, landmarks = found.boxes * np.tile(stretch, 2), found.landmarks * stretch
    faces = [
        Detection(Box(*map(float, box)), points, float(score))
        for box, points, score in zip(boxes, landmarks, found.scores, strict=True)
    ]
    return sorted(faces, key=lambda each: -each.box.area)[:MOST_FACES]


def letterbox(image: Halves, shapes: Sequence[tuple[int, int, int]]) -> Pixels:
    """Draws the image in a canvas's top left corner, as large as it fits the largest, with black around it.

    The smallest canvas is taken that holds all of the drawing, at the same scale.

    A large image is halved first, and the rest, less than a halving, is interpolated bilinearly. This is faster than
    averaging in one pass and finds the same faces: see `benchmarks/README.md`, "What was tried".

    Args:
        image: the image.
        shapes: of the canvases, the smallest first.
    """
    shape = shapes[-1]
    near, _ = image.nearest(1 / _fit(image.full, shape))
    factor = _fit(near, shape)
    height = min(shape[0], max(1, round(near.shape[0] * factor)))
    width = min(shape[1], max(1, round(near.shape[1] * factor)))
    least = [min(side + BELOW, most) for side, most in zip((height, width), shape[:2], strict=True)]
    canvas = np.zeros(next(each for each in shapes if each[0] >= least[0] and each[1] >= least[1]), np.uint8)
    if (height, width) == near.shape[:2]:
        canvas[:height, :width] = near
    else:
        cv2.resize(near, (width, height), dst=canvas[:height, :width], interpolation=cv2.INTER_LINEAR)
    return canvas


def _fit(image: Pixels, shape: tuple[int, ...]) -> float:
    return float(min(shape[0] / image.shape[0], shape[1] / image.shape[1]))


def joined(parts: Sequence[Candidates]) -> Candidates:
    """Returns the candidates of all parts."""
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
    )


def merge(found: Candidates, most_overlap: float) -> Candidates:
    """Applies greedy NMS (non-maximum suppression), and averages each face with its near duplicates by score.

    Neighbouring cells each give their own guess of the same face. Averaging them costs nothing and steadies the
    landmarks: see `benchmarks/README.md`, "What was tried".
    """
    low, high = found.boxes[:, :2], found.boxes[:, 2:]
    extents = high - low
    areas = extents[:, 0] * extents[:, 1]
    guesses = np.concatenate([found.boxes, found.landmarks.reshape(-1, 10)], axis=1)
    order = np.argsort(-found.scores, kind="stable")
    merged: list[NDArray[np.float32]] = []
    scores: list[np.float32] = []
    while len(order) and len(scores) < MOST_CANDIDATES:
        best = order[0]
        extent = np.maximum(np.minimum(high[best], high[order]) - np.maximum(low[best], low[order]), 0)
        shared = extent[:, 0] * extent[:, 1]
        overlap = shared / np.maximum(areas[best] + areas[order] - shared, 1e-6)
        overlap[0] = 1.0
        same = order[overlap >= SAME_FACE]
        weight = found.scores[same] / found.scores[same].sum()
        merged.append(weight @ guesses[same])
        scores.append(found.scores[best])
        order = order[overlap <= most_overlap]
    faces = np.array(merged, np.float32).reshape(-1, 14)
    return Candidates(faces[:, :4], np.array(scores, np.float32), faces[:, 4:].reshape(-1, 5, 2))
