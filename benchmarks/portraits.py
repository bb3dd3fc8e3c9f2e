"""What is lost by embedding faces from their portraits instead of their photographs.

    python -m benchmarks.portraits FOLDER [--half 1] [--packs duo,sface,retail] [--people 250]

FOLDER has a folder of photographs for each person. The face nearest the middle of each is embedded from the photograph,
and again from its portrait, as `mien reindex` does.
"""

import argparse
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import app, config
from mien.errors import ApiError
from mien.face import portrait
from mien.face.types import Face
from mien.image.decode import read_header
from mien.packs.load import Pack

FARS = (1e-3, 1e-4, 1e-5)
MOST_PHOTOGRAPHS, MOST_PAIRS = 20, 20  # of a person that are taken, and that count
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """The pairs of photographs: of one person with their weights, and of strangers."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    same: NDArray[np.bool_]
    weights: NDArray[np.float64]


def main() -> None:
    """Measures and prints a line for each pack."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--half", type=int, default=1, help="of the people, by a digest of their names: 0 or 1")
    asked.add_argument("--packs", default="duo,sface,retail")
    asked.add_argument("--people", type=int, default=1_000_000, help="the most, those with several photographs first")
    asked.add_argument("--files", default="", help="folder of model files")
    given = asked.parse_args()
    photographs = chosen(given.folder, given.half, given.people)
    for name in given.packs.split(","):
        settings = config.load({"pack": name, "packs": given.files, "threads": 1}, {})
        measure(name, app.open_pack(settings), photographs)


def chosen(folder: Path, half: int, most: int) -> list[Path]:
    """Returns the photographs of half of the people."""
    people = [each for each in sorted(folder.iterdir()) if each.is_dir()]
    mine = [each for each in people if int(hashlib.sha256(each.name.encode()).hexdigest(), 16) % 2 == half]
    mine.sort(key=lambda each: len(list(each.iterdir())) < 2)
    return [photograph for each in mine[:most] for photograph in sorted(each.iterdir())[:MOST_PHOTOGRAPHS]]


def measure(name: str, pack: Pack, photographs: list[Path]) -> None:
    """Embeds all faces both ways, and prints the figures of a pack."""
    people, sizes, direct, again = [], [], [], []
    for path in photographs:
        try:
            picture = read_header(path.read_bytes())
            faces = pack.pipeline.find(picture, portraits=True)
        except ApiError:
            continue
        if not faces:
            continue
        face = min(faces, key=lambda each: _from_middle(each, picture.width, picture.height))
        if face.portrait is None:
            raise AssertionError("the pipeline cuts what it is asked for")
        data = portrait.encoded(face.portrait.pixels)
        kept = pack.pipeline.of_portrait(portrait.decoded(data, face.portrait.landmarks))
        one, other = pack.pipeline.embed([face, kept])
        people.append(path.parent.name)
        sizes.append(len(data))
        direct.append(one)
        again.append(other)
    ours, theirs, pairs = np.stack(direct), np.stack(again), _pairs(people)
    cosines = np.vecdot(ours, theirs) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    print(
        f"{name}: {len(people)} photographs of {len(set(people))} people; portraits {np.mean(sizes):,.0f} bytes on "
        f"average, {max(sizes):,} at most; cosine {cosines.mean():.4f}, in 99% above {np.percentile(cosines, 1):.4f}"
    )
    for what, left, right in (
        ("photographs", ours, ours),
        ("portraits", theirs, theirs),
        ("one of each", ours, theirs),
    ):
        rates = ", ".join(f"{100 * each:.2f}" for each in _tars(left, right, pairs))
        print(f"  TAR in % at FAR {', '.join(map(str, FARS))}, {what}: {rates}")


def _from_middle(face: Face, width: int, height: int) -> float:
    return abs(face.box.x1 + face.box.x2 - width) + abs(face.box.y1 + face.box.y2 - height)


def _pairs(people: list[str]) -> Pairs:
    first, second = np.triu_indices(len(people), 1)
    names = np.array(people)
    same = names[first] == names[second]
    counts = Counter(names[first][same].tolist())
    weights = np.array([min(1.0, MOST_PAIRS / counts[each]) for each in names[first][same].tolist()])
    return Pairs(first, second, same, weights)


def _tars(left: Vectors, right: Vectors, pairs: Pairs) -> list[float]:
    scores = left @ right.T
    scores = ((scores + scores.T) / 2)[pairs.first, pairs.second]
    strangers = np.sort(scores[~pairs.same])[::-1]
    bars = [strangers[int(len(strangers) * far)] for far in FARS]
    return [float((pairs.weights * (scores[pairs.same] > bar)).sum() / pairs.weights.sum()) for bar in bars]


if __name__ == "__main__":
    main()
