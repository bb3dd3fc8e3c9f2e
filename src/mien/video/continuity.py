"""Faces before a camera followed from look to look, by their place and by whom they look like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mien.face.similarity import Calibration
from mien.face.types import Embedding

LOST = 2.0  # seconds unseen after which a face is no longer waited for
OVERLAP = 0.1  # of a face with its place in the look before, over their union, at which it is followed
SAME = 90.0  # similarity to its look before at which a face is followed wherever it is
OTHER = 20.0  # similarity below which two clear faces at one place are of two people
STEADY = 0.7  # share of the older looks in a face's vector


class Seen(Protocol):
    """A face in a look."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height."""

    @property
    def embedding(self) -> Embedding | None:
        """Float32 (D,), of length 1 or less; None where the face is not clear enough."""


@dataclass(slots=True)
class _Track:
    number: int
    at: float
    box: tuple[float, float, float, float]
    vector: Embedding | None


class Following:
    """The faces before one camera that are followed, in bounded memory. Used by one thread at a time.

    Args:
        calibration: of the pack that makes the embeddings.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._tracks: list[_Track] = []
        self._given = 0

    def add(self, at: float, faces: Sequence[Seen]) -> list[int]:
        """Returns for each face of a look the number of the track that it continues, or of a new one.

        Args:
            at: seconds, of any clock that never goes back.
            faces: the faces.
        """
        self._tracks = [each for each in self._tracks if at - each.at <= LOST]
        pairs = [
            (likeness, row, track)
            for row, face in enumerate(faces)
            for track in self._tracks
            if (likeness := self._likeness(track, face)) > 0
        ]
        found: dict[int, _Track] = {}
        taken: set[int] = set()
        for _, row, track in sorted(pairs, key=lambda pair: -pair[0]):
            if row not in found and track.number not in taken:
                found[row] = track
                taken.add(track.number)
        for row, face in enumerate(faces):
            track = found.get(row) or self._new(at, face)
            track.at, track.box = at, face.box
            track.vector = _mixed(track.vector, face.embedding)
            found[row] = track
        return [found[row].number for row in range(len(faces))]

    def _likeness(self, track: _Track, face: Seen) -> float:
        """Returns how likely a face continues a track, 0 if it does not: its overlap, and its similarity."""
        overlap = _overlap(track.box, face.box)
        if track.vector is None or face.embedding is None:
            return overlap if overlap >= OVERLAP else 0.0
        same = float(np.linalg.norm(track.vector) * np.linalg.norm(face.embedding))
        similarity = float(self._calibration.similarity(float(track.vector @ face.embedding), same))
        if similarity >= SAME or (overlap >= OVERLAP and similarity >= OTHER):
            return overlap + similarity / 100
        return 0.0

    def _new(self, at: float, face: Seen) -> _Track:
        self._given += 1
        track = _Track(self._given, at, face.box, None)
        self._tracks.append(track)
        return track


def _mixed(before: Embedding | None, now: Embedding | None) -> Embedding | None:
    if before is None or now is None:
        return before if now is None else now
    return np.asarray(STEADY * before + (1 - STEADY) * now, np.float32)


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """Returns intersection over union of two boxes."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (one[2] * one[3] + other[2] * other[3] - width * height)
