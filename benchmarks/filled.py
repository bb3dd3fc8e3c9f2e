"""Fills a SQLite store with a given number of faces, much faster than by adding them, for other benchmarks.

The tables are filled in bulk and indexed afterwards, so pages are fuller than after years of use. Each face is the
only one of its image; embeddings are random.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from mien import config
from mien.packs import manifest
from mien.store import open as stores
from mien.store.open import Store
from mien.store.tables.vectors import checksum, pack

ACCOUNT = "000000000000"
DIMENSION = manifest.named(config.DEFAULT_PACK).dimension
STEP = 100_000
INDEXES = ("faces_by_face_id", "faces_by_image", "faces_by_revision", "faces_by_user")


def fill(data: Path, sizes: dict[str, int], contract: str = "contract") -> Store:
    """Returns an open store under `data` with a collection of each name and size, made with the pack of a contract."""
    started = time.monotonic()
    stores.open_store("", str(data)).database.close()
    packed = [pack(each) for each in embeddings(4096)]
    with closing(sqlite3.connect(data / stores.FILE, isolation_level=None)) as base:
        base.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;")
        indexes = [base.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone() for name in INDEXES]
        for name in INDEXES:
            base.execute(f"DROP INDEX {name}")
        key = 0
        for number, (name, size) in enumerate(sizes.items(), 1):
            base.execute(
                "INSERT INTO collections (account, name, contract, model_version, created, revision, faces) "
                "VALUES (?, ?, ?, '7.1', 0, ?, ?)", (ACCOUNT, name, contract, size, size),
            )  # fmt: skip
            for first in range(0, size, STEP):
                count = min(STEP, size - first)
                base.execute("BEGIN")
                base.executemany(
                    "INSERT INTO faces (collection, face_id, image_id, box_left, box_top, box_width, box_height, "
                    "confidence, revision) VALUES (?, ?, ?, 0.1, 0.2, 0.3, 0.4, 99.5, ?)", _faces(number, first, count),
                )  # fmt: skip
                rows = ((key + each + 1, packed[each % len(packed)]) for each in range(count))
                sealed = ((face, vector, checksum(vector, face)) for face, vector in rows)
                base.executemany("INSERT INTO embeddings (face, vector, checksum) VALUES (?, ?, ?)", sealed)
                base.execute("COMMIT")
                key += count
        for (statement,) in indexes:
            base.execute(statement)
    print(f"filled with {sum(sizes.values()):,} faces in {time.monotonic() - started:.0f} s", flush=True)
    return stores.open_store("", str(data))


def _faces(collection: int, first: int, count: int) -> Iterator[tuple[int, bytes, bytes, int]]:
    drawn = os.urandom(32 * count)
    for each in range(count):
        ids = drawn[32 * each : 32 * each + 32]
        yield collection, ids[:16], ids[16:], first + each + 1


def embeddings(count: int) -> np.ndarray:
    drawn = np.random.default_rng(1).normal(size=(count, DIMENSION)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
