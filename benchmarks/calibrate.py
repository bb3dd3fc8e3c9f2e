"""Measure a pack on a folder of people and print what its catalogue entry needs: calibration and start-up checks.

    python benchmarks/calibrate.py FOLDER [--pack retail] [--leave-out known-errors.csv]

FOLDER holds PERSON/photo.jpg. The face taken from a photo is the one nearest to its centre. All pairs are compared;
a person with more than MOST_PAIRS same-person pairs weighs as much as one with that many.
"""

import argparse
import csv
import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from mien import app, config
from mien.engine.session import fingerprint
from mien.face.types import Face
from mien.image.decode import EncodedPicture, read_header

FARS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
MOST_PAIRS = 20
ROWS = 512


def main() -> None:
    given = arguments()
    pack = app.open_pack_unchecked(config.load({}, os.environ), given.pack)
    for name, session in pack.sessions.items():
        print(f"{name} = {[round(float(value), 4) for value in fingerprint(session)]}")
    if not given.folder:
        return
    files = sorted(given.folder.glob("*/*.jpg"))
    embeddings, people, missed = [], [], 0
    for file in files:
        picture = read_header(file.read_bytes())
        faces = pack.pipeline.find(picture)
        missed += not faces
        if faces:
            embeddings.append(pack.pipeline.embed([central(faces, picture)])[0])
            people.append(file.parent.name)
    report(np.stack(embeddings), np.array(people), excluded(given.leave_out), len(files), missed)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pack", default="retail")
    parser.add_argument("--leave-out", type=Path)
    return parser.parse_args()


def central(faces: list[Face], picture: EncodedPicture) -> Face:
    def distance(face: Face) -> float:
        box = face.box
        return abs(box.x1 + box.x2 - picture.width) + abs(box.y1 + box.y2 - picture.height)

    return min(faces, key=distance)


def excluded(path: Path | None) -> set[frozenset[str]]:
    if path is None:
        return set()
    with path.open() as file:
        return {frozenset((row["identity_a"], row["identity_b"])) for row in csv.DictReader(file)}


def report(
    embeddings: np.ndarray, people: np.ndarray, leave_out: set[frozenset[str]], images: int, missed: int
) -> None:
    """Print thresholds and TAR at every FAR."""
    names, identity = np.unique(people, return_inverse=True)
    known = {name: index for index, name in enumerate(names)}
    apart = [tuple(known[name] for name in pair) for pair in leave_out if pair <= known.keys()]
    impostors, genuine, weights, total = [], [], [], 0
    counts = np.bincount(identity)
    for first in range(0, len(embeddings), ROWS):
        rows = np.arange(first, min(first + ROWS, len(embeddings)))
        cosines = embeddings[rows] @ embeddings.T
        later = np.arange(len(embeddings)) > rows[:, None]
        same = identity[rows][:, None] == identity
        strangers = later & ~same
        for one, other in apart:
            for a, b in ((one, other), (other, one)):
                strangers[np.ix_(identity[rows] == a, identity == b)] = False
        total += int(strangers.sum())
        impostors.append(cosines[strangers])
        genuine.append(cosines[later & same])
        pairs = counts[identity[rows]] * (counts[identity[rows]] - 1) / 2
        weight = np.minimum(1, MOST_PAIRS / np.maximum(pairs, 1))
        weights.append(np.broadcast_to(weight[:, None], same.shape)[later & same])
    scores = np.sort(np.concatenate(impostors))[::-1]
    mates, weight = np.concatenate(genuine), np.concatenate(weights)
    print(f"{images} images, {missed} without a face, {total} impostor pairs, {len(mates)} same-person pairs")
    knots = [(far, float(scores[int(total * far)])) for far in FARS]
    for far, bar in knots:
        print(f"FAR {far:g}: cosine {bar:.4f}, TAR {float(weight[mates > bar].sum() / weight.sum()):.4f}")
    if any(a[1] >= b[1] for a, b in pairwise(knots)):
        sys.exit("The thresholds do not rise; the folder is too small.")
    print(f"calibration = {[[far, round(bar, 4)] for far, bar in knots]}")


if __name__ == "__main__":
    main()
