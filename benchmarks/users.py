"""Compares ways to combine faces into a user's vector: mean, trimmed mean and best of k, on a folder of people.

    python benchmarks/users.py FOLDER

FOLDER contains PERSON/photo.jpg. Half of the people with at least MOST + 1 photos are enrolled with 1 to MOST of them;
their other photos are mates, every other person's photos are strangers. Printed: the share of mates found when one
stranger in 10,000 is let in (TAR), and the share of strangers at or above similarity 80 under the pack's calibration
for pairs of faces, which should be one in 10,000.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import app, config
from mien.face.embed import unit
from mien.image.decode import read_header

MOST = 8
FAR = 1e-4
Vectors = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    pack = app.open_pack(config.load({}, os.environ))
    people: dict[str, list[Vectors]] = {}
    for file in sorted(given.folder.glob("*/*.jpg")):
        faces = pack.pipeline.find(read_header(file.read_bytes()))
        if faces:
            people.setdefault(file.parent.name, []).append(pack.pipeline.embed(faces[:1])[0])
    bar = pack.calibration.score(80)
    print(f"{len(people)} people; cosine at similarity 80 is {bar:.4f}")
    for k in (2, 3, 5, MOST):
        for name, score in WAYS.items():
            mates, strangers = trial(people, k, score)
            threshold = np.sort(strangers)[::-1][int(len(strangers) * FAR)]
            print(
                f"k={k} {name:<22} TAR {np.mean(mates > threshold):.4f} at cosine {threshold:.4f};"
                f" at similarity 80: mates {np.mean(mates >= bar):.4f}, strangers {np.mean(strangers >= bar):.2e}"
            )


def trial(people: dict[str, list[Vectors]], k: int, score: "Score") -> tuple[Vectors, Vectors]:
    """Returns the scores of mates and of strangers against every enrolled user."""
    users = [name for name in sorted(people) if len(people[name]) > MOST][::2]
    others = np.stack([vector for name, vectors in sorted(people.items()) if name not in users for vector in vectors])
    mates, strangers = [], []
    for name in users:
        enrolled = np.stack(people[name][:k])
        mates.append(score(enrolled, np.stack(people[name][MOST:])))
        strangers.append(score(enrolled, others))
    return np.concatenate(mates), np.concatenate(strangers)


def mean(enrolled: Vectors, probes: Vectors) -> Vectors:
    return np.asarray(probes @ unit(enrolled.mean(axis=0, keepdims=True))[0])


def unscaled_mean(enrolled: Vectors, probes: Vectors) -> Vectors:
    return np.asarray(probes @ enrolled.mean(axis=0))


def half_scaled_mean(enrolled: Vectors, probes: Vectors) -> Vectors:
    centre = enrolled.mean(axis=0)
    return np.asarray(probes @ centre) / np.sqrt(np.linalg.norm(centre))


def trimmed_mean(enrolled: Vectors, probes: Vectors) -> Vectors:
    centre = unit(enrolled.mean(axis=0, keepdims=True))[0]
    kept = enrolled[np.argsort(-(enrolled @ centre))[: max(2, round(0.75 * len(enrolled)))]]
    return mean(kept, probes)


def best(enrolled: Vectors, probes: Vectors) -> Vectors:
    return np.asarray((probes @ enrolled.T).max(axis=1))


Score = type(mean)
WAYS = {
    "mean": mean,
    "mean over root length": half_scaled_mean,
    "mean, not rescaled": unscaled_mean,
    "trimmed mean": trimmed_mean,
    "best of k": best,
}

if __name__ == "__main__":
    main()
