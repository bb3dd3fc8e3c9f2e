"""How well a peer's embeddings tell people apart, by the functions of `mien eval`, on a drawn part of a folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.measure.accuracy import comparison, verification
from mien.measure.accuracy.dataset import open_dataset

FAR = 1e-3
MOST = 4  # photographs of a person
LIFT = 0.05  # how flat `lifted` is


@dataclass(frozen=True, slots=True)
class Sample:
    """Photographs of people drawn at random, the same in every run.

    Attributes:
        files: the photographs.
        people: int64 (N,), who is on each.
        apart: pairs of people who are not compared.
    """

    files: tuple[Path, ...]
    people: NDArray[np.int64]
    apart: tuple[tuple[int, int], ...]

    @classmethod
    def drawn(cls, folder: Path, leave_out: Path | None, people: int) -> "Sample":
        """Up to `MOST` photographs of each of so many people who have two."""
        whole = open_dataset(folder, leave_out=leave_out)
        random = np.random.default_rng(1)
        several = np.flatnonzero(np.bincount(whole.people) >= 2)
        names = np.sort(random.permutation(several)[:people])
        taken = np.concatenate([random.permutation(np.flatnonzero(whole.people == name))[:MOST] for name in names])
        return cls(tuple(whole.files[int(number)] for number in taken), whole.people[taken], whole.apart)


def measured(vectors: NDArray[np.float64], album: Sample, euclidean: bool = False) -> dict[str, float]:
    """The share of faces found, and of pairs of one person accepted; a pair with a face not found is not accepted.

    Args:
        vectors: float64 (N, D) of the album's photographs, NaN where no face was found.
        album: whose they are.
        euclidean: whether the distance between vectors counts, and not their cosine.
    """
    seen = ~np.isnan(vectors[:, 0])
    found = vectors[seen]
    rows = lifted(found) if euclidean else found / np.linalg.norm(found, axis=1, keepdims=True)
    people = album.people[seen]
    embeddings = rows.astype(np.float32)
    impostors, mates = comparison.impostors(embeddings, people, album.apart), comparison.mates(embeddings, people)
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
    """Vectors of length 1 whose cosine falls as the distance of these rises, but for a share of about LIFT².

    They are laid onto a small patch of a sphere of one more dimension, which is nearly flat.
    """
    flat = LIFT * (vectors - vectors.mean(axis=0))
    return np.column_stack([flat, np.sqrt(1 - (flat**2).sum(axis=1))])
