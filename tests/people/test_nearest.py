"""The nearest faces of each face are those that comparing all with all finds, whatever came and went before."""

import numpy as np
import pytest

from mien.people import nearest
from mien.people.nearest import MOST, Nearest
from tests.people.generated import DIMENSION, Numbers, Vectors, drawn

LEAST = 0.5
SIZES = [1] * 60 + [3] * 20 + [20] * 4 + [90]  # one has more faces than pairs are kept of a face


def expected(keys: Numbers, vectors: Vectors) -> dict[int, list[int]]:
    """The keys of the nearest faces of each, the best first."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -1)
    found = {}
    for key, row in zip(keys.tolist(), scores, strict=True):
        order = np.lexsort((keys, -row))
        found[key] = keys[order[: min(MOST, int((row[order] >= LEAST).sum()))]].tolist()
    return found


def held(of: Nearest) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {key: [] for key in of.keys.tolist()}
    order = np.lexsort((of.keys[of.pairs.others], -of.pairs.scores, of.pairs.rows))
    for row, other in zip(of.pairs.rows[order], of.pairs.others[order], strict=True):
        found[int(of.keys[row])].append(int(of.keys[other]))
    return found


@pytest.fixture(params=[(nearest.ROWS, nearest.COLUMNS, nearest.PENDING), (16, 50, 100)], ids=["whole", "in blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(("ROWS", "COLUMNS", "PENDING"), request.param, strict=True):
        monkeypatch.setattr(nearest, name, value)


@pytest.mark.usefixtures("blocks")
def test_they_are_found_by_comparing_all() -> None:
    vectors, _ = drawn(SIZES)
    keys = np.random.default_rng(1).permutation(len(vectors)) + 7
    table = Nearest(DIMENSION, LEAST)
    table.add(keys, vectors)
    wanted = expected(keys, vectors)
    assert held(table) == wanted
    assert max(map(len, wanted.values())) == MOST
    assert 0 < table.is_full.sum() < len(keys)


@pytest.mark.usefixtures("blocks")
def test_they_are_the_same_after_many_additions_and_removals() -> None:
    vectors, _ = drawn(SIZES, seed=2)
    random, table, inside = np.random.default_rng(3), Nearest(DIMENSION, LEAST), np.zeros(len(vectors), np.bool_)
    for turn in range(24):
        coming = np.flatnonzero(~inside & (random.random(len(vectors)) < 0.4))
        table.add(coming, vectors[coming])
        inside[coming] = True
        going = np.flatnonzero(inside & (random.random(len(vectors)) < (0.1, 0.5)[turn % 2]))
        table.remove(going)
        inside[going] = False
        keys = np.flatnonzero(inside)
        assert held(table) == expected(keys, vectors[keys]), turn


def test_copies_of_a_short_vector_are_pairs() -> None:
    """The crowd shortens vectors, so that a picture may not score as high with itself as two long ones do."""
    vectors, _ = drawn([1, 1])
    table = Nearest(DIMENSION, LEAST)
    table.add(np.arange(3), np.concatenate([0.6 * vectors[:1], 0.6 * vectors[:1], vectors[1:]]))
    assert held(table) == {0: [1], 1: [0], 2: []}


def test_memory_does_not_grow_with_the_square_of_a_persons_faces() -> None:
    few, many = Nearest(DIMENSION, LEAST), Nearest(DIMENSION, LEAST)
    for table, count in ((few, 500), (many, 2000)):
        vectors, _ = drawn([count])
        table.add(np.arange(count), vectors)
    assert many.memory() == pytest.approx(4 * few.memory(), rel=0.02)


def test_none_come_and_none_go() -> None:
    table = Nearest(DIMENSION, LEAST)
    table.remove(np.array([1, 2]))
    table.add(np.empty(0, np.int64), np.empty((0, DIMENSION), np.float32))
    assert (len(table), held(table)) == (0, {})
