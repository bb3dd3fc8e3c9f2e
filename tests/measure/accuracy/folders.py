"""Folders of people to evaluate: embeddings with known answers, and photographs made from two that ship in packages."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests import photos


def drawn(people: int, each: int, dimension: int = 64, spread: float = 0.6, seed: int = 0) -> tuple[
    NDArray[np.float32], NDArray[np.int64]
]:  # fmt: skip
    """Random people with `each` embeddings around a centre of their own; embeddings and owners."""
    random = np.random.default_rng(seed)
    centres = np.repeat(random.standard_normal((people, dimension)), each, axis=0)
    vectors = centres + spread * random.standard_normal(centres.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat(np.arange(people), each)


def two_people(folder: Path, each: int) -> Path:
    """Photographs of two people, darker by steps, so that every file has other bytes."""
    for name, photo in (("astronaut", photos.astronaut()), ("hopper", photos.hopper())):
        (folder / name).mkdir(parents=True)
        small = photos.resized(photo.pixels, 240 / max(photo.pixels.shape[:2]))
        for number in range(each):
            shade = np.clip(small * (1 - 0.3 * number / each), 0, 255).astype(np.uint8)
            (folder / name / f"{number:04}.jpg").write_bytes(photos.jpeg(shade))
    return folder
