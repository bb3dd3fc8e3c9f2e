"""Groups of faces: one for each person, never against a photograph or a verdict, and whatever the order of arrival."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.people import grouping as groupings
from mien.people.grouping import Grouping, Verdicts, bar
from tests.people.generated import CALIBRATION, DIMENSION, Numbers, drawn, grouping, together

SIZES = [1] * 40 + [2] * 30 + [5] * 20 + [40] * 2 + [120]
FACES = st.lists(st.integers(-2, 40), max_size=4)


def keyed(faces: list[int]) -> Numbers:
    return np.array(faces, np.int64)


def test_each_person_is_a_group() -> None:
    vectors, owners = drawn(SIZES)
    keys, labels = grouping(vectors).groups()
    np.testing.assert_array_equal(keys, np.arange(len(vectors)))
    assert (together(labels) == together(owners)).mean() > 0.9999
    assert len(np.unique(labels)) <= len(SIZES) + 2


def test_a_group_has_the_lowest_of_its_keys() -> None:
    vectors, _ = drawn(SIZES, seed=4)
    numbers = np.random.default_rng(5).permutation(len(vectors)) * 3 + 11
    keys, labels = grouping(vectors, keys=numbers).groups()
    np.testing.assert_array_equal(keys, np.sort(numbers))
    for label in np.unique(labels):
        assert keys[labels == label].min() == label


def test_it_is_average_linkage() -> None:
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    distance = pytest.importorskip("scipy.spatial.distance")
    vectors, _ = drawn(SIZES, seed=6, spread=0.85)  # so wide that groups break up
    distances = 1 - vectors @ vectors.T
    np.fill_diagonal(distances, 0)
    tree = hierarchy.linkage(distance.squareform(distances, checks=False).astype(float), "average")
    wanted = hierarchy.fcluster(tree, 1 - CALIBRATION.score(bar(len(vectors))), "distance")
    _, labels = grouping(vectors).groups()
    np.testing.assert_array_equal(together(labels), together(wanted))
    assert len(SIZES) < len(np.unique(wanted)) < len(vectors)


@pytest.mark.parametrize("seed", range(3))
def test_however_faces_came_and_went_the_groups_are_the_same(seed: int) -> None:
    vectors, _ = drawn(SIZES, seed=seed, spread=0.8)
    random = np.random.default_rng(seed)
    photographs = random.integers(0, 150, len(vectors))
    made, inside = Grouping(DIMENSION, CALIBRATION), np.zeros(len(vectors), np.bool_)
    for turn in range(12):
        coming = random.permutation(np.flatnonzero(~inside & (random.random(len(vectors)) < 0.5)))
        made.add(coming, vectors[coming], photographs[coming])
        inside[coming] = True
        going = np.flatnonzero(inside & (random.random(len(vectors)) < 0.2))
        made.remove(going)
        inside[going] = False
        keys = np.flatnonzero(inside)
        verdicts = Verdicts([*random.choice(keys, (4, 3))], [*random.choice(keys, (4, 2, 3))])
        fresh = grouping(vectors[keys], photographs[keys], keys)
        for one, other in zip(made.groups(verdicts), fresh.groups(verdicts), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=f"turn {turn}")


def test_two_faces_of_one_photograph_are_never_one_person() -> None:
    vectors, owners = drawn([30, 30, 30], seed=7, spread=0.5)
    photographs = np.random.default_rng(8).integers(0, 40, len(vectors))
    keys, labels = grouping(vectors, photographs).groups(Verdicts(same=[*np.array([[0, 1], [2, 3], [4, 5]])]))
    assert len({*zip(labels.tolist(), photographs[keys].tolist(), strict=True)}) == len(keys)
    assert not (together(labels) & ~together(owners)).any()
    twins = np.flatnonzero((photographs[:, None] == photographs[None]) & together(owners))
    assert len(twins) > len(vectors), "there are faces that look alike in one photograph"


def test_a_photograph_of_one_person_twice_ends_in_two_groups_of_the_nearest() -> None:
    vectors, _ = drawn([6], seed=9, spread=0.4)
    photographs = np.array([0, 0, 1, 2, 3, 4])
    _, labels = grouping(vectors, photographs).groups()
    assert labels[0] != labels[1]
    assert len(np.unique(labels)) == 2


def test_verdicts_join_whole_groups_and_keep_others_apart() -> None:
    vectors, owners = drawn([4, 5, 6, 7], seed=10)
    first = [int(np.flatnonzero(owners == each)[0]) for each in range(4)]
    made = grouping(vectors)
    _, labels = made.groups(Verdicts(same=[np.array(first[:2])]))
    joined = np.where(owners == 1, 0, owners)
    np.testing.assert_array_equal(together(labels), together(joined))
    taken = first[2]
    rest = np.flatnonzero((owners == 2) & (np.arange(len(owners)) != taken))
    _, labels = made.groups(Verdicts(different=[(np.array([taken]), rest)]))
    apart = owners.copy()
    apart[taken] = 9
    np.testing.assert_array_equal(together(labels), together(apart))


def test_a_no_outweighs_a_yes_and_verdicts_on_missing_faces_are_ignored() -> None:
    vectors, owners = drawn([4, 5], seed=11)
    one, other = (int(np.flatnonzero(owners == each)[1]) for each in range(2))
    same, different = (
        [[one, other], [one, 999], [one, one], []],
        [([other], [one, 5000]), ([888], [999, 777]), ([], [])],
    )
    verdicts = Verdicts([*map(keyed, same)], [(keyed(each), keyed(rest)) for each, rest in different])
    _, labels = grouping(vectors).groups(verdicts)
    np.testing.assert_array_equal(together(labels), together(owners))


def test_parts_of_one_person_whose_faces_all_have_nearer_ones_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of several moments: each has more pairs within its moment than are kept."""
    random = np.random.default_rng(12)
    moments, owners = drawn([3, 3], seed=12, spread=0.45)
    frames = np.repeat(moments, 50, axis=0) + 0.01 * random.standard_normal((300, DIMENSION))
    vectors = np.asarray(frames / np.linalg.norm(frames, axis=1, keepdims=True), np.float32)
    _, labels = grouping(vectors).groups()
    np.testing.assert_array_equal(together(labels), together(np.repeat(owners, 50)))
    monkeypatch.setattr(groupings, "_complete", lambda *_: None)
    _, labels = grouping(vectors).groups()
    assert len(np.unique(labels)) == 6, "or this would not test that"


