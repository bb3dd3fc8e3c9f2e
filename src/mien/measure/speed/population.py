"""Draws synthetic embeddings with the distribution of real ones, and pairs of embeddings of one person.

Uniform random embeddings are easy to search, since no two are near each other. Those of real faces concentrate along
a few directions, and similar strangers make search hard.
"""

from dataclasses import dataclass, replace
from importlib import resources

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.errors import SetupError

Embeddings = NDArray[np.float32]
FILE = "spectrum.json"


class Spectrum(msgspec.Struct, frozen=True):
    """The distribution of a pack's embeddings along their principal directions.

    Attributes:
        of: the data on which it was measured.
        pack: the name of the pack.
        deviations: the standard deviation along each direction.
        mean: the mean along each direction.
        same: the cosines of two photographs of one person, at evenly spaced quantiles from 0 to 1.
        lengths: the embeddings' lengths, at evenly spaced quantiles from 0 to 1; a crowd shortens them.
    """

    of: str
    pack: str
    deviations: list[float]
    mean: list[float]
    same: list[float]
    lengths: list[float]


@dataclass(frozen=True, slots=True)
class Population:
    """A source of embeddings.

    Attributes:
        of: the data that it imitates.
        mean: float32 (D,).
        deviations: float32 (D,).
        probes: float32 (P, D), the embeddings to search for.
        mates: float32 (P, D), another photograph of each probe's person.
        lengths: float32 (Q,), the embeddings' lengths at evenly spaced quantiles from 0 to 1.
    """

    of: str
    mean: Embeddings
    deviations: Embeddings
    probes: Embeddings
    mates: Embeddings
    lengths: NDArray[np.float32]

    def draw(self, count: int, random: np.random.Generator) -> Embeddings:
        """Draws embeddings of strangers, float32 (count, D)."""
        drawn = random.standard_normal((count, len(self.mean)), np.float32) * self.deviations + self.mean
        return _unit(drawn) * self.long(count, random)

    def long(self, count: int, random: np.random.Generator) -> NDArray[np.float32]:
        """Draws lengths, float32 (count, 1)."""
        places = np.linspace(0, 1, len(self.lengths))
        return np.interp(random.random(count), places, self.lengths)[:, None].astype(np.float32)


def shipped(probes: int) -> Population:
    """Returns a population from the spectrum shipped with mien, with synthetic probes and mates."""
    data = resources.files("mien.measure.speed").joinpath(FILE).read_bytes()
    spectrum = msgspec.json.decode(data, type=Spectrum)
    mean, deviations = np.array(spectrum.mean, np.float32), np.array(spectrum.deviations, np.float32)
    random = np.random.default_rng(1)
    empty = np.empty((0, len(mean)), np.float32)
    population = Population(spectrum.of, mean, deviations, empty, empty, np.array(spectrum.lengths, np.float32))
    first, across = _unit(population.draw(probes, random)), population.draw(probes, random)
    across = _unit(across - np.vecdot(across, first)[:, None] * first)
    cosines = np.interp(random.random(probes), np.linspace(0, 1, len(spectrum.same)), spectrum.same)[:, None]
    second = _unit(cosines * first + np.sqrt(1 - cosines**2) * across)
    lengths = population.long(probes, random)  # a person's photographs are as near to the crowd as each other
    return replace(population, of=f"{spectrum.of}, mates drawn", probes=first * lengths, mates=second * lengths)


def measured(embeddings: Embeddings, people: NDArray[np.int64], of: str, probes: int) -> Population:
    """Returns a population that imitates real embeddings, float32 (N, D), with real probes and mates.

    Raises:
        SetupError: too few people have two photographs.
    """
    mean, directions, deviations = _directions(_unit(embeddings))
    turned = (embeddings @ directions).astype(np.float32)
    _, first, counts = np.unique(people, return_index=True, return_counts=True)
    order = np.argsort(people, kind="stable")
    twice = [order[np.searchsorted(people[order], people[row]) :][:2] for row in first[counts >= 2]]
    if len(twice) < 50:
        raise SetupError(f"A gallery needs at least 50 people with two photographs; there are {len(twice)}.")
    pairs = np.array(twice)[np.random.default_rng(1).permutation(len(twice))[:probes]]
    probes_of, mates_of = turned[pairs[:, 0]], turned[pairs[:, 1]]
    return Population(f"{of}, real mates", mean, deviations, probes_of, mates_of, _lengths(embeddings))


def spectrum(embeddings: Embeddings, people: NDArray[np.int64], of: str, pack: str) -> Spectrum:
    """Returns the spectrum of real embeddings, float32 (N, D)."""
    lengths, embeddings = _lengths(embeddings), _unit(embeddings)
    mean, _, deviations = _directions(embeddings)
    same = np.concatenate(
        [_pairs(embeddings[people == person]) for person in np.unique(people) if np.count_nonzero(people == person) > 1]
    )
    quantiles = np.quantile(same, np.linspace(0, 1, 101))
    rows = (deviations, mean, quantiles, lengths)
    return Spectrum(of, pack, *([round(float(value), 5) for value in row] for row in rows))


def _lengths(embeddings: Embeddings) -> NDArray[np.float32]:
    """Returns the embeddings' lengths at 101 quantiles."""
    return np.asarray(np.quantile(np.linalg.norm(embeddings, axis=1), np.linspace(0, 1, 101)), np.float32)


def _directions(embeddings: Embeddings) -> tuple[Embeddings, Embeddings, Embeddings]:
    """Returns the mean along the principal directions, the directions as columns, and the deviations."""
    variances, directions = np.linalg.eigh(np.cov(embeddings.T))
    deviations = np.sqrt(np.maximum(variances, 0))
    return (embeddings.mean(axis=0) @ directions).astype(np.float32), directions, deviations.astype(np.float32)


def _pairs(of_one: Embeddings) -> NDArray[np.float32]:
    """Returns the cosines of a person's first photograph with each of the others."""
    return np.asarray(of_one[1:] @ of_one[0], np.float32)


def _unit(vectors: NDArray[np.floating]) -> Embeddings:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
