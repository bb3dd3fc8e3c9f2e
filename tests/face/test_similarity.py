"""Similarity stands for a false match rate, rises with the cosine, and can be turned back into one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.face.similarity import Calibration
from mien.packs import manifest

MEASURED = [(1e-1, 0.13), (1e-2, 0.25), (1e-3, 0.35), (1e-4, 0.44), (1e-5, 0.51), (1e-6, 0.57)]
CALIBRATION = Calibration.from_far(MEASURED)
cosines = st.floats(-1, 1)


@pytest.mark.parametrize(("far", "similarity"), [(1e-4, 80), (1e-5, 90), (1e-6, 99)])
def test_a_similarity_stands_for_its_false_match_rate(far: float, similarity: float) -> None:
    cosine = dict(MEASURED)[far]
    assert CALIBRATION.similarity(cosine) == pytest.approx(similarity)
    assert CALIBRATION.score(similarity) == pytest.approx(cosine)


@pytest.mark.parametrize("name", [name for name, entry in manifest.catalogue().items() if entry.tried])
def test_every_pack_that_was_tried_has_the_three_promised_knots(name: str) -> None:
    entry = manifest.named(name)
    calibration, measured = Calibration.from_far(entry.calibration), dict(entry.calibration)
    for far, similarity in ((1e-4, 80), (1e-5, 90), (1e-6, 99)):
        assert calibration.similarity(measured[far]) == pytest.approx(similarity)


def test_a_map_without_measured_pairs_says_so() -> None:
    assert CALIBRATION.is_measured
    assert not Calibration.from_far([]).is_measured


def test_the_ends_are_0_and_100() -> None:
    assert CALIBRATION.similarity(1.0) == 100
    assert CALIBRATION.similarity(-1.0) == 0
    assert CALIBRATION.similarity(CALIBRATION.score(100)) == 100
    assert CALIBRATION.score(0) == -1


def test_a_cosine_that_rounding_put_beyond_its_range_stays_on_the_scale() -> None:
    assert CALIBRATION.similarity(1.0000002) == 100
    assert CALIBRATION.similarity(-1.0000002) == 0


def test_similarity_rises_strictly() -> None:
    scores = CALIBRATION.similarity(np.linspace(-1, 1, 2001))
    assert all(lower < higher for lower, higher in itertools.pairwise(scores.tolist()))


@pytest.mark.parametrize("same", [1.0, 0.9, 0.5, 0.2])
def test_the_same_picture_is_100_however_short_its_vectors(same: float) -> None:
    scores = np.linspace(-same, same, 2001)
    found = CALIBRATION.similarity(scores, same)
    assert found[-1] == 100
    assert (np.diff(found) > 0).all()
    usual = CALIBRATION.similarity(scores)
    assert (found >= usual).all()
    stranger = scores <= 0.7 * same  # what lengths took from strangers is not given back
    np.testing.assert_allclose(found[stranger], usual[stranger], atol=0.01)
    assert CALIBRATION.similarity(np.array([0.5, same]), np.array([1.0, same])).tolist()[1] == 100


@given(one=cosines, other=cosines)
def test_a_higher_cosine_never_has_a_lower_similarity(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert CALIBRATION.similarity(low) <= CALIBRATION.similarity(high)


@given(similarity=st.floats(0, 100))
def test_the_cosine_of_a_similarity_has_that_similarity(similarity: float) -> None:
    assert CALIBRATION.similarity(CALIBRATION.score(similarity)) == pytest.approx(similarity, abs=1e-6)


@pytest.mark.parametrize(
    "measured",
    [
        [(1e-3, 0.4), (1e-4, 0.3)],  # falls
        [(1e-3, 0.4), (1e-4, 0.4)],  # stands still
        [(2e-3, 0.4), (1e-4, 0.5)],  # a rate that stands for nothing
        [(1e-4, 1.0)],  # nothing above it
        [(1e-4, -1.5)],
    ],
)
def test_an_invalid_calibration_is_refused(measured: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="calibration"):
        Calibration.from_far(measured)
