"""Compares embeddings stored as float16 with float32: accuracy, space and read time.

    python benchmarks/halves.py FOLDER [--leave-out known-errors.csv] [--rows N]

FOLDER contains PERSON/photo.jpg. TAR is that of `mien eval`, with both embeddings of a pair from the store, and with
one of them fresh, as in a search by image. Then follow the similarity of an image to itself once stored, as a face and
as a user of one face; the size of a table of N embeddings; and the time to read all of them into an array.
"""

import argparse
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import app, config
from mien.measure.accuracy import comparison, verification
from mien.measure.accuracy.dataset import open_dataset
from mien.measure.accuracy.embedding import embed_dataset
from mien.store.tables import vectors

Vectors = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--leave-out", type=Path)
    parser.add_argument("--rows", type=float, default=1e6)
    given = parser.parse_args()
    pack = app.open_pack(config.load({}, os.environ))
    album = open_dataset(given.folder, leave_out=given.leave_out)
    found = embed_dataset(album, pack, "central", workers=3)
    fresh = found.embeddings
    people = np.array([album.names.index(album.files[photo].parent.name) for photo in found.photos])
    stored = vectors.unpack([vectors.pack(each) for each in fresh])
    unscaled = vectors.raw([vectors.pack(each) for each in fresh])
    accuracy("float32", fresh, people, album.left_out)
    accuracy("float16", stored, people, album.left_out)
    # pairs of one stored and one fresh embedding: the product of (fresh | stored) with itself, halved
    beside = np.concatenate([fresh, stored], axis=1) * np.float32(0.5**0.5)
    accuracy("half fresh", beside, people, album.left_out)
    for name, ours in (("face, length put right", stored), ("face or user of one, length as rounded", unscaled)):
        alike = pack.calibration.similarity((fresh * ours).sum(axis=1))
        print(f"{name}: to itself {alike.min():.6f} at least, below 100 for {100 * (alike < 100).mean():.2f}%")
    wide: Callable[[Vectors], bytes] = vectors.pack_user
    space("float32", int(given.rows), fresh, wide, vectors.unpack_users)
    space("float16", int(given.rows), fresh, vectors.pack, vectors.unpack)


def accuracy(name: str, embeddings: Vectors, people: NDArray[np.int64], apart: tuple[tuple[int, int], ...]) -> None:
    strangers, mates = comparison.impostors(embeddings, people, apart), comparison.mates(embeddings, people)
    for far in (1e-3, 1e-4, 1e-5):
        bar = strangers.threshold(far)
        print(f"{name}: FAR {far:g}: cosine {bar:.5f}, TAR {100 * verification.tar(mates, bar):.3f}%")


def space(
    name: str,
    rows: int,
    fresh: Vectors,
    pack: Callable[[Vectors], bytes],
    unpack: Callable[[Sequence[bytes]], Vectors],
) -> None:
    packed = [pack(each) for each in fresh]
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(f"{folder}/space.db")) as base:
        base.execute("CREATE TABLE embeddings (face INTEGER PRIMARY KEY, vector BLOB NOT NULL)")
        base.executemany(
            "INSERT INTO embeddings VALUES (?, ?)", ((each, packed[each % len(packed)]) for each in range(rows))
        )
        base.commit()
        took, steps = [], 50_000
        for _ in range(3):
            started = time.perf_counter()
            for first in range(0, rows, steps):
                found = base.execute("SELECT vector FROM embeddings WHERE face >= ? LIMIT ?", (first, steps))
                unpack([each for (each,) in found.fetchall()])
            took.append(time.perf_counter() - started)
        held = Path(f"{folder}/space.db").stat().st_size
        print(
            f"{name}: {rows:,} embeddings take {held / rows:.0f} bytes each, read at {rows / min(took):,.0f} a second"
        )


if __name__ == "__main__":
    main()
