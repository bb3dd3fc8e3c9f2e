"""Embeddings of people who do not exist, spread as those of real faces are, and pairs of one person's.

Uniform random embeddings are easy to search: no two are near each other. Those of faces lie near a few directions,
and what makes search hard is strangers who look alike.
"""

from dataclasses import dataclass
from importlib import resources

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError

Embeddings = NDArray[np.float32]
FILE = "spectrum.json"


class Spectrum(msgspec.Struct, frozen=True):
    """How the embeddings of a pack are spread, in the directions in which they are spread independently.

    Attributes:
        of: what it was measured on.
        pack: which pack made them.
        deviations: standard deviation along each direction.
        mean: of the embeddings along each direction.
        same: cosines of two photographs of one person, at evenly spaced quantiles from 0 to 1.
    """

    of: str
    pack: str
    deviations: list[float]
    mean: list[float]
    same: list[float]


@dataclass(frozen=True, slots=True)
class Population:
    """A source of embeddings.

    Attributes:
        of: what it is drawn after.
        mean: float32 (D,).
        deviations: float32 (D,).
        probes: float32 (P, D), what is searched for.
        mates: float32 (P, D), another photograph of each probe's person.
    """

    of: str
    mean: Embeddings
    deviations: Embeddings
    probes: Embeddings
    mates: Embeddings

    def draw(self, count: int, random: np.random.Generator) -> Embeddings:
        """Embeddings of strangers, float32 (count, D), each of length 1."""
        drawn = random.standard_normal((count, len(self.mean)), np.float32) * self.deviations + self.mean
        return _unit(drawn)


def shipped(probes: int) -> Population:
    """A population after the spectrum that comes with mien; its probes and mates are drawn too."""
    data = resources.files("mien.measure.speed").joinpath(FILE).read_bytes()
    spectrum = msgspec.json.decode(data, type=Spectrum)
    mean, deviations = np.array(spectrum.mean, np.float32), np.array(spectrum.deviations, np.float32)
    random = np.random.default_rng(1)
    empty = np.empty((0, len(mean)), np.float32)
    population = Population(spectrum.of, mean, deviations, empty, empty)
    first = population.draw(probes, random)
    across = population.draw(probes, random)
    across = _unit(across - np.vecdot(across, first)[:, None] * first)
    cosines = np.interp(random.random(probes), np.linspace(0, 1, len(spectrum.same)), spectrum.same)[:, None]
    second = _unit(cosines * first + np.sqrt(1 - cosines**2) * across)
    return Population(f"{spectrum.of}, mates drawn", mean, deviations, first, second.astype(np.float32))


def measured(embeddings: Embeddings, people: NDArray[np.int64], of: str, probes: int) -> Population:
    """A population after real embeddings, float32 (N, D) of length 1, with real probes and mates among them.

    Raises:
        SetupError: too few people have two photographs.
    """
    mean, directions, deviations = _directions(embeddings)
    turned = (embeddings @ directions).astype(np.float32)
    _, first, counts = np.unique(people, return_index=True, return_counts=True)
    order = np.argsort(people, kind="stable")
    twice = [order[np.searchsorted(people[order], people[row]) :][:2] for row in first[counts >= 2]]
    if len(twice) < 50:
        raise SetupError(f"A gallery is measured with 50 people of two photographs at least; there are {len(twice)}.")
    pairs = np.array(twice)[np.random.default_rng(1).permutation(len(twice))[:probes]]
    return Population(f"{of}, real mates", mean, deviations, turned[pairs[:, 0]], turned[pairs[:, 1]])


def spectrum(embeddings: Embeddings, people: NDArray[np.int64], of: str, pack: str) -> Spectrum:
    """What real embeddings, float32 (N, D) of length 1, have in common."""
    mean, _, deviations = _directions(embeddings)
    same = np.concatenate(
        [_pairs(embeddings[people == person]) for person in np.unique(people) if np.count_nonzero(people == person) > 1]
    )
    quantiles = np.quantile(same, np.linspace(0, 1, 101))
    return Spectrum(of, pack, *([round(float(value), 5) for value in row] for row in (deviations, mean, quantiles)))


def _directions(embeddings: Embeddings) -> tuple[Embeddings, Embeddings, Embeddings]:
    """Mean and deviations along the directions, and the directions, as columns."""
    variances, directions = np.linalg.eigh(np.cov(embeddings.T))
    deviations = np.sqrt(np.maximum(variances, 0))
    return (embeddings.mean(axis=0) @ directions).astype(np.float32), directions, deviations.astype(np.float32)


def _pairs(of_one: Embeddings) -> NDArray[np.float32]:
    """Cosines of a person's first photograph with each other."""
    return np.asarray(of_one[1:] @ of_one[0], np.float32)


def _unit(vectors: NDArray[np.floating]) -> Embeddings:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
