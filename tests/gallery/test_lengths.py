"""Vectors of many lengths and sizes: what scores best is found, by the product and not by the angle."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.gallery import ExactGallery
from mien.gallery.sketch import STEP_BITS, Sketcher
from tests.gallery.galleries import Make

ROWS = 20_000


def drawn(rows: int, dimension: int, seed: int) -> NDArray[np.float32]:
    """Directions, shortened by up to a third as crowded faces are."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(rows, dimension)) + 0.3
    lengths = np.clip(random.normal(1.0, 0.15, rows), 0.66, 1.0)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True) * lengths[:, None], np.float32)


@pytest.mark.parametrize("dimension", [128, 256, 384, 512])
def test_the_best_score_is_found_first(make: Make, dimension: int) -> None:
    held, keys = drawn(ROWS, dimension, dimension), np.arange(1, ROWS + 1)
    gallery, exact = make(dimension), ExactGallery(dimension)
    for each in (gallery, exact):
        each.add(keys, held)
    noise = np.random.default_rng(1).normal(size=(20, dimension)) / dimension**0.5
    for row, other in enumerate(noise.astype(np.float32)):
        probe = held[row] * 0.8 + 0.6 * other
        expected, found = exact.search(probe, 3, 0.1), gallery.search(probe, 3, 0.1)
        assert found.keys[:1].tolist() == expected.keys[:1].tolist() == [row + 1]
        np.testing.assert_allclose(found.cosines[0], expected.cosines[0], atol=1e-5)


@pytest.mark.parametrize(("dimension", "steps"), [(8, 1), (128, 1), (256, 1), (384, 1), (512, 2), (768, 3)])
def test_sketches_are_whole_steps_of_the_scan(dimension: int, steps: int) -> None:
    assert Sketcher.around(np.zeros(dimension, np.float32)).words == steps * STEP_BITS // 64


def test_directions_that_do_not_vary_are_left_out() -> None:
    """A third of the space is empty, as with two networks of which one has dead outputs; the rest is turned into it."""
    random = np.random.default_rng(1)
    space = np.linalg.qr(random.normal(size=(384, 384)))[0][:, :270]
    held = np.asarray(random.normal(size=(8_000, 270)) @ space.T + 0.3, np.float32)
    varying = np.linalg.norm(space.T @ Sketcher.of(held).directions, axis=0)
    np.testing.assert_allclose(varying, 1, atol=1e-3)
    few = np.linalg.norm(space.T @ Sketcher.of(held[:500]).directions, axis=0)
    assert few.max() < 0.99, "from a few embeddings nothing can be told"
    assert Sketcher.of(held).words == 4


@pytest.mark.parametrize("dimension", [8, 128, 256, 512])
def test_a_sketch_keeps_as_many_directions_as_it_has_bits(dimension: int) -> None:
    held = drawn(16 * dimension, dimension, 1)
    held[:, dimension // 2 :] = 0
    directions = Sketcher.of(held).directions
    assert np.linalg.matrix_rank(directions.astype(np.float64), 1e-3) == dimension
