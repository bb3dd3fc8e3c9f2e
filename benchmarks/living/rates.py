"""How often single pictures are told living, and what the confidence means.

    MIEN_PACKS=FOLDER python -m benchmarks.living.rates SHARED [PEOPLE]

SHARED has `lfw-dev`, `attributes/landmarks`, `groups` and `liveness`; PEOPLE is how many people of `lfw-dev` are taken
(default 500). Photographs of people are taken as living; each fifth is also rendered as prints and screens. The
confidence is fitted on half of the people, by the digest of their names, and all is reported on the other half.
"""

import csv
import hashlib
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.living.retakes import KINDS, rendered
from mien import app, config, local
from mien.face.living import GAIN, MOST_LOGIT, OFFSET

STRENGTHS = (0.5, 1.0)
BARS = (20, 30, 40, 50, 60, 70)
BINS = (0, 10, 20, 30, 40, 50, 60, 70, 80, 91)
EACH = 5  # a rendering is made of each so manyth photograph
LARGE, LITTLE = 900, 600  # pixels of a photograph's longer side before it is rendered


@dataclass(frozen=True, slots=True)
class Told:
    """A picture: its set, its person's half, what it was told, and the reasons why it was not."""

    kind: str
    half: int
    confidence: float | None
    reasons: tuple[str, ...]


def half(person: str) -> int:
    """0 for the people that are fitted on, 1 for those that are reported."""
    return hashlib.sha256(person.encode()).digest()[0] & 1


def main(shared: Path, people: int = 500) -> None:
    settings = config.load({"threads": 1}, dict(os.environ))
    cv2.setNumThreads(1)
    with closing(local.scratch(settings, app.open_pack(settings))) as api:
        found = list(judged(api, shared, people))
    live = [each for each in found if each.kind in ("lfw-dev, men", "lfw-dev, women", "landmarks")]
    attacks = {kind: [each for each in found if each.kind == kind] for kind in KINDS}
    for which in (0, 1):
        print(f"fitted on half {which}: gain {GAIN}, offset {OFFSET} in use, {fitted(live, attacks, which)} fitted")
    print("\nliving by bar, in % of what could be told; pictures of the other half, and all of liveness/ and groups/")
    for kind in dict.fromkeys(each.kind for each in found):
        of = [each for each in found if each.kind == kind]
        row(kind, [each for each in of if each.half == 1] if kind in ("landmarks", *KINDS) or "lfw" in kind else of)
    print("\nconfidence: the share of living faces among as many photographs as renderings, in the other half")
    reliability([each for each in live if each.half], {kind: [e for e in of if e.half] for kind, of in attacks.items()})


def judged(api: local.Local, shared: Path, people: int) -> Iterator[Told]:
    """Yields what every picture is told."""
    photographs = list(photographs_of(shared, people))
    grounds = [_read(file).astype(np.float32) / 255 for kind, file, _ in photographs if kind == "landmarks"][:12]
    rng = np.random.default_rng(4)
    for number, (kind, file, person) in enumerate(photographs):
        yield from _told(api, kind, half(person), file.read_bytes())
        if number % EACH or kind.startswith("groups"):
            continue
        photo = _sized(_read(file))
        for way in KINDS:
            for strength in STRENGTHS:
                retake = rendered(way, photo, grounds[rng.integers(len(grounds))], strength, rng)
                yield from _told(api, way, half(person), cv2.imencode(".png", retake)[1].tobytes())
    for folder in ("live", "live-video", "attack", "attack-video", "tight-live"):
        for file in sorted((shared / "liveness" / folder).glob("*.jpg")):
            yield from _told(api, f"liveness/{folder}", 1, file.read_bytes())


def photographs_of(shared: Path, people: int) -> Iterator[tuple[str, Path, str]]:
    """Yields a photograph of each of so many people, with its set and its person."""
    with (shared / "attributes" / "lfw-gender.csv").open() as rows:
        gender = {each["photo"]: each["gender"] for each in csv.DictReader(rows)}
    names = sorted(each.name for each in (shared / "lfw-dev" / "images").iterdir())
    for name in random.Random(1).sample(names, min(people, len(names))):
        file = min((shared / "lfw-dev" / "images" / name).glob("*.jpg"))
        yield f"lfw-dev, {'men' if gender.get(file.name) == 'male' else 'women'}", file, name
    for file in sorted((shared / "attributes" / "landmarks").iterdir()):
        yield "landmarks", file, file.stem
    for group in sorted((shared / "groups" / "photos").iterdir()):
        for file in sorted(group.iterdir())[:25]:
            yield f"groups, {group.name}", file, file.stem


def _told(api: local.Local, kind: str, which: int, data: bytes) -> Iterator[Told]:
    for each in api.call("DetectLivingFaces", {"Image": {"Bytes": data}})["Faces"][:1]:
        yield Told(kind, which, each.get("LivingConfidence"), tuple(each["Reasons"]))


def row(kind: str, of: list[Told]) -> None:
    """Prints how much of a set can be told, and how much of that reaches each bar."""
    sure = confidences(of)
    reached = "  ".join(f"{100 * float((sure >= bar).mean()):5.1f}" for bar in BARS) if len(sure) else ""
    why = Counter(reason for each in of for reason in each.reasons)
    print(f"{kind:30} {len(of):5} pictures, {len(of) - len(sure):4} not told {dict(why) or ''}  {BARS}: {reached}")


def confidences(of: Iterable[Told]) -> NDArray[np.float64]:
    return np.array([each.confidence for each in of if each.confidence is not None])


def fitted(live: list[Told], attacks: dict[str, list[Told]], which: int) -> tuple[float, float]:
    """Fits the logistic curve to one half, as many living as each kind of rendering together."""
    logits = [
        (np.log(sure / (100 - sure)) - OFFSET) / GAIN
        for sure in (confidences(e for e in of if e.half == which) for of in (live, *attacks.values()))
    ]
    x = np.clip(np.concatenate(logits), -MOST_LOGIT, MOST_LOGIT)
    truth = np.concatenate([np.full(len(each), float(not number)) for number, each in enumerate(logits)])
    shares = [0.5, *[0.5 / len(attacks)] * len(attacks)]
    weight = np.concatenate([np.full(len(each), share / len(each)) for each, share in zip(logits, shares, strict=True)])
    gain, offset = GAIN, OFFSET
    for _ in range(5000):
        wrong = weight * (1 / (1 + np.exp(-(gain * x + offset))) - truth)
        gain, offset = gain - 0.5 * float(wrong @ x), offset - 2 * float(wrong.sum())
    return round(gain, 3), round(offset, 3)


def reliability(live: list[Told], attacks: dict[str, list[Told]]) -> None:
    """Prints for each span of the confidence the share of living faces in it."""
    kinds: list[Any] = [confidences(of) for of in attacks.values()]
    for low, high in pairwise(BINS):
        share, *others = (float(((sure >= low) & (sure < high)).mean()) for sure in (confidences(live), *kinds))
        false = float(np.mean(others))
        print(f"{low:3}–{high:3}: {100 * share:5.1f}% of the living, {100 * false:5.1f}% of the renderings", end="")
        print(f", so {100 * share / max(share + false, 1e-9):5.1f}% living")


def _read(file: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(file), cv2.IMREAD_COLOR), np.uint8)


def _sized(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    longer = max(photo.shape[:2])
    factor = min(LARGE / longer, 1.0) if longer > LITTLE else LITTLE / longer
    return np.asarray(cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
