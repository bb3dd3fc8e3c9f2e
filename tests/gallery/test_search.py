"""A gallery finds what comparing with everything finds, whatever was added and removed before."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from numpy.typing import NDArray

from mien.gallery import Gallery
from tests.gallery.galleries import GALLERIES, Make

LENGTH = 8
Vector = NDArray[np.float32]


def unit(seed: int) -> Vector:
    vector = np.random.default_rng(seed).normal(size=LENGTH)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class Model(RuleBasedStateMachine):
    """A gallery beside a dictionary; keys rise and are never used twice."""

    make: Make

    @initialize()
    def begin(self) -> None:
        self.gallery: Gallery = type(self).make(LENGTH)
        self.held: dict[int, Vector] = {}
        self.next = 1

    @rule(count=st.sampled_from([0, 1, 2, 7, 300]), seed=st.integers(0, 2**20))
    def add(self, count: int, seed: int) -> None:
        keys = np.arange(self.next, self.next + count, dtype=np.int64)
        vectors = np.array([unit(seed + row) for row in range(count)], np.float32).reshape(count, LENGTH)
        self.gallery.add(keys, vectors)
        self.held.update(zip(keys.tolist(), vectors, strict=True))
        self.next += count

    @rule(data=st.data(), seed=st.integers(0, 2**20))
    def add_again(self, data: st.DataObject, seed: int) -> None:
        """A key that is there stays with its embedding."""
        if self.held:
            key = data.draw(st.sampled_from(sorted(self.held)))
            self.gallery.add(np.array([key], np.int64), unit(seed)[None])

    @rule(data=st.data())
    def remove_some(self, data: st.DataObject) -> None:
        if self.held:
            keys = data.draw(st.lists(st.sampled_from(sorted(self.held)), min_size=1, max_size=5, unique=True))
            self.gallery.remove(np.array([*keys, self.next + 5], np.int64))  # the last was never there
            for key in keys:
                del self.held[key]

    @rule(share=st.sampled_from([2, 3, 10]))
    def remove_many(self, share: int) -> None:
        keys = [key for key in self.held if key % share]
        self.gallery.remove(np.array(keys, np.int64))
        for key in keys:
            del self.held[key]

    @rule(seed=st.integers(0, 2**20), limit=st.sampled_from([1, 3, 50, 4096]), least=st.floats(-1, 1))
    def search(self, seed: int, limit: int, least: float) -> None:
        probe = unit(seed)
        hits = self.gallery.search(probe, limit, least)
        found = dict(zip(hits.keys.tolist(), hits.cosines.tolist(), strict=True))
        assert len(found) == len(hits.keys)
        assert hits.cosines.tolist() == sorted(hits.cosines.tolist(), reverse=True)
        exact = {key: float(vector @ probe) for key, vector in self.held.items()}
        for key, cosine in found.items():
            assert cosine == pytest.approx(exact[key], abs=1e-5)
            assert cosine >= least - 1e-5
        clearly = [key for key, cosine in exact.items() if cosine > least + 1e-5]
        assert len(found) >= min(limit, len(clearly))
        assert len(found) <= limit
        if len(found) < limit:
            assert set(clearly) <= set(found)
        elif found:
            worst = min(found.values())
            assert all(cosine <= worst + 1e-5 for key, cosine in exact.items() if key not in found)

    @invariant()
    def holds_as_many(self) -> None:
        if hasattr(self, "gallery"):
            assert len(self.gallery) == len(self.held)


@pytest.mark.parametrize("name", GALLERIES)
def test_a_gallery_finds_what_comparing_with_everything_finds(name: str) -> None:
    machine = type("Machine", (Model,), {"make": staticmethod(GALLERIES[name])})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=30, deadline=None))


def test_an_empty_gallery_finds_nothing(make: Make) -> None:
    hits = make(LENGTH).search(unit(1), 10, -1)
    assert (len(hits.keys), len(hits.cosines)) == (0, 0)
    assert hits.keys.dtype == np.int64


def test_equal_cosines_are_in_order_of_their_keys(make: Make) -> None:
    gallery = make(LENGTH)
    gallery.add(np.array([30, 10, 20], np.int64), np.repeat(unit(3)[None], 3, axis=0))
    assert gallery.search(unit(3), 3, -1).keys.tolist() == [10, 20, 30]
    assert gallery.search(unit(3), 2, -1).keys.tolist() == [10, 20]


def test_a_face_finds_its_own_copy_at_the_highest_bar(make: Make) -> None:
    gallery = make(LENGTH)
    vectors = np.stack([unit(seed) for seed in range(200)])
    gallery.add(np.arange(200, dtype=np.int64), vectors)
    for row in range(200):
        assert gallery.search(vectors[row], 1, 1.0).keys.tolist() == [row]


def test_what_the_caller_does_to_its_arrays_afterwards_does_not_matter(make: Make) -> None:
    gallery = make(LENGTH)
    keys, vectors = np.array([1], np.int64), unit(4)[None].copy()
    gallery.add(keys, vectors)
    keys[0], vectors[0] = 99, 0
    assert gallery.search(unit(4), 1, 0.9).keys.tolist() == [1]
