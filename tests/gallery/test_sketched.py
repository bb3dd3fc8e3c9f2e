"""The stages of a sketched search: weighted distances as the scan computes them, and results that no thread changes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.gallery import kernels, plain, sketched
from mien.gallery.sketch import LEVELS, Sketcher
from mien.gallery.sketched import SketchedGallery

COMPILED = pytest.mark.skipif(not kernels.COMPILED, reason="Numba is not installed")
DIMENSION, COUNT = 256, 40_000
LOOPS = [pytest.param(plain, id="numpy"), pytest.param(kernels, id="compiled", marks=COMPILED)]


def drawn(count: int, seed: int) -> NDArray[np.float32]:
    """Returns embeddings that are like each other, as those of faces are."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, DIMENSION)) * np.geomspace(1, 0.05, DIMENSION) + 0.3
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


EMBEDDINGS = drawn(COUNT, 1)
SKETCHER = Sketcher.of(EMBEDDINGS[:10_000])


def gallery(threads: int, scanners: ThreadPoolExecutor) -> SketchedGallery:
    made = SketchedGallery(SKETCHER, lambda keys: (keys, EMBEDDINGS[keys]), scanners, threads)
    made.add(np.arange(COUNT), EMBEDDINGS)
    return made


def signs(sketches: NDArray[np.uint64]) -> NDArray[np.int64]:
    return np.unpackbits(sketches.view(np.uint8), axis=-1, bitorder="little").astype(np.int64)


def test_weights_rise_with_the_size_of_a_component() -> None:
    probe = drawn(1, 2)[0]
    levels = signs(SKETCHER.weights(probe).T.copy())
    weights = (levels << np.arange(LEVELS)[:, None]).sum(axis=0)
    sizes = np.abs(probe @ SKETCHER.directions)
    assert weights.max() == 2**LEVELS - 1
    assert (np.abs(weights / weights.max() - sizes / sizes.max()) <= 0.5001 / weights.max()).all()


@pytest.mark.parametrize("loops", LOOPS)
def test_the_scan_sums_the_weights_of_the_bits_that_differ(loops: Any) -> None:
    probes = drawn(3, 3)
    sketches, weights = SKETCHER.sketch(probes), np.stack([SKETCHER.weights(each) for each in probes])
    planes = np.ascontiguousarray(SKETCHER.sketch(EMBEDDINGS[:5000]).T)
    alive = np.arange(5000) % 7 > 0
    found = np.empty((3, 3 * 5000 + kernels.BLOCK), np.int64)
    weighed = np.empty(found.shape, np.int32)
    state = np.zeros((3, 2 + 257), np.int64)
    state[:, 1] = 257
    loops.scan(planes, alive, (100, 5000), 1 << 17, sketches, weights, 5000, found, weighed, state)
    for n in range(3):
        count = state[n, 0]
        rows = (found[n, :count] & kernels.MASK) - (1 << 17)
        assert rows.tolist() == [row for row in range(100, 5000) if alive[row]]
        differ = signs(planes[:, rows].T.copy()) ^ signs(sketches[n : n + 1])
        assert (found[n, :count] >> kernels.PLACE == differ.sum(axis=1)).all()
        levels = signs(weights[n].T.copy())
        assert (weighed[n, :count] == differ @ (levels << np.arange(LEVELS)[:, None]).sum(axis=0)).all()


def test_weighted_distances_name_the_nearest_sooner_than_plain_ones() -> None:
    """A face and a changed one of the same person: its place among all by either distance."""
    random = np.random.default_rng(4)
    plain: list[int] = []
    weighted: list[int] = []
    for row in range(60):
        probe = EMBEDDINGS[row] + random.normal(scale=0.14, size=DIMENSION).astype(np.float32)
        sketch = SKETCHER.sketch(probe[None])
        differ = signs(SKETCHER.sketch(EMBEDDINGS[:5000])) ^ signs(sketch)
        levels = signs(SKETCHER.weights(probe).T.copy())
        for places, far in (
            (plain, differ.sum(axis=1)),
            (weighted, differ @ (levels.T << np.arange(LEVELS)).sum(axis=1)),
        ):
            places.append(int(np.count_nonzero(far < far[row])))
    assert 0 < np.mean(weighted) < 0.7 * np.mean(plain), (np.mean(weighted), np.mean(plain))


def test_threads_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketched, "ALONE", 5000)
    with ThreadPoolExecutor(3) as scanners:
        alone, together = gallery(1, scanners), gallery(4, scanners)
        for probe in drawn(20, 5):
            one, four = alone.search(probe, 50, -1), together.search(probe, 50, -1)
            assert one.keys.tolist() == four.keys.tolist()
            assert one.cosines.tolist() == four.cosines.tolist()


@pytest.mark.parametrize("bar", [0, 60])
def test_an_estimate_that_is_too_strict_is_corrected(bar: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(1) as scanners:
        made, probe = gallery(1, scanners), drawn(1, 6)[0]
        right = made.search(probe, 4096, -1)
        monkeypatch.setattr(sketched, "_estimated", lambda *_: np.full(1, bar))
        assert made.search(probe, 4096, -1).keys.tolist() == right.keys.tolist()


@COMPILED
@pytest.mark.parametrize("threads", [1, 3])
def test_without_numba_the_same_is_found(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the threshold begins so high that it is lowered again and again."""
    monkeypatch.setattr(sketched, "ALONE", 1 << 12)
    with ThreadPoolExecutor(3) as scanners:
        made = gallery(threads, scanners)
        made.remove(np.arange(0, COUNT, 3))
        for high in (False, True):
            if high:
                monkeypatch.setattr(sketched, "_estimated", lambda _, sketches, __: np.full(len(sketches), 257))
            compiled = [made.search(probe, 30, -1.0).keys.tolist() for probe in drawn(20, 6)]
            with monkeypatch.context() as without:
                without.setattr(kernels, "scan", plain.scan)
                without.setattr(kernels, "cosines", plain.cosines)
                assert [made.search(probe, 30, -1.0).keys.tolist() for probe in drawn(20, 6)] == compiled
