"""What a fault of the picture adds to a vector is taken out, and doubtful faces have shorter vectors."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mien.face.trust import LEAST, Signs, Trust
from mien.face.types import Pixels
from mien.image.decode import read_header
from mien.packs.load import Pack
from tests import photos

SIZE = 64
FAULT = np.eye(1, SIZE, dtype=np.float32)  # what the fault adds, about the middle
DEVIATION = np.float32(SIZE**-0.5)  # of good pictures' vectors, in every direction
TRUST = Trust(
    np.zeros(SIZE, np.float32), FAULT / DEVIATION, FAULT * DEVIATION, usual=3, fault=0.5, lengths=(10,), length=(1,),
    blank=6, most_blank=0.1, eyes_blank=2, most_eyes_blank=0.5, allowance=0.7,
)  # fmt: skip


def signs(length: float = 10.0, blank: float = 0.0, eyes_blank: float = 0.0) -> Signs:
    return Signs(
        [np.full(300, length, np.float32)], np.full(300, blank, np.float32), np.full(300, eyes_blank, np.float32)
    )


def drawn(seed: int, fault: float = 0.0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(300, SIZE)) * DEVIATION + fault * DEVIATION * FAULT
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def above(vectors: NDArray[np.float32], bar: float) -> float:
    return float(((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)] > bar).mean())


def test_good_pictures_keep_their_vectors() -> None:
    vectors = drawn(1)
    usual = TRUST.cleared(vectors)[1] < TRUST.usual
    assert usual.mean() > 0.98
    np.testing.assert_allclose(TRUST.applied(vectors, signs())[usual], vectors[usual], atol=1e-6)


def test_strangers_under_one_fault_match_no_more_often_than_others() -> None:
    bar = float(np.quantile((drawn(1) @ drawn(2).T), 0.999))
    faulty = drawn(3, fault=8)
    assert above(faulty, bar) > 0.3
    assert above(TRUST.cleared(faulty)[0], bar) < 0.01
    assert above(TRUST.applied(faulty, signs()), bar) <= 0.001


def test_a_person_under_a_fault_is_still_nearer_to_himself_than_strangers_are() -> None:
    person, faulty = drawn(4), drawn(4, fault=5)
    cleared, _ = TRUST.cleared(faulty)
    ours = (cleared * person).sum(axis=1)
    assert np.median(ours) > np.quantile(cleared @ person.T, 0.99)


@pytest.mark.parametrize("doubtful", [signs(length=5), signs(blank=0.5), signs(eyes_blank=0.5)])
def test_short_answers_blank_faces_and_covered_eyes_are_trusted_less(doubtful: Signs) -> None:
    vectors = drawn(5)
    shortened = TRUST.applied(vectors, doubtful)
    good = TRUST.applied(vectors, signs())
    lengths, whole = np.linalg.norm(shortened, axis=1), np.linalg.norm(good, axis=1)
    assert (lengths <= whole + 1e-6).all()
    assert lengths.mean() < whole.mean() - 0.02


@given(
    seed=st.integers(0, 99), fault=st.floats(-50, 50), length=st.floats(1e-3, 1e3), blank=st.floats(0, 1),
    allowance=st.floats(-5, 5),
)  # fmt: skip
def test_lengths_are_within_their_bounds(
    seed: int, fault: float, length: float, blank: float, allowance: float
) -> None:
    doubting = replace(TRUST, allowance=allowance)
    vectors = doubting.applied(drawn(seed, fault), signs(length, blank, blank))
    lengths = np.linalg.norm(vectors, axis=1)
    assert (lengths >= LEAST - 1e-5).all()
    assert (lengths <= 1 + 1e-5).all()


def trusted(pack: Pack, pixels: Pixels) -> float:
    faces = pack.pipeline.find(read_header(photos.jpeg(pixels)))
    return float(pack.pipeline.ensemble.trusted(pack.pipeline.embed(faces[:1]))[0]) if faces else 0.0


@pytest.mark.parametrize("photo", ["astronaut", "hopper"])
def test_the_pack_trusts_a_good_picture_wholly_and_a_ruined_one_less(photo: str, duo: Pack) -> None:
    good: Pixels = getattr(photos, photo)().pixels
    eyes = 41 if photo == "astronaut" else 81
    steps = [trusted(duo, np.asarray(cv2.GaussianBlur(good, (0, 0), share * eyes), np.uint8)) for share in (0.15, 0.25)]
    assert trusted(duo, good) > 0.97
    assert max(steps) < 0.95
    assert trusted(duo, 255 - good) < 0.85
