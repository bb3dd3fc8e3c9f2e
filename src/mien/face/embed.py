"""Embeds aligned faces as vectors: the larger the product of two, the likelier they are of one person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.engine.session import Session
from mien.face.crowd import Crowd
from mien.face.trust import Signs, Trust
from mien.face.types import Crop, Face, Pixels, Points

Embeddings = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Output:
    """What an embedding network answers about faces.

    Attributes:
        vectors: float32 (N, dimension), each of length 1.
        lengths: float32 (N,), of the answers before they were scaled to 1, of two crops their mean.
    """

    vectors: Embeddings
    lengths: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedder:
    """An embedding network.

    Attributes:
        session: the network.
        points: float32 (5, 2), the landmarks' places in a crop, in pixels.
        dimension: length of the embedding.
        mirror: whether a crop is averaged with its mirror image.
        mirrored: the landmarks' places in the crop that is mirrored, if they differ. Two scales tell more than two
            crops of one scale: see `benchmarks/README.md`, "What was tried for accuracy".
        cubic: whether faces are cut out bicubically (`align`).
        weight: the weight of its cosine among several networks (`Ensemble`).
    """

    session: Session
    points: Points
    dimension: int
    mirror: bool
    mirrored: Points | None = None
    cubic: bool = False
    weight: float = 1.0

    @property
    def size(self) -> int:
        """Rows and columns of a crop."""
        return self.session.shape[0]

    def embed(self, crops: Pixels, mirrored: Pixels | None = None) -> Embeddings:
        """Embeds aligned crops; float32 (N, dimension), each of length 1 (see `answer`)."""
        return self.answer(crops, mirrored).vectors

    def answer(self, crops: Pixels, mirrored: Pixels | None = None) -> Output:
        """Embeds aligned crops, and measures the network's answers.

        Args:
            crops: uint8 RGB (N, size, size, 3).
            mirrored: the same faces cut out for `mirrored`, not yet mirrored; without them `crops` serve for both.

        Raises:
            ArithmeticError: an output is zero or not finite, which no face gives.
        """
        count = len(crops)
        if count == 0:
            return Output(np.empty((0, self.dimension), np.float32), np.empty(0, np.float32))
        other = crops if mirrored is None else mirrored
        batch = np.concatenate([crops, other[:, :, ::-1]]) if self.mirror else np.ascontiguousarray(crops)
        (answers,) = self.session.run(batch).values()
        answers = answers.reshape(len(batch), -1)
        vectors, lengths = unit(answers), np.linalg.norm(answers, axis=1).astype(np.float32)
        if not self.mirror:
            return Output(vectors, lengths)
        return Output(unit(vectors[:count] + vectors[count:]), (lengths[:count] + lengths[count:]) / 2)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """One or more embedding networks whose vectors are joined into one.

    Each network's unit vector is scaled by the root of its weight, and they are concatenated, so that the cosine of two
    such vectors is the weighted mean of the networks' cosines. The vector has length 1, or less where the face is
    doubtful or close to the crowd. Its numbers are rounded to float16, in which it is stored, so that the same face in
    the same picture has the vector that was stored.

    Attributes:
        embedders: the networks; a face is measured in the crop of the first (`quality`).
        crowd: shortens the vectors of faces that are like many; None for a pack without.
        trust: clears and shortens the vectors of doubtful faces; None for a pack without.
    """

    embedders: tuple[Embedder, ...]
    crowd: Crowd | None = None
    trust: Trust | None = None

    @property
    def dimension(self) -> int:
        """The number of dimensions of the joined vector."""
        return sum(each.dimension for each in self.embedders)

    def embed(self, faces: Sequence[Face]) -> Embeddings:
        """Returns a vector for each face, which has a crop for each network.

        Returns:
            float32 (N, dimension), each of length 1 or less.

        Raises:
            ArithmeticError: a network answered zeros or no numbers, which no face does.
        """
        if not faces:
            return np.empty((0, self.dimension), np.float32)
        outputs = self.apart([face.crops for face in faces])
        vectors = self.joined([each.vectors for each in outputs])
        if self.trust is not None:
            vectors = self.trust.applied(vectors, _signs(faces, outputs))
        if self.crowd is not None:
            vectors = self.crowd.shortened(vectors)
        return vectors.astype(np.float16).astype(np.float32)

    def trusted(self, vectors: Embeddings) -> NDArray[np.float32]:
        """Returns how far each vector of `embed` is trusted, float32 (N,), 0–1: its length but for the crowd's part."""
        lengths = np.linalg.norm(vectors, axis=1)
        if self.crowd is None:
            return np.asarray(lengths, np.float32)
        return np.asarray(lengths / np.linalg.norm(self.crowd.shortened(unit(vectors)), axis=1), np.float32)

    def apart(self, faces: Sequence[Sequence[Crop]]) -> list[Output]:
        """Returns what each network answers about faces, each of which has a crop for each network."""
        each = zip(self.embedders, zip(*faces, strict=True), strict=True)
        return [embedder.answer(*_stacked(crops)) for embedder, crops in each]

    def joined(self, parts: Sequence[Embeddings]) -> Embeddings:
        """Joins the networks' vectors of the same faces, float32 (N, D) each, to float32 (N, dimension)."""
        total = sum(each.weight for each in self.embedders)
        scales = [np.float32((each.weight / total) ** 0.5) for each in self.embedders]
        return np.concatenate([part * scale for part, scale in zip(parts, scales, strict=True)], axis=1)


def _signs(faces: Sequence[Face], outputs: Sequence[Output]) -> Signs:
    shares = np.array([(face.quality.blank, face.quality.eyes_blank) for face in faces], np.float32) / np.float32(100)
    return Signs([each.lengths for each in outputs], shares[:, 0], shares[:, 1])


def _stacked(crops: Sequence[Crop]) -> tuple[Pixels, Pixels | None]:
    """Returns crops for one network as arrays; the second is None unless mirror images have crops of their own."""
    straight = np.stack([crop.straight for crop in crops])
    if all(crop.mirrored is None for crop in crops):
        return straight, None
    return straight, np.stack([crop.straight if crop.mirrored is None else crop.mirrored for crop in crops])


def unit(vectors: NDArray[np.float32]) -> Embeddings:
    """Scales rows to length 1.

    Raises:
        ArithmeticError: a row is zero or not finite.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 1e-6).all()):
        raise ArithmeticError("The embedding network answered zeros or no numbers.")
    return np.asarray(vectors / lengths, np.float32)
