"""Measures how long grouping generated faces takes, and how much memory, beside the bare products in the same run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/grouping.py [--faces 100000] [--largest 300]

People are drawn with the distribution of the default pack's embeddings (`mien.measure.speed.population`): most have few
faces, and the largest so many. Seconds are of the processor, so that other programs do not count. The floor is the
product of each pair of embeddings, once, and nothing else.
"""

import argparse
import json
import os
import resource
import time
from importlib import resources

import numpy as np

from mien import app, config
from mien.measure.accuracy.grouping_rates import agreement
from mien.measure.speed.population import FILE, shipped
from mien.people.grouping import Grouping, bar

BLOCK, STEP = 8192, 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--largest", type=int, default=300, help="faces of the person who has the most")
    given = parser.parse_args()
    pack = app.open_pack_unchecked(config.load({}, os.environ))
    vectors, people = drawn(given.faces, given.largest)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grouping, count = Grouping(vectors.shape[1], pack.calibration), len(vectors)
    started = time.process_time()
    for start in range(0, count, STEP):
        rows = np.arange(start, min(start + STEP, count))
        grouping.add(rows, vectors[rows].astype(np.float32), rows)
    compared = time.process_time()
    _, labels = grouping.groups()
    ended = time.process_time()
    held, peak = grouping.memory() / 2**20, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**10
    grouping.remove(np.arange(10))
    again = time.process_time()
    grouping.add(np.arange(10), vectors[:10].astype(np.float32), np.arange(10))
    added = time.process_time() - again
    precision, recall, f1 = agreement(labels, people)
    most = np.bincount(people).max()
    print(f"{count:,} faces of {people.max() + 1:,} people, the largest with {most:,}; bar {bar(count):.1f}")
    print(f"compared in {compared - started:.1f} s, grouped in {ended - compared:.1f} s, floor {floor(vectors):.1f} s")
    print(f"ten more faces: {added:.2f} s; held {held:.0f} MiB, at most {peak:.0f} MiB more than before")
    print(f"{len(np.unique(labels)):,} groups; pairs: precision {precision:.4%}, recall {recall:.4%}; B³ F1 {f1:.4%}")


def drawn(count: int, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces of people as float16, in random order, and whose they are."""
    random = np.random.default_rng(1)
    sizes = np.minimum((1 / random.random(count)).astype(int), largest)
    sizes[0] = largest
    sizes = sizes[np.cumsum(sizes) <= count]
    people = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    population = shipped(1)
    same = json.loads(resources.files("mien.measure.speed").joinpath(FILE).read_bytes())["same"]
    centres = _unit(population.draw(len(sizes), random))
    vectors = np.empty((len(people), centres.shape[1]), np.float16)
    for start in range(0, len(people), BLOCK):
        mine = centres[people[start : start + BLOCK]]
        across = population.draw(len(mine), random) - population.mean
        across = _unit(across - np.vecdot(across, mine)[:, None] * mine)
        # two faces as near to their centre as this are as near to each other as two photographs of one person
        near = np.sqrt(np.clip(np.interp(random.random(len(mine)), np.linspace(0, 1, len(same)), same), 0, 1))[:, None]
        vectors[start : start + BLOCK] = near * mine + np.sqrt(1 - near**2) * across
    return vectors, people


def floor(vectors: np.ndarray) -> float:
    """Seconds that the product of each pair takes."""
    started = time.process_time()
    for start in range(0, len(vectors), STEP):
        rows = vectors[start : start + STEP].astype(np.float32)
        for first in range(0, start + len(rows), BLOCK):
            rows @ vectors[first : min(first + BLOCK, start + len(rows))].astype(np.float32).T
    return time.process_time() - started


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
