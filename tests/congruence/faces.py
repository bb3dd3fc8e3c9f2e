"""Faces to keep, and the short way to put them into a store."""

import time
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mien.store.base import KeptPortrait, NewFace, Origin, Region, StoredFace
from mien.store.open import Store

ACCOUNT = "000000000000"
LENGTH = 8


def make(store: Store, name: str = "people", account: str = ACCOUNT, tags: Mapping[str, str] | None = None) -> int:
    """A new collection's key."""
    made = store.collections.create(account, name, "contract", "7.1", tags)
    assert made is not None
    return made.key


def image(number: int) -> UUID:
    return UUID(int=number)


def vector(seed: int) -> NDArray[np.float32]:
    """A vector as embedders make them: of length 1, its numbers those that float16 holds."""
    drawn = np.random.default_rng(seed).normal(size=LENGTH)
    return np.asarray((drawn / np.linalg.norm(drawn)).astype(np.float16), np.float32)


def assert_kept(stored: NDArray[np.float32] | None, seed: int) -> None:
    """What is kept of a vector is all of it."""
    assert stored is not None
    assert stored.dtype == np.float32
    np.testing.assert_array_equal(stored, vector(seed))


def face(place: int = 0, seed: int = 0) -> NewFace:
    """A face; those of different places do not overlap."""
    portrait = KeptPortrait(b"a picture of %d" % seed, 192, np.full((5, 2), seed % 512, np.float32))
    return NewFace(Region(0.1 * place, 0.2, 0.08, 0.1), 98.76543, vector(seed), portrait)


def add(store: Store, key: int, number: int, faces: Sequence[NewFace], external: str | None = None) -> list[StoredFace]:
    return store.faces.add(key, Origin(image(number), external), faces)


def everyone(store: Store, key: int) -> list[StoredFace]:
    return store.faces.page(key, None, 1_000_000)


def count(store: Store, table: str) -> int:
    row = store.database.read(lambda cursor: cursor.row(f"SELECT COUNT(*) FROM {table}"))
    assert row is not None
    return int(row[0])


def counted(store: Store, name: str = "people") -> int:
    """How many faces the collection says it holds."""
    found = store.collections.find(ACCOUNT, name)
    assert found is not None
    return found.faces


def until(condition: Callable[[], bool], most: float = 15.0) -> None:
    """Wait for what happens in the background."""
    end = time.monotonic() + most
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
