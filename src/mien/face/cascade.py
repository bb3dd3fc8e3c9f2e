"""Detects faces with three networks: the first proposes windows at every scale, the next two look closer.

The cascade is that of Zhang et al. 2016 (arXiv 1604.02878, MTCNN): the first network sees every 12×12 window of an
image pyramid. Its proposals are cut out and seen again at 24×24, and those that remain at 48×48, with landmarks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.detect import Candidates, detections, merge
from mien.face.halves import Halves
from mien.face.pyramid import GREY, Pyramid
from mien.face.types import Detection, Pixels

WINDOW, STRIDE = 12, 2  # of the first network, pixels
MOST_PROPOSALS = 400  # enough for a crowd; more would let one busy image occupy the machine
SAME_SCALE, SAME_WINDOW = 0.5, 0.7  # NMS: proposals that overlap more, within and across scales, are one

Boxes = NDArray[np.float32]
Scores = NDArray[np.float32]


@cache
def pyramid(side: int) -> Pyramid:
    """Returns the layout of an image on the first network's canvas, whose height is `side`."""
    return Pyramid(side, WINDOW)


@dataclass(frozen=True, slots=True)
class Cascade:
    """The three networks, the first at two canvas sizes.

    Attributes:
        wide: the first network over the larger canvas; outputs `score` (rows, columns) and `shift` (4, rows, columns)
            in windows, for windows STRIDE pixels apart.
        narrow: the same over the smaller canvas, which is enough for a small image.
        refiner: the second network; outputs `score` () and `shift` (4,) in sides of its input.
        finisher: the third network; outputs the same and `points` (2, 5), x and y, in sides of its input.
        least_scores: 0–1, the least score of proposals, refined and finished faces.
        most_overlap: 0–1; of two faces that overlap more, the one with the lower score is dropped.
    """

    wide: Session
    narrow: Session
    refiner: Session
    finisher: Session
    least_scores: tuple[float, float, float]
    most_overlap: float

    @property
    def canvas(self) -> int:
        """The side of the larger pyramid (see `Finder.canvas`)."""
        return self.wide.shape[0]

    @property
    def sessions(self) -> dict[str, Session]:
        """The networks (see `Finder.sessions`)."""
        return {"wide": self.wide, "narrow": self.narrow, "refiner": self.refiner, "finisher": self.finisher}

    def through(self, sessions: Mapping[str, Session]) -> "Cascade":
        """Returns the same with other sessions (see `Finder.through`)."""
        return replace(
            self, wide=sessions["wide"], narrow=sessions["narrow"],
            refiner=sessions["refiner"], finisher=sessions["finisher"],
        )  # fmt: skip

    def detect(self, image: Halves, width: int, height: int) -> list[Detection]:
        """Detects faces (see `Finder.detect`)."""
        boxes = self._refine(image, self._propose(image))
        found = merge(self._finish(image, boxes), self.most_overlap)
        return detections(found, width / image.full.shape[1], height / image.full.shape[0])

    def hinted(self, image: Halves, width: int, height: int) -> tuple[list[Detection], list[Detection]]:
        """Detects faces; what the last network refuses is no hint (see `Finder.hinted`)."""
        return self.detect(image, width, height), []

    def _propose(self, halves: Halves) -> Boxes:
        """Returns windows that may hold a face: x1, y1, x2, y2 in pixels of the image, the likeliest first."""
        rows, columns = halves.full.shape[:2]
        session = self.narrow if max(rows, columns) <= self.narrow.shape[0] else self.wide
        canvas, drawn = pyramid(session.shape[0]).draw(halves)
        answer = session.run(canvas[None])
        score, shift = answer["score"][0], answer["shift"][0]
        boxes, scores, scales = [np.empty((0, 4), np.float32)], [np.empty(0, np.float32)], [np.empty(0, np.int32)]
        for index, level in enumerate(drawn):
            top, left = level.y // STRIDE, level.x // STRIDE
            bottom, right = ((end - WINDOW) // STRIDE + 1 for end in (level.y + level.height, level.x + level.width))
            here = score[top:bottom, left:right]
            row, column = np.nonzero(here >= self.least_scores[0])
            corner = np.stack([column, row], axis=1).astype(np.float32) * STRIDE
            windows = np.concatenate([corner, corner + WINDOW], axis=1)
            scale = np.array([columns / level.width, rows / level.height] * 2, np.float32)
            boxes.append(_shifted(windows, shift[:, top + row, left + column].T) * scale)
            scores.append(here[row, column])
            scales.append(np.full(len(row), index, np.int32))
        return _suppress(np.concatenate(boxes), np.concatenate(scores), np.concatenate(scales))[:MOST_PROPOSALS]

    def _refine(self, halves: Halves, boxes: Boxes) -> Boxes:
        """Returns the windows that the second network accepts, moved to where it sees the faces."""
        boxes = _squares(boxes)
        answer = self.refiner.run(_patches(halves, boxes, self.refiner))
        kept = answer["score"] >= self.least_scores[1]
        moved = _shifted(boxes[kept], answer["shift"][kept])
        return _suppress(moved, answer["score"][kept], np.zeros(len(moved), np.int32))

    def _finish(self, halves: Halves, boxes: Boxes) -> Candidates:
        """Returns the faces that the third network accepts, with their landmarks."""
        boxes = _squares(boxes)
        answer = self.finisher.run(_patches(halves, boxes, self.finisher))
        kept = answer["score"] >= self.least_scores[2]
        boxes = boxes[kept]
        side = (boxes[:, 2:] - boxes[:, :2])[:, None]
        landmarks = answer["points"][kept].transpose(0, 2, 1) * side + boxes[:, None, :2]
        return Candidates(_shifted(boxes, answer["shift"][kept]), answer["score"][kept], landmarks)


def _patches(halves: Halves, boxes: Boxes, session: Session) -> Pixels:
    size = session.shape[0]
    patches = np.empty((len(boxes), size, size, 3), np.uint8)
    for patch, box in zip(patches, boxes.tolist(), strict=True):
        patch[:] = halves.cut(box, size, GREY)
    return patches


def _shifted(boxes: Boxes, shift: NDArray[np.float32]) -> Boxes:
    return boxes + shift * np.tile(boxes[:, 2:] - boxes[:, :2], 2)


def _squares(boxes: Boxes) -> Boxes:
    """Returns squares around the same centres, as large as the longer side."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def _suppress(boxes: Boxes, scores: Scores, scales: NDArray[np.int32]) -> Boxes:
    """Applies NMS to boxes, within each scale and then across scales; the best come first."""
    if len(boxes) == 0:
        return boxes
    rectangles = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = np.array(cv2.dnn.NMSBoxesBatched(rectangles.tolist(), scores.tolist(), scales.tolist(), 0.0, SAME_SCALE))
    across = cv2.dnn.NMSBoxes(rectangles[kept].tolist(), scores[kept].tolist(), 0.0, SAME_WINDOW)
    return np.asarray(boxes[kept[np.array(across)]], np.float32)
