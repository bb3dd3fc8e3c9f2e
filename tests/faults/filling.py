"""A store with a crowd in it, made without a server: enough faces for a gallery that is sketched and has a snapshot."""

import shutil
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np

from mien import config
from mien.gallery.growing import CROSSOVER
from mien.operations.context import ACCOUNT
from mien.packs import manifest
from mien.store.base import NewFace, Origin, Region
from mien.store.open import open_store
from tests.faults.proof import Crowd
from tests.faults.traffic import COMMON

CROWD = CROSSOVER + 4_000
EACH = 250  # faces of an image


def fill(data: Path, count: int = CROWD, seed: int = 1) -> Crowd:
    """Make the common collection and put a crowd into it, of whom each two are alike and no others."""
    entry = manifest.named(config.DEFAULT_PACK)
    store = open_store("", str(data))
    with closing(store.database):
        made = store.collections.create(ACCOUNT, COMMON, entry.contract, entry.model_version)
        assert made
        drawn = np.random.default_rng(seed)
        faces: list[str] = []
        for number in range(0, count, EACH):
            vectors = drawn.normal(size=(EACH // 2, entry.dimension)).astype(np.float32).repeat(2, axis=0)
            vectors += 0.05 * drawn.normal(size=vectors.shape).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            new = [NewFace(Region(place / EACH, 0, 0.5 / EACH, 1), 99.0, vector)
                   for place, vector in enumerate(vectors)]  # fmt: skip
            kept = store.faces.add(made.key, Origin(UUID(int=number), f"crowd-{number}"), new)
            faces += [str(face.face_id) for face in kept]
    return Crowd(faces)


def copied(filled: Path, place: Path) -> Path:
    shutil.copytree(filled, place, ignore=shutil.ignore_patterns("lock"))
    return place
