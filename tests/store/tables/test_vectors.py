"""Embeddings keep all their numbers in half the space; so do users' vectors in the whole of it."""

import numpy as np
import pytest

from mien.face.similarity import Calibration
from mien.store.tables import vectors

CALIBRATION = Calibration.from_far([(1e-4, 0.4), (1e-6, 0.58)])


def drawn(rows: int, size: int) -> vectors.Vectors:
    found = np.random.default_rng(rows).normal(size=(rows, size)).astype(np.float32)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(unit.astype(np.float16), np.float32)


@pytest.mark.parametrize("size", [8, 128, 256, 512])
def test_a_face_is_as_similar_to_itself_as_can_be_once_it_is_kept(size: int) -> None:
    fresh = drawn(20_000, size)
    kept = vectors.unpack([vectors.pack(each) for each in fresh])
    assert kept.dtype == np.float32
    np.testing.assert_array_equal(kept, fresh)
    lengths = np.linalg.norm(fresh, axis=1) * np.linalg.norm(kept, axis=1)
    assert (CALIBRATION.similarity((fresh * kept).sum(axis=1), lengths) == 100).all()
    assert len(vectors.pack(fresh[0])) == 2 * size


def test_lengths_in_the_table_are_within_the_bounds_that_a_check_holds_them_to() -> None:
    lengths = np.linalg.norm(vectors.unpack([vectors.pack(each) for each in drawn(20_000, 8)]), axis=1)
    assert vectors.SHORTEST < lengths.min() < 1 < lengths.max() < vectors.LONGEST


def test_one_is_read_as_it_is_read_among_many() -> None:
    packed = [vectors.pack(each) for each in drawn(300, 256)]
    among = vectors.unpack(packed)
    for row in (0, 1, 299):
        np.testing.assert_array_equal(vectors.unpack([packed[row]])[0], among[row])


def test_none_are_none() -> None:
    assert vectors.unpack([]).shape == (0, 0)
    assert vectors.unpack_users(()).shape == (0, 0)


def test_a_users_vector_comes_back_to_the_last_bit() -> None:
    ours = 0.8 * drawn(5, 256)
    np.testing.assert_array_equal(vectors.unpack_users([vectors.pack_user(each) for each in ours]), ours)


def test_what_was_kept_wide_is_narrowed_as_if_it_were_new() -> None:
    (embedding,) = drawn(1, 256)
    assert vectors.narrow(embedding.tobytes()) == vectors.pack(embedding)
