"""Measures the accuracy of a peer's embeddings with the functions of `mien eval`, on a random part of a folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.measure.accuracy import comparison, verification
from mien.measure.accuracy.dataset import open_dataset

FAR = 1e-3
MOST = 4  # photographs of a person
LIFT = 0.05  # scale in `lifted`; smaller is flatter


@dataclass(frozen=True, slots=True)
class Sample:
    """Photographs of people drawn at random, the same in every run.

    Attributes:
        files: the photographs.
        people: int64 (N,), the person on each.
        left_out: pairs of people who are not compared.
    """

    files: tuple[Path, ...]
    people: NDArray[np.int64]
    left_out: tuple[tuple[int, int], ...]

    @classmethod
    def drawn(cls, folder: Path, leave_out: Path | None, people: int) -> "Sample":
        """Draws up to `MOST` photographs of each of some people who have at least two."""
        whole = open_dataset(folder, leave_out=leave_out)
        random = np.random.default_rng(1)
        several = np.flatnonzero(np.bincount(whole.people) >= 2)
        names = np.sort(random.permutation(several)[:people])
        taken = np.concatenate([random.permutation(np.flatnonzero(whole.people == name))[:MOST] for name in names])
        return cls(tuple(whole.files[int(number)] for number in taken), whole.people[taken], whole.left_out)


def measured(vectors: NDArray[np.float64], album: Sample, euclidean: bool = False) -> dict[str, float]:
    """Returns the share of faces found, and TAR at FAR; a pair with a face that was not found counts as rejected.

    Args:
        vectors: float64 (N, D), one for each photograph; NaN where no face was found.
        album: the photographs.
        euclidean: whether vectors are compared by their distance instead of their cosine.
    """
    seen = ~np.isnan(vectors[:, 0])
    found = vectors[seen]
    rows = lifted(found) if euclidean else found / np.linalg.norm(found, axis=1, keepdims=True)
    people = album.people[seen]
    embeddings = rows.astype(np.float32)
    impostors, mates = comparison.impostors(embeddings, people, album.left_out), comparison.mates(embeddings, people)
    (rate,) = verification.rates(impostors, mates, people, (FAR,))
    counts = np.bincount(album.people)
    share = len(mates.cosines) / (counts * (counts - 1) // 2).sum()
    return {
        "found": float(seen.mean()),
        "tar": rate.tar * share,
        "low": rate.low * share,
        "high": rate.high * share,
    }


def lifted(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Maps vectors to unit length so that cosines fall as distances rise, up to a relative error of about LIFT².

    They are projected onto a small, nearly flat patch of a sphere with one more dimension.
    """
    flat = LIFT * (vectors - vectors.mean(axis=0))
    return np.column_stack([flat, np.sqrt(1 - (flat**2).sum(axis=1))])