def test_copies_of_a_picture_are_one_person_however_short_its_vector_is() -> None:
    vectors, _ = drawn([1, 1, 1], seed=13)
    short = np.asarray(np.repeat(0.6 * vectors, 4, axis=0), np.float32)
    assert short[0] @ short[1] < CALIBRATION.score(90)
    _, labels = grouping(short).groups()
    np.testing.assert_array_equal(labels, np.repeat([0, 4, 8], 4))


def test_the_bar_rises_with_the_number_of_faces() -> None:
    assert [bar(count) for count in (0, 1, 10_000, 100_000, 1_000_000)] == pytest.approx([90, 90, 90, 99, 99.9])


def test_a_face_on_both_sides_of_a_no_still_has_its_group() -> None:
    vectors, owners = drawn([4, 4], seed=15)
    one, other = (np.flatnonzero(owners == each) for each in range(2))
    _, labels = grouping(vectors).groups(Verdicts(different=[(one[:2], np.append(other, one[:2]))]))
    np.testing.assert_array_equal(together(labels), together(owners))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 9), max_size=12),
    st.integers(1, 30),
    st.lists(FACES, max_size=8),
    st.lists(st.tuples(FACES, FACES), max_size=8),
)
def test_no_verdict_and_no_photograph_is_broken(
    sizes: list[int], photos: int, same: list[list[int]], different: list[tuple[list[int], list[int]]]
) -> None:
    vectors, _ = drawn(sizes, seed=len(sizes), spread=0.7)
    photographs = np.arange(len(vectors)) % photos
    verdicts = Verdicts([*map(keyed, same)], [(keyed(one), keyed(rest)) for one, rest in different])
    keys, labels = grouping(vectors, photographs).groups(verdicts)
    assert len({*zip(labels.tolist(), photographs[keys].tolist(), strict=True)}) == len(keys)
    group = dict(zip(keys.tolist(), labels.tolist(), strict=True))
    for one, rest in different:
        assert not any(group.get(each, -1) == group.get(other, -2) for each in one for other in {*rest} - {*one})


def test_faces_are_grouped_as_fast_as_is_promised() -> None:
    """A thousand within a second of processor time; beside it, what comparing them takes by itself."""
    vectors, _ = drawn([1 + number % 8 for number in range(220)][:220], seed=14, dimension=384)
    vectors = vectors[:1000]
    assert len(vectors) > 900
    started = time.process_time()
    keys, _ = grouping(vectors).groups()
    took = time.process_time() - started
    started = time.process_time()
    vectors @ vectors.T
    floor = time.process_time() - started
    assert len(keys) == len(vectors)
    assert took < 1.0, (took, floor)
