"""Erasing as in privacy.md: after `mien store compact` no file contains a deleted face's bytes."""

import subprocess
from pathlib import Path
from uuid import uuid4

import numpy as np

from mien.store.base import NewFace, Origin, Region
from mien.store.open import open_store
from mien.store.tables import vectors
from tests import live


def test_nothing_of_a_deleted_face_is_left_after_compacting(tmp_path: Path) -> None:
    store = open_store("", str(tmp_path))
    collection = store.collections.create("0" * 12, "people", "contract", "1.0")
    assert collection is not None
    embeddings = np.random.default_rng(0).standard_normal((200, 256)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    faces = [
        store.faces.add(
            collection.key, Origin(uuid4(), f"person-{number:03}"), [NewFace(Region(0, 0, 1, 1), 99.0, embedding)]
        )[0]
        for number, embedding in enumerate(embeddings)
    ]
    marks = [(vectors.pack(embeddings[number]), f"person-{number:03}".encode()) for number in range(0, 200, 7)]

    def left() -> int:
        files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        return sum(any(mark in file for file in files) for pair in marks for mark in pair)

    assert left() == 2 * len(marks)  # the test finds what is there
    store.faces.delete(collection.key, [faces[number].face_id for number in range(0, 200, 7)])
    store.database.close()
    subprocess.run(
        live.command("store", "compact", "--data", str(tmp_path)), env=live.environment(), check=True, timeout=60
    )
    assert left() == 0
